"""Every input of the risk aggregator, one class each.

Rule 1: a fact is past tense, immutable, and stamped twice: `seen_ns` (when we learned it, UTC) and, where the
venue says so, `venue_ns` (when it happened there; 0 = not said).
Rule 2: facts are absolute where possible (a position, a reading), so a lost or repeated one heals at the
next.
Rule 3: missing is None, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from bot.model.instrument import InstrumentId
from bot.model.limits import Limits
from bot.model.market import TopOfBook
from bot.model.order import OrderState, Purpose, Side


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon took over the deal: the epoch in its client ids, and what the books start from."""

    seen_ns: int
    epoch: int
    mode: str
    version: str


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """Opening balance of an account at the start of the deal, booked once per account.

    `account` is an InstrumentId (spot account or perp wallet) or `treasury`. `usdt` and `tokens` are what
    we put or received there; `borrowed` marks tokens that belong to the loan.
    """

    seen_ns: int
    account: str
    tokens: Decimal
    usdt: Decimal
    borrowed: bool = False


@dataclass(frozen=True, slots=True)
class Transferred:
    """Tokens or USDT moved between two of our accounts (no change of net delta)."""

    seen_ns: int
    source: str
    target: str
    tokens: Decimal
    usdt: Decimal


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of ours. `quantity` in tokens > 0; `fee` in `fee_currency`, negative = rebate."""

    seen_ns: int
    venue_ns: int
    instrument: InstrumentId
    trade_id: str
    client_id: str | None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    origin: Literal["stream", "backfill", "external"] = "stream"


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """State of one of our orders as the venue (or a settled query) tells it. `filled_lots` is cumulative.

    `price_ticks` is the limit price now in force, 0 = not said: it tells an amend that was taken from one
    that was not.
    """

    seen_ns: int
    venue_ns: int
    instrument: InstrumentId
    client_id: str
    state: OrderState
    filled_lots: int
    reason: str = ""
    price_ticks: int = 0


@dataclass(frozen=True, slots=True)
class HedgeWorking:
    """What the hedger has outstanding on one perp, in signed tokens, and whether its fate is unknown."""

    seen_ns: int
    instrument: InstrumentId
    tokens: Decimal
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class QuotesObserved:
    """Our own quotes on one exchange at an instant, as the obligation sees them.

    Sent when the predicate flips, when depth changes by more than 1 %, and once a second.
    None = unknown (no mid, an order in doubt): counts as not met.
    """

    seen_ns: int
    exchange: str
    mid_usdt: float | None
    bid_depth_usdt: float | None
    ask_depth_usdt: float | None
    spread_bps: float | None
    bid_met: bool
    ask_met: bool
    open_orders: int
    unknown_orders: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class SellerWorking:
    """Progress of the sale of the loan: tokens sold so far are in the ledger; this is what works now."""

    seen_ns: int
    instrument: InstrumentId
    tokens: Decimal
    state: str


@dataclass(frozen=True, slots=True)
class MarketSampled:
    """Tops of all books at one instant, our own size already taken out; an absent instrument is unknown.

    `tick_usdt` per instrument turns ticks into USDT. `funding` maps perps to (rate per interval, interval
    hours, next funding time ns).
    """

    seen_ns: int
    tops: tuple[TopOfBook, ...]
    funding: tuple[tuple[InstrumentId, float, float, int], ...] = ()
    volume_tokens: tuple[tuple[InstrumentId, float], ...] = ()


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """A funding settlement of one perp: `usdt` > 0 was received. `rate` is for the interval."""

    seen_ns: int
    venue_ns: int
    instrument: InstrumentId
    payment_id: str
    rate: float
    position: Decimal
    usdt: Decimal


@dataclass(frozen=True, slots=True)
class LpReading:
    """One LP position as the chain has it. Amounts in whole tokens / USDT (floats of exact integers).

    `kind` is v2 or v3; `liquidity` is in the unit where V2 x = L/√P (tokens, USDT); `lower`/`upper` are
    USDT per token (0 and inf for V2 and full range).
    """

    position_id: str
    kind: str
    liquidity: float
    lower: float
    upper: float
    token_amount: float
    usdt_amount: float
    fees_token: float
    fees_usdt: float
    staked: bool = False


@dataclass(frozen=True, slots=True)
class PoolObserved:
    """The LP positions at one block, whole; `price` = pool price in USDT per token.

    `wallet_*` are what the positions' owner holds beside them (None = not watched), `cake` the farm's reward
    in whole CAKE, a third asset. What stands above `finalized_block` may still be undone by the chain.
    """

    seen_ns: int
    venue_ns: int
    block: int
    block_hash: str
    price: float
    positions: tuple[LpReading, ...]
    provider: str = ""
    wallet_token: float | None = None
    wallet_usdt: float | None = None
    cake: float = 0.0
    finalized_block: int = 0


@dataclass(frozen=True, slots=True)
class OptionsValued:
    """Value and greeks of every open tranche over a grid of spot prices, per token, at `valued_ns`.

    `spots` has n nodes; each row of `tranches` is (name, tokens, strike, price[n], delta[n], gamma[n],
    vega[n], theta[n]); theta per year, vega per 1.00 of volatility. `sigma`, `rate`, `carry` are the inputs.
    `years` (left, per tranche) and `style` let a spot outside the grid be priced directly.
    """

    seen_ns: int
    valued_ns: int
    sigma: float
    rate: float
    carry: float
    spots: tuple[float, ...]
    tranches: tuple[
        tuple[
            str,
            float,
            float,
            tuple[float, ...],
            tuple[float, ...],
            tuple[float, ...],
            tuple[float, ...],
            tuple[float, ...],
        ],
        ...,
    ]
    years: tuple[float, ...] = ()
    style: Literal["american", "european"] = "american"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A resting order as a venue's query shows it."""

    client_id: str | None
    venue_order_id: str
    side: Side
    price: Decimal
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class VenueSnapshot:
    """What one instrument's account holds, by query: the input of reconcile.

    `trades` are all since `since_ns`. `position` is tokens held (spot) or the perp position; `usdt` the cash
    or margin wallet. None = that query failed: unknown, never flat.
    """

    seen_ns: int
    instrument: InstrumentId
    since_ns: int
    open_orders: tuple[OpenOrder, ...] | None
    trades: tuple[Fill, ...] | None
    position: Decimal | None
    usdt: Decimal | None
    margin_ratio: float | None = None
    liquidation_price: float | None = None


@dataclass(frozen=True, slots=True)
class VenueUp:
    """All streams of an instrument are live and reconciled."""

    seen_ns: int
    instrument: InstrumentId


@dataclass(frozen=True, slots=True)
class VenueDown:
    """An instrument cannot be traded or seen; `reason` in words."""

    seen_ns: int
    instrument: InstrumentId
    reason: str


@dataclass(frozen=True, slots=True)
class QuoterDown:
    """A quoter failed and pulled its quotes; the others go on."""

    seen_ns: int
    exchange: str
    reason: str


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """The operator's limits file was accepted. `changes` holds (key, old, new) as text."""

    seen_ns: int
    version: int
    limits: Limits
    changes: tuple[tuple[str, str, str], ...]
    by: str
    digest: str


@dataclass(frozen=True, slots=True)
class LimitsRefused:
    """A reload was refused; the old limits stay."""

    seen_ns: int
    by: str
    digest: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """pause · resume · halt · flatten, by whom and why."""

    seen_ns: int
    command: Literal["pause", "resume", "halt", "flatten"]
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """The clock moved: time-based rules (ages, uptime integral, levels) are judged on it."""

    seen_ns: int


@dataclass(frozen=True, slots=True)
class Alarmed:
    """Something an operator must see, raised by a shell (foreign order, loop lag, journal lag…)."""

    seen_ns: int
    code: str
    message: str
    severity: Literal["info", "warning", "critical"] = "warning"
    details: tuple[tuple[str, str], ...] = field(default=())


Fact = (
    Started
    | AccountOpened
    | Transferred
    | Fill
    | OrderUpdated
    | HedgeWorking
    | QuotesObserved
    | SellerWorking
    | MarketSampled
    | FundingPaid
    | PoolObserved
    | OptionsValued
    | VenueSnapshot
    | VenueUp
    | VenueDown
    | QuoterDown
    | LimitsChanged
    | LimitsRefused
    | OperatorCommand
    | Ticked
    | Alarmed
)

FACT_TYPES: dict[str, type] = {cls.__name__: cls for cls in Fact.__args__}

__all__ = [*FACT_TYPES, "FACT_TYPES", "Fact", "LpReading", "OpenOrder", "Purpose"]
