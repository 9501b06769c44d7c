"""The hot limits: what an operator may change while the daemon runs (config/limits.toml).

Rule 1: frozen; a reload replaces the whole object in one assignment.
Rule 2: unknown keys are refused; units stand in the names.
Rule 3: each field knows its bounds; cross-field checks live in `bot.config` where the whole is seen.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class QuoteLimits(_Section):
    """The ladder and when it is refreshed. Depths are distances from the reference price."""

    enabled: bool = True
    level_depths_bps: tuple[Positive, ...] = (4.5, 8, 14, 25, 45, 70, 100, 130, 160, 185)
    level_weights: tuple[Share, ...] = (0.02, 0.02, 0.03, 0.04, 0.06, 0.09, 0.14, 0.18, 0.20, 0.22)
    depth_buffer_share: NonNegative = 0.08
    skew_bps_max: NonNegative = 2.0
    skew_scale_tokens: Positive = 20_000
    refresh_tolerance_bps: NonNegative = 1.0
    refresh_tolerance_depth_share: Share = 0.05
    refresh_size_share_min: Share = 0.90
    order_life_s_min: NonNegative = 0.2
    cautious_widen_factor: Annotated[float, Field(ge=1, le=10)] = 2.0
    message_rate_per_s_max: Positive = 20


class HedgeLimits(_Section):
    """The hedge band and how child orders are cut."""

    enabled: bool = True
    risk_aversion_per_usdt: Positive = 1e-5
    band_tokens_fixed: Positive | None = None
    band_tokens_min: Positive = 500
    band_usdt_max: Positive = 25_000
    hedge_to_band_share: Share = 0.5
    order_usdt_max: Positive = 50_000
    collar_bps: Positive = 50
    order_interval_s_min: NonNegative = 0.1
    exchange_share_max: Annotated[float, Field(gt=0, le=1)] = 0.60
    liquidation_distance_min: Annotated[float, Field(gt=0, lt=1)] = 0.25
    margin_use_max: Annotated[float, Field(gt=0, le=1)] = 0.8
    headroom_use_max: Annotated[float, Field(gt=0, le=1)] = 0.5


class SellLimits(_Section):
    """How the loan is sold (day one and after)."""

    enabled: bool = True
    participation_max: Annotated[float, Field(gt=0, le=1)] = 0.10
    price_usdt_min: NonNegative = 0.0
    slice_usdt_max: Positive = 20_000
    slice_interval_s: Positive = 5.0
    slippage_bps_max: Positive = 30


class RiskLimits(_Section):
    """Caps and guards; a breach raises the level."""

    phi: Share = 0.0
    net_delta_usdt_max: Positive = 150_000
    gross_perp_usdt_max: Positive = 6_000_000
    loss_from_peak_usdt_max: Positive = 100_000
    book_age_s_max: Positive = 2.0
    lp_age_s_max: Positive = 60.0
    divergence_bps_max: Positive = 50
    move_bps_per_s_max: Positive = 300
    fair_inputs_min: Annotated[int, Field(ge=1)] = 2
    unhedged_age_s_max: Positive = 30
    unknown_orders_max: Annotated[int, Field(ge=0)] = 5
    recover_after_s: Positive = 10.0


class OptionLimits(_Section):
    """Inputs of the option marks while estimates are not trusted."""

    sigma: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    rate: Annotated[float, Field(ge=0, le=1)] = 0.05
    carry: Annotated[float, Field(ge=-3, le=3)] | None = None
    revalue_s: Positive = 900


class ObligationLimits(_Section):
    """What is owed on one exchange."""

    bid_usdt: Positive
    ask_usdt: Positive
    depth_bps: Positive = 200
    spread_bps_max: Positive = 10
    uptime_target: Share = 0.95


class Limits(_Section):
    """Everything in limits.toml."""

    quote: QuoteLimits = QuoteLimits()
    hedge: HedgeLimits = HedgeLimits()
    sell: SellLimits = SellLimits()
    risk: RiskLimits = RiskLimits()
    options: OptionLimits = OptionLimits()
    obligations: dict[str, ObligationLimits] = {
        "binance": ObligationLimits(bid_usdt=100_000, ask_usdt=100_000),
        "bybit": ObligationLimits(bid_usdt=50_000, ask_usdt=50_000),
        "bitget": ObligationLimits(bid_usdt=50_000, ask_usdt=50_000),
    }
