"""Binance's WebSocket doors."""

from __future__ import annotations

from typing import Any

import orjson

from bot.localnet.binance import Binance
from bot.localnet.binance_sockets import ApiSession, StreamSession
from bot.localnet.topics import Topics
from localnet.desks import Frames, engine


def _ask(session: StreamSession | ApiSession, **message: Any) -> None:
    session.received(orjson.dumps(message).decode())


def test_subscribing_listing_and_leaving() -> None:
    topics, heard = Topics("spot"), Frames()
    session = StreamSession(topics, heard)
    _ask(session, method="SUBSCRIBE", params=["a", "b"], id=1)
    topics.send("a", {"x": 1})
    _ask(session, method="LIST_SUBSCRIPTIONS", id=2)
    _ask(session, method="UNSUBSCRIBE", params=["a"], id=3)
    topics.send("a", {"x": 2})
    _ask(session, method="DANCE", id=4)
    answers = [data for channel, data in heard.sent if channel == "answer"]
    assert [answer["id"] for answer in answers] == [1, 2, 3, 4]
    assert answers[1]["result"] == ["a", "b"]
    assert answers[3]["error"]["code"] == 2
    assert [data for channel, data in heard.sent if channel == "spot a"] == ['{"x":1}']
    session.closed()
    assert topics.names() == []
    assert session.target('{"method":"SUBSCRIBE"}') == "WS SUBSCRIBE"
    assert session.target("{") == "WS "


def test_combined_streams_name_the_stream() -> None:
    topics, heard = Topics("spot"), Frames()
    session = StreamSession(topics, heard, wrap=True)
    _ask(session, method="SUBSCRIBE", params=["a"], id=1)
    topics.send("a", {"x": 1})
    assert heard.sent[-1] == ("spot a", '{"stream":"a","data":{"x":1}}')
    session.closed()
    assert topics.names() == []


def test_requests_are_answered_under_their_id() -> None:
    heard = Frames()
    session = ApiSession(Binance(engine(), 0), heard, spot=True)
    _ask(session, id="1", method="time")
    _ask(session, id="2", method="no.such")
    _ask(session, id="3", method="order.place", params={"apiKey": "other"})
    _ask(session, id="4", method="order.place", params={"apiKey": "key", "timestamp": 1, "signature": "x"})
    _ask(session, id="5", method="depth", params={"symbol": "TOKENUSDT", "limit": "many"})
    rows = [data for _, data in heard.sent]
    codes = [(row["id"], row["status"], row.get("error", {}).get("code")) for row in rows]
    assert codes == [
        ("1", 200, None),
        ("2", 400, -1020),
        ("3", 401, -2015),
        ("4", 400, -1022),
        ("5", 400, -1100),
    ]
    assert session.target('{"method":"order.place"}') == "WS order.place"
    session.closed()
