"""Binance's front door: signatures, weights, unknown addresses."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import orjson

from bot.localnet.binance import Binance
from bot.localnet.web import Ask, Reply
from localnet.desks import KEYS, START_NS, Frames, HandClock, ask, engine

NOW = START_NS // 1_000_000


def signed(target: str, secret: str = KEYS.secret, **params: Any) -> Ask:
    query = urlencode({"timestamp": NOW, **params})
    signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    method, _, path = target.partition(" ")
    return Ask(
        method, "api.binance.com", path, f"{query}&signature={signature}", "", {"x-mbx-apikey": "key"}, NOW
    )


def told(answer: Reply) -> Any:
    return orjson.loads(answer.body)


def test_signed_requests() -> None:
    venue = Binance(engine(), 0)
    assert told(venue.http(signed("GET /api/v3/account")))["accountType"] == "SPOT"
    cases = [
        (signed("GET /api/v3/account", secret="other"), 400, -1022),
        (signed("GET /api/v3/account", timestamp=NOW - 6_000), 400, -1021),
        (signed("GET /api/v3/account", timestamp=NOW + 2_000), 400, -1021),
        (signed("GET /api/v3/account", timestamp="soon"), 400, -1102),
        (ask("GET /api/v3/account"), 401, -2015),
        (ask("GET /api/v9/account"), 404, -1000),
    ]
    for asked, status, code in cases:
        answer = venue.http(asked)
        assert (answer.status, told(answer)["code"]) == (status, code)
    late = signed("GET /api/v3/account", timestamp=NOW - 6_000, recvWindow=10_000)
    assert venue.http(late).status == 200


def test_weight_runs_out_and_comes_back() -> None:
    clock = HandClock()
    venue = Binance(engine(clock=clock, weight_per_minute=12), 0)
    answers = [venue.http(ask("GET /api/v3/depth", {"symbol": "TOKENUSDT"})) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].headers["X-MBX-USED-WEIGHT-1M"] == "10"
    assert told(answers[2])["code"] == -1003
    assert answers[2].headers["Retry-After"] == "60"
    for _ in range(20):
        banned = venue.http(ask("GET /api/v3/depth", {"symbol": "TOKENUSDT"}))
    assert (banned.status, "banned until" in told(banned)["msg"]) == (418, True)
    later = Ask("GET", "h", "/api/v3/time", "", "", {}, NOW + 60_000)
    assert venue.http(later).status == 200


def test_nonsense_is_refused_not_fatal() -> None:
    venue = Binance(engine(), 0)
    for batch in ("[1]", "{}", "[[]]", "null", "[null]", "x"):
        answer = venue.http(signed("POST /fapi/v1/batchOrders", batchOrders=batch))
        assert (answer.status, told(answer)["code"] < 0) == (400, True)
    for query in ({"symbol": "TOKENUSDT", "limit": "many"}, {"symbol": ""}, {}):
        assert venue.http(ask("GET /api/v3/depth", query)).status == 400


def test_sockets_by_address() -> None:
    venue = Binance(engine(), 0)
    assert venue.subscriptions() == 0
    for host, path in (("stream.binance.com", "/ws"), ("fstream.binance.com", "/public/ws/0")):
        asked = Ask("GET", host, path, "", "", {}, NOW)
        assert not isinstance(venue.socket(asked, Frames(), lambda: None), Reply)
    bad = Ask("GET", "fstream.binance.com", "/private/ws", "listenKey=none", "", {}, NOW)
    refused = venue.socket(bad, Frames(), lambda: None)
    assert isinstance(refused, Reply)
    assert refused.status == 400


def test_listen_keys() -> None:
    venue = Binance(engine(), 0)
    assert venue.http(ask("PUT /fapi/v1/listenKey", **{"x-mbx-apikey": "key"})).status == 400
    key = told(venue.http(ask("POST /fapi/v1/listenKey", **{"x-mbx-apikey": "key"})))["listenKey"]
    assert told(venue.http(ask("PUT /fapi/v1/listenKey", **{"x-mbx-apikey": "key"})))["listenKey"] == key
    good = Ask("GET", "fstream.binance.com", "/private/ws", f"listenKey={key}", "", {}, NOW)
    assert not isinstance(venue.socket(good, Frames(), lambda: None), Reply)
    venue.http(ask("DELETE /fapi/v1/listenKey", **{"x-mbx-apikey": "key"}))
    assert isinstance(venue.socket(good, Frames(), lambda: None), Reply)
