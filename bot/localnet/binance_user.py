"""Binance's user data: what the account's own orders, balances and positions look like on the stream.

Rule 1: every event carries the account as it is after it.
"""

from __future__ import annotations

from bot.localnet.binance_text import Row, kind, quote_size, spot_price, spot_size, status, tif
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, average_text, perp_state, price_text, size_text, spot_balances, text
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Topics
from bot.localnet.web import Sender
from bot.model.market import PublicTrade

_EXECUTION = {Event.NEW: "NEW", Event.TRADED: "TRADE", Event.CANCELED: "CANCELED", Event.EXPIRED: "EXPIRED"}
KEY_LIFE_MS = 3_600_000


class SpotUser:
    """Streams of the spot account over the WebSocket API; a `Listener`."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine = engine
        self._listeners: dict[int, Sender] = {}
        self._next = 0
        desk.listeners.append(self)

    def __len__(self) -> int:
        """Subscriptions in force."""
        return len(self._listeners)

    def subscribe(self, send: Sender) -> int:
        """Start a subscription; returns its id."""
        number, self._next = self._next, self._next + 1
        self._listeners[number] = send
        return number

    def drop(self, send: Sender) -> None:
        """A connection is gone."""
        self._listeners = {key: other for key, other in self._listeners.items() if other != send}

    def _send(self, event: Row, channel: str) -> None:
        for number, send in tuple(self._listeners.items()):
            send({"subscriptionId": number, "event": event}, f"private {channel}")

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """`executionReport`, then the balances it touched."""
        if self._listeners and event is not Event.AMENDED:
            self._send(self._report(desk, order, event, trade), "executionReport")
            self._send(self._account(desk), "outboundAccountPosition")

    def _report(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> Row:
        canceled = event is Event.CANCELED and order.note
        cost = trade.ticks * trade.lots if trade else 0
        return {
            "e": "executionReport",
            "E": desk.now_ms,
            "s": self.engine.symbol,
            "c": order.note if canceled else order.client_id,
            "S": order.side.word.upper(),
            "o": kind(order, spot=True),
            "f": tif(order, spot=True),
            "q": spot_size(desk, order.lots),
            "p": spot_price(desk, 0 if order.is_market else order.ticks),
            "P": "0.00000000",
            "F": "0.00000000",
            "g": -1,
            "C": order.client_id if canceled else "",
            "x": _EXECUTION[event],
            "X": status(order),
            "r": "NONE",
            "i": order.id,
            "l": spot_size(desk, trade.lots if trade else 0),
            "z": spot_size(desk, order.filled),
            "L": spot_price(desk, trade.ticks if trade else 0),
            "n": text(trade.fee, 8) if trade else "0",
            "N": "USDT" if trade else None,
            "T": order.updated_ms,
            "t": trade.id if trade else -1,
            "I": self.engine.sequence(),
            "w": order.open,
            "m": trade.maker if trade else False,
            "M": False,
            "O": order.created_ms,
            "Z": quote_size(desk, order.cost_quanta),
            "Y": quote_size(desk, cost),
            "Q": "0.00000000",
            "W": order.created_ms,
            "V": "EXPIRE_TAKER",
        }

    def _account(self, desk: DeskReports) -> Row:
        balances = [
            {"a": one.asset, "f": text(one.free, 8), "l": text(one.locked, 8)}
            for one in spot_balances(self.engine)
        ]
        return {"e": "outboundAccountPosition", "E": desk.now_ms, "u": desk.now_ms, "B": balances}

    def on_book(self, desk: DeskReports) -> None:
        """Public."""

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """Public."""

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """Spot pays none."""


class LinearUser:
    """Streams of the futures account by listen key; a `Listener`."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk
        self.topics = Topics("private")
        self.key = ""
        self._expires_ms = 0
        desk.listeners.append(self)

    def open_key(self) -> str:
        """The listen key in force, good for an hour from now."""
        now = self.desk.now_ms
        if not self.key or now >= self._expires_ms:
            self.key = f"local{self.engine.sequence():x}".ljust(64, "0")
        self._expires_ms = now + KEY_LIFE_MS
        return self.key

    def close_key(self) -> None:
        """The key is worth nothing any more."""
        self.key = ""

    def expire(self) -> None:
        """Once a second: a key nobody kept alive ends its streams' news, with a last word."""
        if self.key and self.desk.now_ms >= self._expires_ms:
            self._send({"e": "listenKeyExpired", "E": self.desk.now_ms, "listenKey": self.key})
            self.key = ""

    def good(self, key: str) -> bool:
        """Whether a stream may be opened with it."""
        return bool(key) and key == self.key

    def _send(self, event: Row) -> None:
        for name in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "listenKeyExpired"):
            if event["e"] == name:
                self.topics.send(name, event)

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """`ACCOUNT_UPDATE` when it traded, then `ORDER_TRADE_UPDATE`."""
        if not self.key:
            return
        if trade is not None:
            self._send(self._account("ORDER"))
        self._send({"e": "ORDER_TRADE_UPDATE", "E": desk.now_ms, "T": order.updated_ms,
                    "o": self._order(desk, order, event, trade)})  # fmt: skip

    def _order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> Row:
        instrument = desk.instrument
        row: Row = {
            "s": self.engine.symbol,
            "c": order.client_id,
            "S": order.side.word.upper(),
            "o": kind(order, spot=False),
            "f": tif(order, spot=False),
            "q": size_text(instrument, order.lots),
            "p": price_text(instrument, 0 if order.is_market else order.ticks),
            "ap": average_text(instrument, order.cost_quanta, order.filled),
            "sp": "0",
            "x": "AMENDMENT" if event is Event.AMENDED else _EXECUTION[event],
            "X": status(order),
            "i": order.id,
            "l": size_text(instrument, trade.lots if trade else 0),
            "z": size_text(instrument, order.filled),
            "L": price_text(instrument, trade.ticks if trade else 0),
            "T": order.updated_ms,
            "t": trade.id if trade else 0,
            "b": "0",
            "a": "0",
            "m": trade.maker if trade else False,
            "R": order.request.reduce_only,
            "wt": "CONTRACT_PRICE",
            "ot": kind(order, spot=False),
            "ps": "BOTH",
            "cp": False,
            "rp": text(trade.realised, 8) if trade else "0",
            "pP": False,
            "V": "EXPIRE_TAKER",
            "pm": "NONE",
            "gtd": 0,
        }
        return row | {"N": "USDT", "n": text(trade.fee, 8)} if trade else row

    def _account(self, reason: str) -> Row:
        state, now = perp_state(self.engine), self.desk.now_ms
        balance = {
            "a": self.engine.quote,
            "wb": text(state.wallet, 8),
            "cw": text(state.wallet, 8),
            "bc": "0",
        }
        position = {
            "s": self.engine.symbol,
            "pa": f"{state.position:f}",
            "ep": text(state.entry, 8),
            "bep": text(state.entry, 8),
            "cr": text(self.desk.perp_account.realised_usdt, 8),
            "up": text(state.unrealised, 8),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }
        positions = [position] if reason == "ORDER" else []
        return {"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": {"m": reason, "B": [balance], "P": positions}}

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """The wallet after a funding payment."""
        if self.key:
            self._send(self._account("FUNDING_FEE"))

    def on_book(self, desk: DeskReports) -> None:
        """Public."""

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """Public."""
