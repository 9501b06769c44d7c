"""Bybit's WebSocket doors."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from bot.localnet.bybit import Bybit
from bot.localnet.web import Ask, Session
from localnet.desks import KEYS, START_NS, Frames, engine

NOW = START_NS // 1_000_000


def opened(path: str) -> tuple[Bybit, Session, Frames]:
    venue, heard = Bybit(engine("bybit"), 0), Frames()
    session = venue.socket(Ask("GET", "h", path, "", "", {}, NOW), heard, lambda: None)
    assert hasattr(session, "received")
    return venue, session, heard  # type: ignore[return-value]


def say(session: Session, **message: Any) -> None:
    session.received(orjson.dumps(message).decode())


def login() -> list[str]:
    expires = str(NOW + 10_000)
    return [
        "key",
        expires,
        hmac.new(KEYS.secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest(),
    ]


def test_public_topics() -> None:
    venue, session, heard = opened("/v5/public/spot")
    say(session, op="ping", req_id="1")
    say(session, op="subscribe", args=["orderbook.50.TOKENUSDT"], req_id="2")
    say(session, op="subscribe", args=["orderbook.50.TOKENUSDT"], req_id="3")
    say(session, op="subscribe", args=["orderbook.50.BTCUSDT"], req_id="4")
    say(session, op="dance", req_id="5")
    rows: list[Any] = [data for _, data in heard.sent]
    assert [(row.get("req_id"), row.get("success")) for row in rows] == [
        ("1", True), ("2", True), (None, None), ("3", True), ("4", False), ("5", False),
    ]  # fmt: skip
    assert rows[2]["type"] == "snapshot"
    say(session, op="unsubscribe", args=["orderbook.50.TOKENUSDT"])
    assert venue.markets["spot"].topics.names() == []
    session.closed()
    assert session.target('{"op":"ping"}') == "WS ping"


def test_private_topics_need_a_login() -> None:
    venue, session, heard = opened("/v5/private")
    say(session, op="subscribe", args=["order"])
    say(session, op="auth", args=["key", "1", "bad"])
    say(session, op="auth", args=login())
    say(session, op="subscribe", args=["order", "wallet"])
    say(session, op="subscribe", args=["greeks"])
    say(session, op="ping", req_id="9")
    rows: list[Any] = [data for _, data in heard.sent]
    assert [row.get("success") for row in rows] == [False, False, True, True, False, None]
    assert rows[-1]["op"] == "pong"
    assert venue.user.topics.names() == ["order", "wallet"]
    session.closed()
    assert venue.user.topics.names() == []


def test_order_entry_needs_a_login() -> None:
    venue, session, heard = opened("/v5/trade")
    order = {"category": "spot", "symbol": "TOKENUSDT", "side": "Buy", "orderType": "Limit", "qty": "100",
             "price": "0.99", "orderLinkId": "a"}  # fmt: skip
    header = {"X-BAPI-TIMESTAMP": str(NOW)}
    say(session, op="order.create", reqId="1", header=header, args=[order])
    say(session, op="auth", args=["key", "1", "bad"])
    say(session, op="auth", args=login())
    say(session, op="order.create", reqId="2", header=header, args=[order])
    say(session, op="order.create", reqId="3", header=header, args=[order])
    say(session, op="order.create", reqId="4", header=header, args=["nothing"])
    say(session, op="ping")
    codes = [(row.get("reqId"), row["retCode"]) for _, row in heard.sent]  # type: ignore[attr-defined,index]
    assert codes == [
        ("1", 20002), (None, 20001), (None, 0), ("2", 0), ("3", 170141), ("4", 10001), (None, 0)
    ]  # fmt: skip
    assert len(venue.engine.spot.open_orders()) == 1
    session.closed()
