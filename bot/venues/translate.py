"""Venues' words into ours: reports of orders, trades and prints, exact and without floats where possible.

Rule 1: a number that is not finite is refused (ValueError), never passed on.
Rule 2: a status nobody knows is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.model.order import OrderState, Side

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What a venue says about an order. `filled` in tokens, cumulative; `price` None = not said."""

    client_id: str
    order_id: str
    state: OrderState
    filled: Decimal
    price: Decimal | None
    venue_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TradeReport:
    """One trade of ours. `client_id` None = the venue did not say; `external` = nobody of us sent it."""

    trade_id: str
    order_id: str
    client_id: str | None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    venue_ms: int
    external: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """A trade of the market; `side` is the aggressor's."""

    side: Side
    price: Decimal
    quantity: Decimal
    venue_ms: int


Report = OrderReport | TradeReport | Printed

_UNIFIED = {
    "open": OrderState.OPEN,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}


def exact(value: object) -> Decimal:
    """A number as it was written; None and "" are 0. ValueError for anything that is not finite."""
    if value is None or value == "":
        return Decimal(0)
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not found.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return found


def side_of(word: str) -> Side:
    """BUY, Buy, buy, bid → BUY; ValueError for a word nobody knows."""
    match word.lower():
        case "buy" | "bid":
            return Side.BUY
        case "sell" | "ask":
            return Side.SELL
    raise ValueError(f"{word!r} is no side")


def state_of(words: Mapping[str, OrderState], word: object) -> OrderState:
    """A status by a table; ValueError for one nobody knows."""
    found = words.get(str(word))
    if found is None:
        raise ValueError(f"{word!r} is no order status")
    return found


def order_of(row: Row) -> OrderReport:
    """A unified order row of the client library."""
    state = state_of(_UNIFIED, row["status"])
    filled, amount = exact(row["filled"]), exact(row["amount"])
    if state is OrderState.FILLED and filled < amount:
        state = OrderState.CANCELED
    price = exact(row["price"]) or None
    at = row.get("lastUpdateTimestamp") or row.get("lastTradeTimestamp") or row.get("timestamp") or 0
    return OrderReport(str(row["clientOrderId"] or ""), str(row["id"]), state, filled, price, int(at))


def trade_of(row: Row, client_id: str | None = None) -> TradeReport:
    """A unified trade row of the client library."""
    fee = row.get("fee") or {}
    return TradeReport(
        trade_id=str(row["id"]),
        order_id=str(row["order"]),
        client_id=client_id,
        side=side_of(row["side"]),
        price=exact(row["price"]),
        quantity=exact(row["amount"]),
        fee=exact(fee.get("cost")),
        fee_currency=str(fee.get("currency") or ""),
        maker=row["takerOrMaker"] == "maker",
        venue_ms=int(row["timestamp"]),
    )
