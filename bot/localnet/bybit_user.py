"""Bybit's private streams: orders, executions, positions and the wallet.

Rule 1: a trade is told as execution, position, wallet, order: the account is up to date when the order is.
"""

from __future__ import annotations

from bot.localnet.bybit_text import Row, category, execution_row, funding_row, order_row
from bot.localnet.bybit_wallet import position_row, wallet_row
from bot.localnet.engine import Engine
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Topics
from bot.model.market import PublicTrade

NAMES = ("order", "execution", "position", "wallet")


class BybitUser:
    """One account's streams; a `Listener` of both desks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.topics = Topics("private")
        for desk in engine.desks:
            desk.listeners.append(self)

    def knows(self, topic: str) -> bool:
        """Whether there is such a stream; `order.spot` narrows `order` to a category."""
        name, _, rest = topic.partition(".")
        return name in NAMES and rest in ("", "spot", "linear")

    def _send(self, desk: DeskReports, name: str, row: Row) -> None:
        for topic in (name, f"{name}.{category(desk)}"):
            if topic in self.topics:
                now = self.engine.perp.now_ms
                message = {
                    "id": str(self.engine.sequence()),
                    "topic": topic,
                    "creationTime": now,
                    "data": [row],
                }
                self.topics.send(topic, message)

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """What moved, the account after it, the order last."""
        if not self.topics.names():
            return
        symbol = self.engine.symbol
        label = {"category": category(desk)}
        if trade is not None:
            self._send(desk, "execution", execution_row(desk, symbol, trade) | label)
            if not desk.spot:
                self._send(desk, "position", position_row(self.engine) | label)
        self._send(desk, "wallet", wallet_row(self.engine))
        self._send(desk, "order", order_row(desk, symbol, order) | label)

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """A funding payment is an execution of its own kind."""
        self._send(desk, "execution", funding_row(self.engine, row) | {"category": category(desk)})
        self._send(desk, "wallet", wallet_row(self.engine))

    def on_book(self, desk: DeskReports) -> None:
        """Public."""

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """Public."""
