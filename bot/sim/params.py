"""Parameters of the simulated market: every number of the reference model, with its unit in its name.

Rule 1: frozen and validated whole; unknown keys are refused, so a scenario file cannot misspell a number.
Rule 2: the defaults are the reference market: one token at $1, three exchanges, one pool of $1M.
Rule 3: only the world is described here, never what the daemon does.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.model.instrument import Instrument, Kind

YEAR_S = 365 * 86_400.0
DAY_S = 86_400.0
EXCHANGES = ("binance", "bybit", "bitget")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Triple = tuple[NonNegative, NonNegative, NonNegative]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PriceParams(_Section):
    """Fair price: geometric Brownian motion with jumps; taker impact comes on top (see `FlowParams`).

    `sigma_annual` is the diffusion alone; with the default jumps and impact the total is 1.00 a year.
    `realised_multiplier` scales that total, by scaling diffusion and jumps.
    """

    start_usdt: Positive = 1.0
    sigma_annual: NonNegative = 0.90
    drift_annual: float = 0.0
    jumps_per_day: NonNegative = 0.3
    jump_sd: NonNegative = 0.02
    realised_multiplier: Positive = 1.0


class FlowParams(_Section):
    """Takers: Poisson sweeps per exchange and side; depth Exp(mean), size mean·lognormal·(1+depth/mean).

    A sweep of depth D (fraction of fair) moves the fair price by `impact_share`·D for good. Perp takers move
    nothing: the reference model has its price discovery on spot.
    """

    spot_sweeps_per_side_day: Triple = (1500.0, 750.0, 750.0)
    depth_mean_bps: Positive = 6.0
    notional_mean_usdt: Positive = 330.0
    notional_log_sd: NonNegative = 1.0
    impact_share: Share = 0.3
    stale_hit_probability_per_s: Share = 0.15
    perp_sweeps_per_side_day: Triple = (1500.0, 750.0, 750.0)
    perp_depth_mean_bps: Positive = 2.0
    perp_notional_mean_usdt: Positive = 1_000.0


class BookParams(_Section):
    """The other makers: level distances from fair and sizes of the largest exchange, and who is how large.

    Spot levels begin outside the quotes the deal asks for: our quotes are the touch, and our own takers pay
    about 10 bp; the perp's half-spread is 1 bp. Levels nearer than one tick collapse onto one tick. The
    others move in steps of `centre_grid_bps` of the start price (of one tick when that is more). The
    background volume is what the others trade among themselves: it is printed, it never meets our orders.
    """

    spot_depths_bps: tuple[Positive, ...] = (9.0, 11.0, 15.0, 25.0, 45.0, 90.0)
    spot_sizes_usdt: tuple[Positive, ...] = (6_000.0, 8_000.0, 12_000.0, 25_000.0, 40_000.0, 60_000.0)
    perp_depths_bps: tuple[Positive, ...] = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
    perp_sizes_usdt: tuple[Positive, ...] = (40_000.0, 50_000.0, 60_000.0, 100_000.0, 150_000.0, 250_000.0)
    exchange_shares: tuple[Positive, Positive, Positive] = (1.0, 0.6, 0.5)
    centre_grid_bps: NonNegative = 0.5
    refill_s: Positive = 5.0
    spot_background_usdt_day: Triple = (4e6, 2e6, 1.5e6)
    perp_background_usdt_day: Triple = (10e6, 5e6, 4e6)
    background_print_s: Positive = 60.0

    @model_validator(mode="after")
    def _same_length(self) -> BookParams:
        if len(self.spot_depths_bps) != len(self.spot_sizes_usdt):
            raise ValueError("spot_depths_bps and spot_sizes_usdt differ in length")
        if len(self.perp_depths_bps) != len(self.perp_sizes_usdt):
            raise ValueError("perp_depths_bps and perp_sizes_usdt differ in length")
        return self


class PerpParams(_Section):
    """Perpetuals: F = S·(1+basis), an Ornstein-Uhlenbeck basis and funding rate per exchange.

    `correlation` is the share of variance that the three exchanges have in common. Funding is annualised,
    positive = longs pay shorts; `funding_start_annual` None starts at the mean.
    """

    basis_sd_bps: NonNegative = 3.0
    basis_time_s: Positive = 600.0
    funding_mean_annual: float = 0.05
    funding_sd_annual: NonNegative = 0.30
    funding_reversion_per_year: Positive = 52.0
    funding_start_annual: float | None = None
    funding_interval_h: Positive = 8.0
    funding_update_s: Positive = 60.0
    correlation: Share = 0.8


class PoolParams(_Section):
    """The AMM pool. All of its liquidity is ours.

    `lp_share` of the fee goes to the LP, the rest leaves the pool. A V3 position earns its fees beside the
    reserves and lies in [`lower_usdt`, `upper_usdt`].
    """

    kind: Literal["v2", "v3"] = "v2"
    usdt: Positive = 500_000.0
    fee: Annotated[float, Field(ge=0, lt=0.1)] = 0.0025
    lp_share: Share = 0.68
    lower_usdt: Positive = 0.5
    upper_usdt: Positive = 2.0
    block_s: Positive = 3.0
    noise_swaps_per_day: NonNegative = 200.0
    noise_swap_usdt: Positive = 600.0

    @model_validator(mode="after")
    def _range(self) -> PoolParams:
        if self.lower_usdt >= self.upper_usdt:
            raise ValueError("lower_usdt must lie below upper_usdt")
        return self


class InstrumentParams(_Section):
    """Symbols, rounding and fees of the six simulated instruments."""

    spot_symbol: str = "TOKEN/USDT"
    perp_symbol: str = "TOKEN/USDT:USDT"
    tick_usdt: Annotated[Decimal, Field(gt=0)] = Decimal("0.00001")
    lot_tokens: Annotated[Decimal, Field(gt=0)] = Decimal("0.1")
    notional_usdt_min: Annotated[Decimal, Field(ge=0)] = Decimal(5)
    spot_maker_fee: Decimal = Decimal(0)
    spot_taker_fee: Decimal = Decimal("0.0010")
    perp_maker_fee: Decimal = Decimal("0.0002")
    perp_taker_fee: Decimal = Decimal("0.00045")


class WorldParams(_Section):
    """The whole market in a box."""

    step_s: Positive = 1.0
    price: PriceParams = PriceParams()
    flow: FlowParams = FlowParams()
    book: BookParams = BookParams()
    perps: PerpParams = PerpParams()
    pool: PoolParams = PoolParams()
    instruments: InstrumentParams = InstrumentParams()

    @model_validator(mode="after")
    def _vol_reachable(self) -> WorldParams:
        diffusion_scale(self)
        return self


def impact_variance_annual(flow: FlowParams) -> float:
    """Variance a year that taker impact adds to the fair price: n·ρ²·E[D²], E[D²] = 2·mean² for Exp depth."""
    sweeps_per_year = 2 * sum(flow.spot_sweeps_per_side_day) * 365
    return sweeps_per_year * flow.impact_share**2 * 2 * (flow.depth_mean_bps / 1e4) ** 2


def realised_sigma_annual(params: WorldParams) -> float:
    """Expected total volatility a year, before `realised_multiplier`: diffusion, jumps and impact."""
    price = params.price
    jumps = price.jumps_per_day * 365 * price.jump_sd**2
    return math.sqrt(price.sigma_annual**2 + jumps + impact_variance_annual(params.flow))


def diffusion_scale(params: WorldParams) -> float:
    """Factor on diffusion and jumps that makes the total `realised_multiplier` times its base value.

    Raises ValueError when taker impact alone is already more than the total asked for.
    """
    multiplier = params.price.realised_multiplier
    if multiplier == 1.0:
        return 1.0
    impact = impact_variance_annual(params.flow)
    base = realised_sigma_annual(params) ** 2
    if multiplier**2 * base < impact or base <= impact:
        raise ValueError(
            f"realised_multiplier {multiplier} is out of reach: taker impact alone makes a volatility of "
            f"{math.sqrt(impact):.2f} a year; lower impact_share or the sweep rates"
        )
    return math.sqrt((multiplier**2 * base - impact) / (base - impact))


def sim_instruments(params: InstrumentParams) -> tuple[Instrument, ...]:
    """The six instruments, spot then perp, in the order binance, bybit, bitget."""
    p = params
    kinds = (
        (Kind.SPOT, p.spot_symbol, p.spot_maker_fee, p.spot_taker_fee),
        (Kind.PERP, p.perp_symbol, p.perp_maker_fee, p.perp_taker_fee),
    )
    return tuple(
        Instrument(
            exchange, kind, symbol, p.tick_usdt, p.lot_tokens, p.notional_usdt_min, maker_fee, taker_fee
        )
        for kind, symbol, maker_fee, taker_fee in kinds
        for exchange in EXCHANGES
    )
