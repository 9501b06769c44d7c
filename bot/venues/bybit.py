"""Bybit's quirks: one unified account, identifiers as `orderLinkId`, order book numbers checked here.

Rule 1: a gap in the book's numbers is an error: the client library does not look at them.
Rule 2: an acknowledgement says nothing about matching: the streams do.
Sources: Bybit v5 API, "Order", "Websocket Stream" (orderbook, order, execution), "Position Info".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import ccxt

from bot.model.instrument import Instrument, Kind
from bot.model.order import OrderIntent, OrderState
from bot.venues.ccxt_dialect import PAGES_MAX, Asked, Change, Dialect
from bot.venues.translate import (
    OrderReport,
    Printed,
    Report,
    Row,
    TradeReport,
    exact,
    side_of,
    state_of,
)

_STATES = {
    "New": OrderState.OPEN,
    "PartiallyFilled": OrderState.OPEN,
    "Untriggered": OrderState.OPEN,
    "Triggered": OrderState.OPEN,
    "Rejected": OrderState.REJECTED,
    "PartiallyFilledCanceled": OrderState.CANCELED,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELED,
    "Deactivated": OrderState.CANCELED,
}
# Executions the exchange makes by itself.
_FORCED = ("BustTrade", "AdlTrade", "Settle", "Delivery", "BlockTrade")
PAGE, OPEN_PAGE = 100, 50
WINDOW_MS = 7 * 86_400_000


class Bybit(Dialect):
    """One market of Bybit's unified account."""

    def __init__(self, instrument: Instrument) -> None:
        self.category = "spot" if instrument.kind is Kind.SPOT else "linear"
        options: dict[str, Any] = {"fetchMarkets": {"types": [self.category]}, "fetchCurrencies": False}
        options["defaultType"] = "spot" if instrument.kind is Kind.SPOT else "swap"
        self._number, self._topics = 0, 0
        super().__init__(
            instrument,
            exchange="bybit",
            client="bybit",
            private_watches=("watch_orders", "watch_my_trades"),
            options=options,
        )

    def is_private(self, url: str) -> bool:
        """The private socket."""
        return "/private" in url

    def confirms(self, url: str, message: Any) -> bool:
        """Both topics were subscribed; the library asks for them one after the other."""
        if message is None:
            self._topics = 0
            return False
        if not isinstance(message, dict) or message.get("op") != "subscribe" or not message.get("success"):
            return False
        self._topics += 1
        return self._topics >= len(self.private_watches)

    def is_book(self, url: str, message: Any) -> bool:
        """Depth, numbered one by one since the last snapshot."""
        topic = message.get("topic", "") if isinstance(message, dict) else ""
        if not str(topic).startswith("orderbook."):
            return False
        number = int(message["data"]["u"])
        if self._number == 0 and message.get("type") != "snapshot":
            return False
        expected, self._number = self._number + 1, number
        if message.get("type") != "snapshot" and number != expected:
            raise ValueError(f"book change {number} came where {expected} was due")
        return True

    def forget_book(self) -> None:
        """The next book begins with a snapshot."""
        self._number = 0

    def reports(self, url: str, message: Any) -> Sequence[Report]:
        """Own orders, own executions, prints."""
        topic = str(message.get("topic", "")) if isinstance(message, dict) else ""
        if topic.startswith("publicTrade."):
            return [
                Printed(side_of(row["S"]), exact(row["p"]), exact(row["v"]), int(row["T"]))
                for row in message["data"]
            ]
        if topic == "order":
            return [self._order(row) for row in message["data"] if self._ours(row) and row["orderLinkId"]]
        if topic == "execution":
            return [
                self._trade(row)
                for row in message["data"]
                if self._ours(row) and row.get("execType", "Trade") != "Funding"
            ]
        return ()

    def _ours(self, row: Row) -> bool:
        market = self.instrument.symbol.partition(":")[0].replace("/", "")
        return bool(row["symbol"] == market and row.get("category", self.category) == self.category)

    def _order(self, row: Row) -> OrderReport:
        state = state_of(_STATES, row["orderStatus"])
        reason = str(row.get("rejectReason") or "")
        if reason in ("", "EC_NoError"):
            reason = str(row.get("cancelType") or row["orderStatus"])
        return OrderReport(
            client_id=str(row["orderLinkId"]),
            order_id=str(row["orderId"]),
            state=state,
            filled=exact(row["cumExecQty"]),
            price=exact(row["price"]) or None,
            venue_ms=int(row["updatedTime"]),
            reason=reason,
        )

    def _trade(self, row: Row) -> TradeReport:
        forced = row.get("execType", "Trade") in _FORCED
        return TradeReport(
            trade_id=str(row["execId"]),
            order_id=str(row["orderId"]),
            client_id=None if forced else str(row["orderLinkId"]) or None,
            side=side_of(row["side"]),
            price=exact(row["execPrice"]),
            quantity=exact(row["execQty"]),
            fee=exact(row["execFee"]),
            fee_currency=str(row.get("feeCurrency") or "USDT"),
            maker=bool(row["isMaker"]),
            venue_ms=int(row["execTime"]),
            external=forced,
        )

    def _market(self, exchange: Any) -> dict[str, str]:
        return {"category": self.category, "symbol": exchange.market(self.symbol)["id"]}

    def order_params(self, intent: OrderIntent) -> dict[str, Any]:
        """One-way mode: position index 0."""
        params = super().order_params(intent)
        return params if self.spot else params | {"positionIdx": 0}

    async def amend(self, exchange: Any, change: Change) -> str | None:
        """order/amend by our id: price and whole size."""
        request = self._market(exchange) | {
            "orderLinkId": change.client_id,
            "qty": f"{change.tokens:f}",
            "price": f"{change.price:f}",
        }
        return _acknowledged(await exchange.privatePostV5OrderAmend(request))

    async def cancel(self, exchange: Any, client_id: str, order_id: str) -> None:
        """order/cancel by our id; an answer that names no order is an error."""
        request = self._market(exchange) | {"orderLinkId": client_id}
        if _acknowledged(await exchange.privatePostV5OrderCancel(request)) is None:
            raise ccxt.BadResponse("the answer to a cancel names no order")

    async def query(self, exchange: Any, client_id: str, order_id: str = "") -> OrderReport | None:
        """order/realtime (also what has just ended), then the history."""
        return await self._find(exchange, {"orderLinkId": client_id})

    async def query_id(self, exchange: Any, order_id: str) -> str | None:
        """By the venue's id."""
        found = await self._find(exchange, {"orderId": order_id})
        return found.client_id if found is not None else None

    async def _find(self, exchange: Any, key: dict[str, str]) -> OrderReport | None:
        request = self._market(exchange) | key
        for ask in (exchange.privateGetV5OrderRealtime, exchange.privateGetV5OrderHistory):
            rows = (await ask(request))["result"]["list"]
            if rows:
                return self._order(rows[0])
        return None

    async def open_orders(self, exchange: Any) -> list[Row]:
        """Page by page; a page that stays full to the end is an error."""
        rows: list[Row] = []
        request = self._market(exchange) | {"limit": str(OPEN_PAGE)}
        for _ in range(PAGES_MAX):
            result = (await exchange.privateGetV5OrderRealtime(request))["result"]
            rows += exchange.parse_orders(result["list"], exchange.market(self.symbol))
            cursor = result.get("nextPageCursor")
            if not cursor or not result["list"]:
                return rows
            request = request | {"cursor": cursor}
        raise ValueError("more open orders than pages")

    async def trades(self, exchange: Any, since_ms: int, now_ms: int) -> Asked:
        """Week by week back to `since_ms`, or to a week without any trade: the account began after it."""
        found: list[TradeReport] = []
        end = now_ms + 60_000
        for _ in range(PAGES_MAX):
            start = max(since_ms, end - WINDOW_MS)
            window = {"startTime": str(start), "endTime": str(end)}
            rows = await _executions(exchange, self._market(exchange) | window)
            if rows is None:
                break
            found += [self._trade(row) for row in rows if row.get("execType") != "Funding"]
            if start <= since_ms or not rows:
                return Asked(tuple(found))
            end = start
        return Asked(tuple(found), whole=False)

    async def trades_of(self, exchange: Any, order_id: str) -> list[TradeReport]:
        """execution/list by order id."""
        request = self._market(exchange) | {"orderId": order_id, "limit": str(PAGE)}
        result = (await exchange.privateGetV5ExecutionList(request))["result"]
        return [self._trade(row) for row in result["list"]]

    async def check_perp(self, exchange: Any, leverage: int | None) -> list[str]:
        """One-way mode (position index 0) and the leverage agreed on."""
        rows = (await exchange.privateGetV5PositionList(self._market(exchange)))["result"]["list"]
        faults = []
        if any(int(row["positionIdx"]) != 0 for row in rows):
            faults.append("bybit is in hedge mode: switch the account to one-way mode")
        found = {Decimal(str(row["leverage"])) for row in rows if row.get("leverage")}
        if leverage is not None and found != {Decimal(leverage)}:
            words = ", ".join(str(one) for one in sorted(found)) or "none"
            faults.append(f"bybit {self.symbol} has leverage {words}: set it to {leverage}")
        return faults

    def payment(self, row: Row) -> Decimal:
        """Bybit's execution fee of a funding settlement is positive when paid."""
        return -super().payment(row)


def _acknowledged(answer: Row) -> str | None:
    result = answer.get("result") if isinstance(answer, dict) else None
    found = result.get("orderId") if isinstance(result, dict) else None
    return str(found) if found else None


async def _executions(exchange: Any, asked: Row) -> list[Row] | None:
    """Every execution of a window; None when there are too many pages."""
    request = {**asked, "limit": str(PAGE)}
    rows: list[Row] = []
    for _ in range(PAGES_MAX):
        result = (await exchange.privateGetV5ExecutionList(request))["result"]
        rows += result["list"]
        cursor = result.get("nextPageCursor")
        if not cursor or not result["list"]:
            return rows
        request = request | {"cursor": cursor}
    return None
