"""Bitget's front door: signatures, logins, limits, unknown addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson
import pytest

from bot.localnet.bitget import Bitget
from bot.localnet.web import Ask, Reply
from localnet.desks import KEYS, START_NS, Frames, engine

NOW = START_NS // 1_000_000


def signed(text: str) -> str:
    return base64.b64encode(hmac.new(KEYS.secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def asked(method: str, path: str, text: str = "", **headers: str) -> Ask:
    given = {"access-key": "key", "access-timestamp": str(NOW), "access-passphrase": "password", **headers}
    query, body = (text, "") if method == "GET" else ("", text)
    payload = f"{given['access-timestamp']}{method}/api/v2/{path}{'?' + query if query else ''}{body}"
    given.setdefault("access-sign", signed(payload))
    return Ask(method, "api.bitget.com", f"/api/v2/{path}", query, body, given, NOW)


def told(answer: Reply) -> Any:
    return orjson.loads(answer.body)


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "00000"), ({"access-key": "other"}, "40006"), ({"access-sign": "00"}, "40009"),
     ({"access-timestamp": str(NOW - 31_000)}, "40008"), ({"access-timestamp": "soon"}, "40008"),
     ({"access-passphrase": "guess"}, "40012")],
)  # fmt: skip
def test_signed_requests(headers: dict[str, str], code: str) -> None:
    answer = Bitget(engine("bitget"), 0).http(asked("GET", "spot/account/assets", "coin=USDT", **headers))
    assert told(answer)["code"] == code
    assert answer.status == (200 if code == "00000" else 400)


def test_unknown_addresses_and_bad_parameters() -> None:
    venue = Bitget(engine("bitget"), 0)
    assert venue.http(asked("GET", "no/such")).status == 404
    assert told(venue.http(asked("GET", "spot/market/orderbook", "symbol=BTCUSDT")))["code"] == "40034"
    assert told(venue.http(asked("GET", "mix/market/ticker", "symbol=TOKENUSDT")))["code"] == "40017"
    assert told(venue.http(asked("GET", "spot/trade/fills", "symbol=TOKENUSDT&limit=x")))["code"] == "40017"
    assert told(venue.http(asked("GET", "mix/market/contracts", "productType=COIN-FUTURES")))["data"] == []


def test_each_address_has_its_own_limit() -> None:
    venue = Bitget(engine("bitget", orders_per_window=2, order_window_ms=1_000), 0)
    body = orjson.dumps({"symbol": "TOKENUSDT", "orderId": "1"}).decode()
    answers = [venue.http(asked("POST", "spot/trade/cancel-order", body)) for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 400, 429]
    assert venue.http(asked("GET", "spot/account/assets")).status == 200
    shut = Bitget(engine("bitget", weight_per_minute=0), 0)
    assert shut.http(asked("GET", "public/time")).status == 429


def test_logins() -> None:
    venue, now = Bitget(engine("bitget"), 0), str(NOW // 1_000)
    good = {
        "apiKey": "key",
        "passphrase": "password",
        "timestamp": now,
        "sign": signed(f"{now}GET/user/verify"),
    }
    assert venue.login(good) == (0, "")
    wrong = [({"apiKey": "x"}, 30011), ({"passphrase": "x"}, 30012), ({"timestamp": "1"}, 30014),
             ({"sign": "x"}, 30015), ({"timestamp": "soon"}, 30014)]  # fmt: skip
    for change, code in wrong:
        assert venue.login(good | change)[0] == code


def test_sockets_by_address() -> None:
    venue = Bitget(engine("bitget"), 0)
    for path in ("/v2/ws/public", "/v2/ws/private"):
        ask = Ask("GET", "ws.bitget.com", path, "", "", {}, NOW)
        assert not isinstance(venue.socket(ask, Frames(), lambda: None), Reply)
    refused = venue.socket(Ask("GET", "h", "/v3/ws/public", "", "", {}, NOW), Frames(), lambda: None)
    assert isinstance(refused, Reply)
    venue.tick()
    venue.stop()
