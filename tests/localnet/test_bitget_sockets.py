"""Bitget's WebSocket doors."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

from bot.localnet.bitget import Bitget
from bot.localnet.web import Ask, Session
from localnet.desks import KEYS, START_NS, Frames, engine

NOW = START_NS // 1_000_000
BOOKS = {"instType": "SPOT", "channel": "books", "instId": "TOKENUSDT"}
ORDERS = {"instType": "SPOT", "channel": "orders", "instId": "TOKENUSDT"}


def opened(path: str) -> tuple[Bitget, Session, Frames]:
    venue, heard = Bitget(engine("bitget"), 0), Frames()
    session = venue.socket(Ask("GET", "h", path, "", "", {}, NOW), heard, lambda: None)
    assert hasattr(session, "received")
    return venue, session, heard  # type: ignore[return-value]


def say(session: Session, op: str, *args: Any) -> None:
    session.received(orjson.dumps({"op": op, "args": list(args)}).decode())


def events(heard: Frames) -> list[tuple[str | None, int | None]]:
    rows: list[Any] = [data for _, data in heard.sent if isinstance(data, dict)]
    return [(row.get("event"), row.get("code")) for row in rows]


def test_public_channels() -> None:
    venue, session, heard = opened("/v2/ws/public")
    session.received("ping")
    assert heard.sent == [("answer", "pong")]
    say(session, "subscribe", BOOKS, {**BOOKS, "instId": "BTCUSDT"})
    say(session, "subscribe", BOOKS)
    say(session, "dance")
    session.received('{"op":"subscribe"}')
    assert events(heard) == [
        ("subscribe", None), (None, None), ("error", 30001), ("subscribe", None), ("error", 30003),
        ("error", 30003),
    ]  # fmt: skip
    say(session, "unsubscribe", BOOKS)
    assert venue.markets["SPOT"].topics.names() == []
    session.closed()
    assert session.target("ping") == "WS ping"
    assert session.target('{"op":"login"}') == "WS login"


def test_private_channels_need_a_login() -> None:
    venue, session, heard = opened("/v2/ws/private")
    seconds = str(NOW // 1_000)
    digest = hmac.new(KEYS.secret.encode(), f"{seconds}GET/user/verify".encode(), hashlib.sha256).digest()
    login = {"apiKey": "key", "passphrase": "password", "timestamp": seconds,
             "sign": base64.b64encode(digest).decode()}  # fmt: skip
    say(session, "subscribe", ORDERS)
    say(session, "login", {**login, "sign": "x"})
    say(session, "login", login)
    say(session, "subscribe", ORDERS, {**ORDERS, "channel": "secrets"})
    assert events(heard) == [
        ("error", 30004), ("error", 30015), ("login", 0), ("subscribe", None), ("error", 30001)
    ]  # fmt: skip
    assert venue.user.topics.names() == ["SPOT orders TOKENUSDT"]
    say(session, "unsubscribe", ORDERS)
    assert venue.user.topics.names() == []
    session.closed()
