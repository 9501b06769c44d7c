"""Bybit's front door: signatures, logins, limits, unknown addresses."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson
import pytest

from bot.localnet.bybit import Bybit
from bot.localnet.web import Ask, Refused, Reply
from localnet.desks import KEYS, START_NS, Frames, HandClock, engine

NOW = START_NS // 1_000_000


def signed(text: str) -> str:
    return hmac.new(KEYS.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def asked(method: str, path: str, text: str = "", **headers: str) -> Ask:
    given = {"x-bapi-api-key": "key", "x-bapi-timestamp": str(NOW), "x-bapi-recv-window": "5000", **headers}
    payload = f"{given['x-bapi-timestamp']}{given['x-bapi-api-key']}5000{text}"
    given.setdefault("x-bapi-sign", signed(payload))
    query, body = (text, "") if method == "GET" else ("", text)
    return Ask(method, "api.bybit.com", f"/v5/{path}", query, body, given, NOW)


def told(answer: Reply) -> Any:
    return orjson.loads(answer.body)


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, 0), ({"x-bapi-api-key": "other"}, 10003), ({"x-bapi-sign": "00"}, 10004),
     ({"x-bapi-timestamp": str(NOW - 6_000)}, 10002), ({"x-bapi-timestamp": "soon"}, 10002)],
)  # fmt: skip
def test_signed_requests(headers: dict[str, str], code: int) -> None:
    venue = Bybit(engine("bybit"), 0)
    answer = venue.http(asked("GET", "account/wallet-balance", "accountType=UNIFIED", **headers))
    assert (answer.status, told(answer)["retCode"]) == (200, code)


def test_unknown_addresses_and_bad_parameters() -> None:
    venue = Bybit(engine("bybit"), 0)
    assert venue.http(asked("GET", "no/such")).status == 404
    for text in ("category=inverse&symbol=X", "category=spot&symbol=BTCUSDT", "category=spot&limit=many"):
        answer = venue.http(asked("GET", "market/orderbook", text))
        assert told(answer)["retCode"] == 10001
    body = orjson.dumps({"category": "spot", "request": [1]}).decode()
    assert told(venue.http(asked("POST", "order/create-batch", body)))["retCode"] == 10001


def test_each_operation_has_its_own_limit() -> None:
    clock = HandClock()
    venue = Bybit(engine("bybit", clock, orders_per_window=2, order_window_ms=1_000), 0)
    body = orjson.dumps({"category": "spot", "symbol": "TOKENUSDT", "orderId": "1"}).decode()
    codes = [told(venue.http(asked("POST", "order/cancel", body)))["retCode"] for _ in range(3)]
    assert codes == [170213, 170213, 10006]
    linear = body.replace("spot", "linear")
    assert told(venue.http(asked("POST", "order/cancel", linear)))["retCode"] == 110001
    batch = orjson.dumps({"category": "spot", "request": [{}, {}, {}]}).decode()
    assert told(venue.http(asked("POST", "order/cancel-batch", batch)))["retCode"] == 10006


def test_an_address_that_asks_too_much_is_shut_out() -> None:
    venue = Bybit(engine("bybit", weight_per_minute=1), 0)
    assert venue.http(asked("GET", "market/time")).status == 200
    assert venue.http(asked("GET", "market/time")).status == 403


def test_logins() -> None:
    venue = Bybit(engine("bybit"), 0)
    expires = str(NOW + 10_000)
    assert venue.login(["key", expires, signed(f"GET/realtime{expires}")]) == ""
    for args in (
        ["other", expires, signed(f"GET/realtime{expires}")],
        ["key", str(NOW), signed(f"GET/realtime{NOW}")],
        ["key", expires, "bad"],
        [],
    ):
        assert venue.login(args)


def test_orders_over_the_stream_are_timely_and_known() -> None:
    venue = Bybit(engine("bybit"), 0)
    with pytest.raises(Refused, match="10002"):
        venue.trade("order.create", {}, {"X-BAPI-TIMESTAMP": str(NOW - 9_000)})
    with pytest.raises(Refused, match="10404"):
        venue.trade("account.drain", {}, {"X-BAPI-TIMESTAMP": str(NOW)})
    params = {"category": "linear", "symbol": "TOKENUSDT", "side": "Buy", "orderType": "Limit", "qty": "100",
              "price": "0.99", "orderLinkId": "a"}  # fmt: skip
    data, header = venue.trade("order.create", params, {"X-BAPI-TIMESTAMP": str(NOW)})
    assert (data["orderLinkId"], header["X-Bapi-Limit-Status"]) == ("a", "299")


def test_sockets_by_address() -> None:
    venue = Bybit(engine("bybit"), 0)
    for path in ("/v5/public/spot", "/v5/public/linear", "/v5/private", "/v5/trade"):
        ask = Ask("GET", "stream.bybit.com", path, "", "", {}, NOW)
        assert not isinstance(venue.socket(ask, Frames(), lambda: None), Reply)
    refused = venue.socket(Ask("GET", "h", "/v5/public/option", "", "", {}, NOW), Frames(), lambda: None)
    assert isinstance(refused, Reply)
    assert refused.status == 404
    venue.tick()
    venue.stop()
