"""The view: one frozen snapshot of everything the aggregator knows, read by everyone.

Rule 1: only what two readers need; detail stays behind `status`.
Rule 2: None = unknown, with its age beside it; unknown never reads as zero.
Rule 3: deltas are in tokens, money in USDT, floats; the Decimal truth is in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from bot.model.instrument import InstrumentId
from bot.model.limits import Limits
from bot.model.market import TopOfBook


def _empty() -> Mapping[str, float]:
    return MappingProxyType({})


class Level(IntEnum):
    """How much the daemon may do. Up by itself; down from REDUCING only by the operator."""

    NORMAL = 0
    CAUTIOUS = 1
    PULLED = 2
    REDUCING = 3
    HALTED = 4
    FLATTEN = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """Prices in force. `fair` in USDT; `tops` as last sampled, own size removed."""

    time_ns: int = 0
    fair: float | None = None
    fair_inputs: int = 0
    dispersion_bps: float | None = None
    tops: Mapping[InstrumentId, TopOfBook] = field(default_factory=lambda: MappingProxyType({}))
    mids: Mapping[InstrumentId, float] = field(default_factory=_empty)
    basis: Mapping[InstrumentId, float] = field(default_factory=_empty)
    funding_annual: Mapping[InstrumentId, float] = field(default_factory=_empty)
    sigma: float | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Deltas in tokens. source = spot + perp + lp + option; economic = source − loan; net = source +
    working − target.

    `hedged_net` is net as it will be once every perp stands at its target: what the band is judged on.
    A component is None while it is unknown; the sums then use the last known value and `complete` is False.
    """

    spot: float = 0.0
    perp: float = 0.0
    lp: float | None = 0.0
    option: float | None = 0.0
    working: float = 0.0
    loan: float = 0.0
    source: float = 0.0
    economic: float = 0.0
    target: float = 0.0
    net: float = 0.0
    hedged_net: float = 0.0
    band: float = 0.0
    gamma: float = 0.0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class PerpView:
    """One perp: confirmed position, target, working, room left to sell / buy (tokens)."""

    position: float
    target: float
    working: float
    unknown: bool
    room_sell: float
    room_buy: float
    wallet_usdt: float
    margin_ratio: float | None
    liquidation_price: float | None
    healthy: bool


@dataclass(frozen=True, slots=True)
class SpotView:
    """One spot account: balances and what the quoter may use of them (tokens, USDT)."""

    tokens: float
    usdt: float
    healthy: bool
    sell_tokens_reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class ObligationView:
    """The obligation on one exchange; `uptime*` are shares of observed time, None before any."""

    compliant: bool
    bid_depth_usdt: float | None
    ask_depth_usdt: float | None
    spread_bps: float | None
    uptime: float | None
    uptime_bid: float | None
    uptime_ask: float | None
    slack_minutes: float | None
    open_orders: int
    unknown_orders: int
    cause: str


@dataclass(frozen=True, slots=True)
class LpView:
    """The pool's own amounts, valued at the fair price.

    `delta` counts principal, uncollected fees and the owner's wallet; `tokens` and `usdt` the principal.
    `to_lower`, `to_upper`: the nearest range bound as a share of the pool's price (negative = left);
    `deltas`: (move of the pool's price, delta then).
    """

    value_usdt: float | None = None
    tokens: float | None = None
    usdt: float | None = None
    delta: float | None = None
    gamma: float | None = None
    fees_usdt: float | None = None
    block: int = 0
    age_s: float | None = None
    in_range: bool | None = None
    pool_price: float | None = None
    to_lower: float | None = None
    to_upper: float | None = None
    deltas: tuple[tuple[float, float], ...] = ()
    fees_today_usdt: float | None = None
    wallet_token: float | None = None
    wallet_usdt: float | None = None
    cake: float | None = None
    block_hash: str = ""
    provider: str = ""
    finalized_block: int = 0


@dataclass(frozen=True, slots=True)
class OptionView:
    """The option book at fair price; rows = (name, strike, tokens, price, delta, gamma, vega, theta)."""

    value_usdt: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    sigma: float | None = None
    carry: float | None = None
    age_s: float | None = None
    tranches: tuple[tuple[str, float, float, float, float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SellView:
    """Sale of the loan: total to sell, sold, and what the seller may do now."""

    total_tokens: float = 0.0
    sold_tokens: float = 0.0
    proceeds_usdt: float = 0.0
    average_price: float | None = None
    active: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The snapshot. `quote_room` = tokens that may be bought / sold by quotes and still be hedged.

    `version` is the number of facts applied since the deal began: a reader that put fact number n into the
    inbox knows that a view with `version` ≥ n has seen it.
    """

    version: int
    time_ns: int
    mode: str
    level: Level
    level_reason: str
    paused: bool
    limits: Limits
    limits_version: int
    marks: Marks
    exposure: Exposure
    perps: Mapping[InstrumentId, PerpView]
    spots: Mapping[InstrumentId, SpotView]
    obligations: Mapping[str, ObligationView]
    lp: LpView
    options: OptionView
    sell: SellView
    pnl: Mapping[str, float]
    quote_room_buy: float
    quote_room_sell: float
    unhedged_age_s: float
    fills: int
    hedges: int
    unknown_orders: int
    ready: bool
    alerts: tuple[tuple[int, str, str], ...] = ()
