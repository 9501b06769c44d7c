"""Binance's quirks: spot over the WebSocket API's user stream, USD-M futures by listen key.

Rule 1: a spot order cannot be moved without losing its id: spot has no amend rights.
Rule 2: the futures listen key is kept alive here, not by the client library.
Sources: Binance Spot API "User data streams", USD-M Futures "User Data Streams", "Modify Order".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.model.instrument import Instrument, Kind
from bot.model.order import OrderState, Side
from bot.venues.ccxt_dialect import PAGES_MAX, Asked, Change, Dialect, own_trades
from bot.venues.translate import OrderReport, Printed, Report, Row, TradeReport, exact, side_of, state_of

_STATES = {
    "NEW": OrderState.OPEN,
    "PENDING_NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.OPEN,
    "PENDING_CANCEL": OrderState.OPEN,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
# Client ids of orders that the exchange itself places (liquidation, deleveraging, delivery).
_FORCED = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")
PAGE = 1_000
WINDOW_MS = 86_400_000
OLDEST_MS = 7 * WINDOW_MS


class Binance(Dialect):
    """One market of Binance."""

    def __init__(self, instrument: Instrument) -> None:
        spot = instrument.kind is Kind.SPOT
        options: dict[str, Any] = {"fetchCurrencies": False, "fetchMargins": False}
        options |= {"watchOrderBookLimit": 100, "warnOnFetchOpenOrdersWithoutSymbol": False}
        if spot:
            options["fetchMarkets"] = {"types": ["spot"]}
        else:
            options["watchPositions"] = {"fetchPositionsSnapshot": False}
        super().__init__(
            instrument,
            exchange="binance",
            client="binance" if spot else "binanceusdm",
            amend_rights=not spot,
            book_depth=100,
            options=options,
        )

    def is_private(self, url: str) -> bool:
        """The WebSocket API (spot) or the listen key's stream (futures)."""
        return "ws-api" in url or "/private" in url or "listenKey" in url

    def confirms(self, url: str, message: Any) -> bool:
        """Spot answers the subscription; a futures stream is live once it is open."""
        if message is None:
            return not self.spot
        result = message.get("result") if isinstance(message, dict) else None
        return isinstance(result, dict) and "subscriptionId" in result

    def is_book(self, url: str, message: Any) -> bool:
        """Depth; the client library checks the sequence numbers."""
        return isinstance(message, dict) and message.get("e") == "depthUpdate"

    def expired(self, message: Any) -> bool:
        """The listen key, or the spot subscription, has ended."""
        if not isinstance(message, dict):
            return False
        event = message.get("event")
        name = event.get("e") if isinstance(event, dict) else message.get("e")
        return name in ("listenKeyExpired", "eventStreamTerminated")

    async def renew(self, exchange: Any) -> None:
        """PUT listenKey: good for another hour."""
        if not self.spot:
            await exchange.fapiPrivatePutListenKey()

    def forget_login(self, exchange: Any) -> None:
        """The next watch asks for a listen key again."""
        if not self.spot:
            exchange.options["linear"] = {}

    def reports(self, url: str, message: Any) -> Sequence[Report]:
        """Own orders and trades of one event, or a print."""
        if not isinstance(message, dict):
            return ()
        event = message.get("event")
        event = event if isinstance(event, dict) else message
        match event.get("e"):
            case "executionReport":
                return self._execution(event, event)
            case "ORDER_TRADE_UPDATE":
                return self._execution(event["o"], event)
            case "trade":
                side = Side.SELL if event["m"] else Side.BUY
                return (Printed(side, exact(event["p"]), exact(event["q"]), int(event["T"])),)
        return ()

    def _execution(self, row: Row, event: Row) -> Sequence[Report]:
        if row["s"] != self.instrument.symbol.partition(":")[0].replace("/", ""):
            return ()
        state = state_of(_STATES, row["X"])
        client_id = str(row.get("C") or row["c"]) if self.spot else str(row["c"])
        order_id, at = str(row["i"]), int(event.get("T") or event["E"])
        reason = str(row.get("r", "")) if state is OrderState.REJECTED else str(row["x"]).lower()
        order = OrderReport(client_id, order_id, state, exact(row["z"]), exact(row["p"]) or None, at, reason)
        if row["x"] not in ("TRADE", "CALCULATED"):
            return (order,)
        forced = client_id.startswith(_FORCED)
        trade = TradeReport(
            trade_id=str(row["t"]),
            order_id=order_id,
            client_id=None if forced else client_id,
            side=side_of(str(row["S"])),
            price=exact(row["L"]),
            quantity=exact(row["l"]),
            fee=exact(row.get("n")),
            fee_currency=str(row.get("N") or ""),
            maker=bool(row["m"]),
            venue_ms=int(row["T"]),
            external=forced,
        )
        return (trade,) if forced else (trade, order)

    async def amend(self, exchange: Any, change: Change) -> str | None:
        """PUT order by our id: price and whole size (the library's method demands the venue's id)."""
        answer = await exchange.fapiPrivatePutOrder(
            {
                "symbol": exchange.market(self.symbol)["id"],
                "origClientOrderId": change.client_id,
                "side": change.intent.side.word.upper(),
                "quantity": f"{change.tokens:f}",
                "price": f"{change.price:f}",
            }
        )
        found = answer.get("orderId") if isinstance(answer, dict) else None
        return str(found) if found else None

    async def trades(self, exchange: Any, since_ms: int, now_ms: int) -> Asked:
        """The newest page; when that does not reach back far enough, day by day from `since_ms`."""
        rows = await exchange.fetch_my_trades(self.symbol, None, PAGE)
        if len(rows) < PAGE or rows[0]["timestamp"] < since_ms:
            return Asked(tuple(own_trades(rows)))
        start = max(since_ms, now_ms - OLDEST_MS)
        whole = start == since_ms
        found = {row["id"]: row for row in rows}
        for _ in range(PAGES_MAX):
            end = min(start + WINDOW_MS, now_ms)
            page = await exchange.fetch_my_trades(self.symbol, start, PAGE, {"until": end, "endTime": end})
            found |= {row["id"]: row for row in page}
            if len(page) < PAGE and end >= now_ms:
                return Asked(tuple(own_trades(list(found.values()))), whole=whole)
            start = page[-1]["timestamp"] if len(page) == PAGE else end
        return Asked(tuple(own_trades(list(found.values()))), whole=False)

    async def trades_of(self, exchange: Any, order_id: str) -> list[TradeReport]:
        """myTrades by order id."""
        return own_trades(await exchange.fetch_my_trades(self.symbol, None, PAGE, {"orderId": order_id}))

    async def check_perp(self, exchange: Any, leverage: int | None) -> list[str]:
        """One-way mode and the leverage agreed on."""
        mode, config = await asyncio.gather(
            exchange.fetch_position_mode(self.symbol),
            exchange.fapiPrivateGetSymbolConfig({"symbol": exchange.market(self.symbol)["id"]}),
        )
        faults = []
        if mode["hedged"]:
            faults.append("binance futures is in hedge mode: switch the account to one-way mode")
        found = int(config[0]["leverage"])
        if leverage is not None and found != leverage:
            faults.append(f"binance {self.symbol} has leverage {found}: set it to {leverage}")
        return faults
