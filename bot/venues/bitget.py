"""Bitget's quirks (classic account): whole pictures of the book, trades told by the orders channel.

Rule 1: an order cannot be moved without losing its id: no amend rights.
Rule 2: the book comes as whole pictures of fifteen levels; the library would merge a second snapshot of the
full channel into the first.
Rule 3: fees are negative when paid there and positive when paid here.
Sources: Bitget API v2, "Order Channel", "Fill Channel", "Depth Channel", "Get Order Info", "Get Fills".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ccxt

from bot.model.instrument import Instrument, Kind
from bot.model.order import OrderState
from bot.venues.ccxt_dialect import PAGES_MAX, Asked, Dialect
from bot.venues.outcomes import Outcome, judge
from bot.venues.translate import OrderReport, Printed, Report, Row, TradeReport, exact, side_of, state_of

_STATES = {
    "init": OrderState.OPEN,
    "new": OrderState.OPEN,
    "live": OrderState.OPEN,
    "partially_filled": OrderState.OPEN,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELED,
    "canceled": OrderState.CANCELED,
}
FUTURES = "USDT-FUTURES"
PAGE = 100
DEPTH = 15
_LISTS = {
    "open": {"Spot": "SpotTradeUnfilledOrders", "Mix": "MixOrderOrdersPending"},
    "fills": {"Spot": "SpotTradeFills", "Mix": "MixOrderFills"},
}
_KEYS = {"open": ("entrustedList", "orderId"), "fills": ("fillList", "tradeId")}


@dataclass(frozen=True, slots=True)
class Asking:
    """A list in pages: the call, where the rows are ("" = at the top), their key, how far back."""

    call: Callable[[dict[str, str]], Awaitable[Row]]
    listed: str
    key: str
    since_ms: int


async def pages(asked: Asking, request: dict[str, str]) -> list[Row]:
    """All rows, newest first; ValueError when the pages do not end."""
    found: list[Row] = []
    for _ in range(PAGES_MAX):
        data = (await asked.call(request))["data"]
        rows: list[Row] = (data[asked.listed] if asked.listed else data) or []
        found += rows
        if len(rows) < PAGE or int(rows[-1]["cTime"]) < asked.since_ms:
            return found
        request = request | {"idLessThan": str(rows[-1][asked.key])}
    raise ValueError(f"more {asked.key}s than pages")


class Bitget(Dialect):
    """One market of a classic Bitget account."""

    def __init__(self, instrument: Instrument) -> None:
        spot = instrument.kind is Kind.SPOT
        self.product = "SPOT" if spot else FUTURES
        self._channels = 0
        options: dict[str, Any] = {"uta": False, "fetchMarkets": {"types": ["spot" if spot else "swap"]}}
        options |= {"defaultType": "spot" if spot else "swap", "fetchCurrencies": False}
        super().__init__(
            instrument,
            exchange="bitget",
            client="bitget",
            amend_rights=False,
            book_depth=DEPTH,
            private_watches=("watch_orders", "watch_my_trades"),
            options=options,
        )

    def is_private(self, url: str) -> bool:
        """The private socket."""
        return url.endswith("/private")

    def confirms(self, url: str, message: Any) -> bool:
        """Both channels were subscribed."""
        if message is None:
            self._channels = 0
        elif isinstance(message, dict) and message.get("event") == "subscribe":
            self._channels += 1
        else:
            return False
        return self._channels >= len(self.private_watches)

    def _channel(self, message: Any) -> str:
        """The channel of a data frame of our product; "" for anything else."""
        arg = message.get("arg") if isinstance(message, dict) and "data" in message else None
        if not isinstance(arg, dict) or arg.get("instType") != self.product:
            return ""
        return str(arg.get("channel", ""))

    def is_book(self, url: str, message: Any) -> bool:
        """Whole pictures: nothing can be missing between them."""
        return self._channel(message) == f"books{DEPTH}"

    def reports(self, url: str, message: Any) -> Sequence[Report]:
        """Own orders with their trades, own fills that name their order, prints."""
        match self._channel(message):
            case "orders":
                return [report for row in message["data"] if self._ours(row) for report in self._event(row)]
            case "fill":
                # A fill without our id is told by the orders channel, which has it.
                return [
                    self._fill(row) for row in message["data"] if self._ours(row) and row.get("clientOid")
                ]
            case "trade" if message.get("action") == "update":
                return [
                    Printed(side_of(row["side"]), exact(row["price"]), exact(row["size"]), int(row["ts"]))
                    for row in message["data"]
                ]
        return ()

    def _ours(self, row: Row) -> bool:
        market = self.instrument.symbol.partition(":")[0].replace("/", "")
        return bool((row.get("instId") or row.get("symbol")) == market)

    def _event(self, row: Row) -> list[Report]:
        """A frame of the orders channel: `baseVolume` is the size of its trade, `accBaseVolume` of all."""
        if not row.get("clientOid"):
            return []
        order = self._order(row, exact(row["accBaseVolume"]))
        if not row.get("tradeId"):
            return [order]
        trade = TradeReport(
            trade_id=str(row["tradeId"]),
            order_id=order.order_id,
            client_id=order.client_id,
            side=side_of(row["side"]),
            price=exact(row["fillPrice"]),
            quantity=exact(row["baseVolume"]),
            fee=-exact(row.get("fillFee")),
            fee_currency=str(row.get("fillFeeCoin") or ""),
            maker=row.get("tradeScope") == "M",
            venue_ms=int(row.get("fillTime") or row["uTime"]),
        )
        return [trade, order]

    def _order(self, row: Row, filled: Decimal) -> OrderReport:
        return OrderReport(
            client_id=str(row["clientOid"]),
            order_id=str(row["orderId"]),
            state=state_of(_STATES, row.get("status") or row.get("state")),
            filled=filled,
            price=exact(row["price"]) or None,
            venue_ms=int(row.get("uTime") or row["cTime"]),
            reason=str(row.get("cancelReason") or row.get("status") or ""),
        )

    def _fill(self, row: Row) -> TradeReport:
        details = row.get("feeDetail") or []
        fees: list[Row] = details if isinstance(details, list) else [details]
        return TradeReport(
            trade_id=str(row["tradeId"]),
            order_id=str(row["orderId"]),
            client_id=str(row["clientOid"]) if row.get("clientOid") else None,
            side=side_of(row["side"]),
            price=exact(row["priceAvg"] if self.spot else row["price"]),
            quantity=exact(row["size"] if self.spot else row["baseVolume"]),
            fee=-sum((exact(fee.get("totalFee")) for fee in fees), Decimal(0)),
            fee_currency=str(fees[0].get("feeCoin") or "") if fees else "",
            maker=row.get("tradeScope") == "maker",
            venue_ms=int(row["cTime"]),
        )

    def _market(self, exchange: Any) -> dict[str, str]:
        request = {"symbol": str(exchange.market(self.symbol)["id"])}
        return request if self.spot else request | {"productType": FUTURES}

    async def _find(self, exchange: Any, key: dict[str, str]) -> Row | None:
        """One order's row; None when the venue says that there is none."""
        try:
            if self.spot:
                data = (await exchange.privateSpotGetV2SpotTradeOrderInfo(key))["data"]
                return data[0] if data else None
            row: Row = (await exchange.privateMixGetV2MixOrderDetail(self._market(exchange) | key))["data"]
        except ccxt.BaseError as error:
            if judge(self.exchange, error).outcome is Outcome.NOT_FOUND:
                return None
            raise
        return row

    async def query(self, exchange: Any, client_id: str, order_id: str = "") -> OrderReport | None:
        """By the venue's id where it is known: spot finds ours for two hours only."""
        row = await self._find(exchange, {"orderId": order_id} if order_id else {"clientOid": client_id})
        return self._order(row, exact(row["baseVolume"])) if row else None

    async def query_id(self, exchange: Any, order_id: str) -> str | None:
        """By the venue's id."""
        row = await self._find(exchange, {"orderId": order_id})
        return str(row["clientOid"]) if row and row.get("clientOid") else None

    async def _pages(self, exchange: Any, name: str, more: dict[str, str]) -> list[Row]:
        """All rows of a list, newest first."""
        market = "Spot" if self.spot else "Mix"
        ask, listed, key = getattr(exchange, f"private{market}GetV2{_LISTS[name][market]}"), *_KEYS[name]
        asked = Asking(ask, "" if self.spot else listed, key, int(more.pop("since", "0")))
        return await pages(asked, self._market(exchange) | {"limit": str(PAGE)} | more)

    async def open_orders(self, exchange: Any) -> list[Row]:
        """Page by page."""
        rows = await self._pages(exchange, "open", {})
        found: list[Row] = exchange.parse_orders(rows, exchange.market(self.symbol))
        return found

    async def trades(self, exchange: Any, since_ms: int, now_ms: int) -> Asked:
        """Newest first, page by page, back to `since_ms`; the venue keeps ninety days."""
        rows = await self._pages(exchange, "fills", {"since": str(since_ms)})
        return Asked(tuple(self._fill(row) for row in rows))

    async def trades_of(self, exchange: Any, order_id: str) -> list[TradeReport]:
        """Fills of one order."""
        return [self._fill(row) for row in await self._pages(exchange, "fills", {"orderId": order_id})]

    async def usdt(self, exchange: Any) -> Row:
        """Spot balances; of futures the wallet: equity without what is not realised."""
        if self.spot:
            return await super().usdt(exchange)
        row = await self._account(exchange)
        wallet = exact(row["accountEquity"]) - exact(row.get("unrealizedPL"))
        return {"USDT": {"total": wallet}}

    async def _account(self, exchange: Any) -> Row:
        request = self._market(exchange) | {"marginCoin": "USDT"}
        row: Row = (await exchange.privateMixGetV2MixAccountAccount(request))["data"]
        return row

    async def check_perp(self, exchange: Any, leverage: int | None) -> list[str]:
        """One-way mode, crossed margin and the leverage agreed on."""
        row = await self._account(exchange)
        faults = []
        if row["posMode"] != "one_way_mode":
            faults.append("bitget futures is in hedge mode: switch the account to one-way mode")
        if row["marginMode"] != "crossed":
            faults.append(f"bitget {self.symbol} has {row['marginMode']} margin: switch it to crossed")
        found = exact(row["crossedMarginLeverage"])
        if leverage is not None and found != leverage:
            faults.append(f"bitget {self.symbol} has leverage {found}: set it to {leverage}")
        return faults
