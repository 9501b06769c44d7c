"""The nouns of a local exchange: what a client asks for, what became of it, what traded.

Rule 1: prices are integer ticks and sizes integer lots; venues turn them into their own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.model.order import OrderState, Side


class Tif(StrEnum):
    """How an order may rest: plain limits take first and rest with what is left."""

    POST_ONLY = "post_only"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class Event(StrEnum):
    """What happened to an order."""

    NEW = "new"
    AMENDED = "amended"
    TRADED = "traded"
    CANCELED = "canceled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A new order. `ticks` None = market order."""

    client_id: str
    side: Side
    ticks: int | None
    lots: int
    tif: Tif = Tif.GTC
    reduce_only: bool = False


@dataclass(slots=True)
class Order:
    """One order of the account and what has become of it; `note` is the venue's own remark."""

    id: int
    request: OrderRequest
    ticks: int
    lots: int
    created_ms: int
    updated_ms: int
    state: OrderState = OrderState.SENT
    filled: int = 0
    cost_quanta: int = 0
    fee: Decimal = Decimal(0)
    reason: str = ""
    announced: bool = False
    leg: str = ""
    legs: int = 0
    note: str = ""

    @property
    def client_id(self) -> str:
        """The client's name for it."""
        return self.request.client_id

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.request.side

    @property
    def is_market(self) -> bool:
        """Sent without a price."""
        return self.request.ticks is None

    @property
    def left(self) -> int:
        """Lots that have not traded."""
        return self.lots - self.filled

    @property
    def open(self) -> bool:
        """Rests in the book."""
        return self.state is OrderState.OPEN

    def status(self) -> str:
        """`new partial filled canceled expired rejected`: the words every venue has in its own spelling."""
        if self.state in (OrderState.OPEN, OrderState.SENT):
            return "partial" if self.filled else "new"
        return str(self.state.value)


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade of ours; `realised` is the profit it closed (perp)."""

    id: int
    order: Order
    side: Side
    ticks: int
    lots: int
    fee: Decimal
    maker: bool
    ms: int
    realised: Decimal


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One funding payment; `usdt` positive = received, `position` signed tokens it was paid on."""

    id: int
    ms: int
    rate: float
    position: Decimal
    usdt: Decimal
