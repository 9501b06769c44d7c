"""Every input of the risk aggregator, one class each.

Rule 1: a fact is past tense, immutable, and stamped twice: `seen_ns` (when we learned it, UTC) and, where the
venue says so, `venue_ns` (when it happened there; 0 = not said).
Rule 2: facts are absolute where possible (a position, a reading), so a lost or repeated one heals at the
next.
Rule 3: missing is None, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.model.facts_of_daemon import (
    Alarmed,
    LimitsChanged,
    LimitsRefused,
    OperatorCommand,
    QuoterDown,
    Started,
    Ticked,
    VenueDown,
    VenueUp,
)
from bot.model.instrument import InstrumentId
from bot.model.market import TopOfBook
from bot.model.order import OrderState, Side
from bot.model.readings import LpReading, OpenOrder


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

__all__ = [
    "FACT_TYPES",
    "AccountOpened",
    "Alarmed",
    "Fact",
    "Fill",
    "FundingPaid",
    "HedgeWorking",
    "LimitsChanged",
    "LimitsRefused",
    "LpReading",
    "MarketSampled",
    "OpenOrder",
    "OperatorCommand",
    "OptionsValued",
    "OrderUpdated",
    "PoolObserved",
    "QuoterDown",
    "QuotesObserved",
    "SellerWorking",
    "Started",
    "Ticked",
    "Transferred",
    "VenueDown",
    "VenueSnapshot",
    "VenueUp",
]
