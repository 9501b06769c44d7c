"""Bitget's private channels: orders, fills, accounts, positions.

Rule 1: a message repeats the subscription it answers; what belongs to a product goes to its subscribers only.
Rule 2: a position that was closed is missing from the next snapshot.
"""

from __future__ import annotations

from bot.localnet.bitget_account import account, position_row, spot_assets
from bot.localnet.bitget_text import FUTURES, Row, fill_row, order_event, product
from bot.localnet.engine import Engine, perp_state, text
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Topics
from bot.localnet.web import Sender
from bot.model.market import PublicTrade

Arg = dict[str, str]
_CHANNELS = {"SPOT": ("orders", "fill", "account"), FUTURES: ("orders", "fill", "account", "positions")}


def topic_of(arg: Arg) -> str:
    """`SPOT orders TOKENUSDT`: what a subscription is called."""
    return f"{arg.get('instType')} {arg.get('channel')} {arg.get('instId') or arg.get('coin') or 'default'}"


class BitgetUser:
    """One account's channels; a `Listener` of both desks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.topics = Topics("private")
        self._args: dict[str, Arg] = {}
        for desk in engine.desks:
            desk.listeners.append(self)

    def knows(self, arg: Arg) -> bool:
        """Whether there is such a channel."""
        name = arg.get("instId") or arg.get("coin") or "default"
        channels = _CHANNELS.get(str(arg.get("instType")), ())
        return arg.get("channel") in channels and name in ("default", self.engine.symbol)

    def subscribe(self, arg: Arg, send: Sender) -> None:
        """Listen; accounts and positions begin with how they stand."""
        topic = topic_of(arg)
        self._args[topic] = arg
        if self.topics.add(topic, send) and arg["channel"] in ("account", "positions"):
            send(self._message(topic, self._standing(arg)), f"private {topic}")

    def _standing(self, arg: Arg) -> list[Row]:
        if arg["channel"] == "positions":
            row = position_row(self.engine)
            return [] if row is None else [row]
        return spot_assets(self.engine, {}) if arg["instType"] == "SPOT" else [self._margin()]

    def _margin(self) -> Row:
        state, row = perp_state(self.engine), account(self.engine, {"productType": FUTURES})
        return {
            "marginCoin": self.engine.quote,
            "frozen": text(state.order_margin, 8),
            "available": row["available"],
            "maxOpenPosAvailable": row["crossedMaxAvailable"],
            "maxTransferOut": row["maxTransferOut"],
            "equity": row["accountEquity"],
            "usdtEquity": row["usdtEquity"],
            "crossedRiskRate": row["crossedRiskRate"],
            "unrealizedPL": row["unrealizedPL"],
        }

    def _message(self, topic: str, data: list[Row]) -> Row:
        return {"action": "snapshot", "arg": self._args[topic], "data": data, "ts": self.engine.spot.now_ms}

    def _send(self, desk: DeskReports, channel: str, data: list[Row]) -> None:
        for name in ("default", self.engine.symbol):
            topic = f"{product(desk)} {channel} {name}"
            if topic in self.topics:
                self.topics.send(topic, self._message(topic, data))

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """What traded, the account after it, the order last."""
        if not self.topics.names():
            return
        symbol, arg = self.engine.symbol, {"instType": product(desk), "channel": "account"}
        if trade is not None:
            self._send(desk, "fill", [fill_row(desk, symbol, trade, stream=True)])
            if not desk.spot:
                self._send(desk, "positions", self._standing(arg | {"channel": "positions"}))
        self._send(desk, "account", self._standing(arg))
        self._send(desk, "orders", [order_event(desk, symbol, order, trade)])

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """The account after a funding payment."""
        self._send(desk, "account", [self._margin()])

    def on_book(self, desk: DeskReports) -> None:
        """Public."""

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """Public."""
