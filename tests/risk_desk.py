"""A desk ready to trade: the deal of the tests, its opening facts, and a state folded up to `ready`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from bot.deal.terms import DealTerms, OptionTerms
from bot.model.facts import (
    AccountOpened,
    Fact,
    HedgeWorking,
    LpReading,
    OptionsValued,
    PoolObserved,
    Started,
    Ticked,
    VenueUp,
)
from bot.model.limits import HedgeLimits, Limits, QuoteLimits, RiskLimits
from bot.pricing.option_grid import Tranche, value_tranches
from bot.risk.state import RiskSetup, RiskState
from risk_world import INSTRUMENTS, PERPS, PREFIX, SPOTS, T0, D, S, sample, snapshot

TERMS = DealTerms(
    token="TOK",
    start=datetime(2027, 1, 1, tzinfo=UTC),
    expiry=datetime(2028, 1, 1, tzinfo=UTC),
    tranches=(
        OptionTerms(name="a", strike_usdt=1.25, tokens=100_000),
        OptionTerms(name="b", strike_usdt=1.5, tokens=100_000),
        OptionTerms(name="c", strike_usdt=2.0, tokens=100_000),
    ),
)
LIMITS = Limits()
TOKENS_EACH, USDT_EACH, WALLET_EACH = 66_000, 66_000, 200_000


def limits(**more: dict[str, object]) -> Limits:
    """Default limits with some fields of `hedge`, `risk`, `quote` replaced."""
    return Limits(
        hedge=HedgeLimits.model_validate(more.get("hedge", {})),
        risk=RiskLimits.model_validate(more.get("risk", {})),
        quote=QuoteLimits.model_validate(more.get("quote", {})),
    )


def setup(chosen: Limits = LIMITS, sell_total_tokens: float = 0.0) -> RiskSetup:
    return RiskSetup(TERMS, INSTRUMENTS, chosen, "paper", PREFIX, sell_total_tokens)


@cache
def _grid(sigma: float, tokens: float) -> tuple[tuple[float, ...], tuple[object, ...]]:
    calls = [Tranche(o.name, tokens, o.strike_usdt, 1.0, "european") for o in TERMS.tranches]
    grid = value_tranches(calls, 1.0, sigma, 0.05, 0.0)
    return grid.spots, grid.rows


def options(at_s: float = 0.0, sigma: float = 1.0, tokens: float = 100_000) -> OptionsValued:
    spots, rows = _grid(sigma, tokens)
    at = T0 + round(at_s * S)
    years = (1.0,) * len(rows)
    return OptionsValued(at, at, sigma, 0.05, 0.0, spots, rows, years, "european")  # type: ignore[arg-type]


def pool(
    at_s: float = 0.0, liquidity: float = 500_000.0, fees: float = 0.0, block: int = 1, price: float = 1.0
) -> PoolObserved:
    """One V2 share at the pool's `price`."""
    at, root = T0 + round(at_s * S), math.sqrt(price)
    amounts = liquidity / root, liquidity * root
    reading = LpReading("lp", "v2", liquidity, 0.0, float("inf"), *amounts, fees, fees)
    return PoolObserved(at, at, block, f"0x{block}", price, (reading,))


def opening(loan: str = "3000000") -> list[Fact]:
    """Start, balances, first snapshots, pool, options, a market sample at 1.00 and all streams up."""
    facts: list[Fact] = [Started(T0, 1, "paper", "test")]
    facts += [AccountOpened(T0, "treasury", D(loan) - 3 * TOKENS_EACH - 500_000, D(0), True)]
    facts += [AccountOpened(T0, key, D(TOKENS_EACH), D(USDT_EACH), False) for key in SPOTS]
    facts += [AccountOpened(T0, key, D(0), D(WALLET_EACH), False) for key in PERPS]
    facts += [snapshot(key, str(TOKENS_EACH), str(USDT_EACH)) for key in SPOTS]
    facts += [snapshot(key, "0", str(WALLET_EACH)) for key in PERPS]
    facts += [pool(), options(), sample(1.0)]
    facts += [VenueUp(T0, key) for key in INSTRUMENTS]
    return facts


def fold(facts: Iterable[Fact], state: RiskState | None = None) -> RiskState:
    state = state or RiskState(setup())
    for fact in facts:
        state.apply(fact)
    return state


def small_opening() -> list[Fact]:
    """As `opening`, with the treasury empty and little option delta left over: a book the perps can carry."""
    return opening(loan=str(3 * TOKENS_EACH + 500_000))


def ready(chosen: Limits = LIMITS) -> RiskState:
    """A ready desk: 198k tokens on three venues, the pool and the options, nothing hedged yet."""
    return fold(small_opening(), RiskState(setup(chosen)))


def run(state: RiskState, start_s: float, seconds: float, mid: float = 1.0) -> None:
    """Half-second samples and ticks; every five seconds a reading of a pool that stands at `mid`."""
    steps = round(seconds * 2)
    for n in range(steps + 1):
        at = start_s + n / 2
        if n % 10 == 0:
            state.apply(pool(at, block=1 + round(at), price=mid))
        state.apply(sample(mid, at))
        state.apply(Ticked(T0 + round(at * S)))


def settle_hedges(state: RiskState, at_s: float, mid: float = 1.0) -> int:
    """Fill every perp up to its target at `mid`; returns how many trades that took."""
    from risk_world import fill

    trades = 0
    for key, perp in state.view().perps.items():
        gap = perp.target - perp.position
        if gap:
            trades += 1
            state.apply(fill(key, f"settle-{key}-{at_s}-{trades}", round(gap), mid, at_s=at_s))
            state.apply(HedgeWorking(T0 + round(at_s * S), key, D(0)))
    return trades
