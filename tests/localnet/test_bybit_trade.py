"""Bybit order entry and queries in its own words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.localnet.bybit_trade import BybitTrade
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import engine

LIMIT: dict[str, Any] = {
    "symbol": "TOKENUSDT", "side": "Buy", "orderType": "Limit", "timeInForce": "GTC", "qty": "100",
    "price": "0.9990",
}  # fmt: skip


def door() -> BybitTrade:
    return BybitTrade(engine("bybit"))


@pytest.mark.parametrize(
    ("change", "spot", "linear"),
    [({"symbol": "BTCUSDT"}, 170121, 10001), ({"side": "Hold"}, 10001, 10001),
     ({"price": "x"}, 10001, 10001), ({"price": "NaN"}, 10001, 10001), ({"qty": "0.05"}, 170137, 10001),
     ({"price": "0.9990001"}, 170134, 10001), ({"price": "0"}, 170132, 10001),
     ({"qty": "1"}, 170140, 110094), ({"price": "9"}, 170193, 110003),
     ({"timeInForce": "DAY"}, 10001, 10001), ({"positionIdx": 1}, 10001, 10001)],
)  # fmt: skip
def test_what_is_wrong_has_a_code(change: dict[str, Any], spot: int, linear: int) -> None:
    for category, code in (("spot", spot), ("linear", linear)):
        with pytest.raises(Refused) as info:
            door().create(LIMIT | {"category": category} | change)
        assert info.value.code == code
    with pytest.raises(Refused, match="Category"):
        door().create(LIMIT | {"category": "option"})


def test_a_market_buy_by_usdt_and_by_tokens() -> None:
    venue = door()
    market = {"category": "spot", "symbol": "TOKENUSDT", "side": "Buy", "orderType": "Market", "qty": "100"}
    venue.create(market | {"orderLinkId": "usdt"})
    venue.create(market | {"orderLinkId": "tokens", "marketUnit": "baseCoin"})
    desk = venue.engine.spot
    assert desk.instrument.tokens(desk.by_client["tokens"].filled) == 100
    spent = desk.instrument.tick * desk.instrument.lot * desk.by_client["usdt"].cost_quanta
    assert Decimal(99) < spent <= 100


def test_usdt_moves_to_the_desk_that_needs_it() -> None:
    venue = door()
    spot, perp = venue.engine.desks
    before = spot.exchange.usdt + perp.exchange.usdt
    venue.create(LIMIT | {"category": "spot", "qty": "1500000", "orderLinkId": "large"})
    assert spot.by_client["large"].open
    assert spot.exchange.usdt + perp.exchange.usdt == before
    assert perp.exchange.usdt < 2_000_000
    with pytest.raises(Refused, match="170131"):
        venue.create(LIMIT | {"category": "spot", "qty": "9000000"})
    with pytest.raises(Refused, match="170131"):
        venue.create(LIMIT | {"category": "spot", "side": "Sell", "price": "1.1", "qty": "9000000"})


def test_amending_needs_a_change_and_an_order() -> None:
    venue = door()
    name = {"category": "linear", "symbol": "TOKENUSDT", "orderLinkId": "a"}
    venue.create(LIMIT | name)
    for params, words in (({}, "unchanged"), ({"price": "0.0000001"}, "10001"), ({"qty": "0"}, "10001")):
        with pytest.raises(Refused, match=words):
            venue.amend(name | params)
    venue.amend(name | {"qty": "50"})
    assert venue.engine.perp.instrument.tokens(venue.engine.perp.by_client["a"].lots) == 50
    venue.cancel(name)
    with pytest.raises(Refused, match="110001"):
        venue.amend(name | {"price": "0.9989"})
    with pytest.raises(Refused, match="10001"):
        venue.cancel({"category": "linear", "symbol": "TOKENUSDT"})


def test_pages_of_orders_and_executions() -> None:
    venue = door()
    name = {"category": "spot", "symbol": "TOKENUSDT"}
    for number in range(5):
        venue.create(LIMIT | name | {"orderLinkId": f"o{number}"})
    first = venue.realtime(name | {"limit": "3"})
    second = venue.realtime(name | {"limit": "3", "cursor": first["nextPageCursor"]})
    found = [row["orderLinkId"] for row in first["list"] + second["list"]]
    assert found == ["o4", "o3", "o2", "o1", "o0"]
    assert second["nextPageCursor"] == ""
    venue.engine.spot.exchange.sweep(Side.SELL, 1, 10**6, 0)
    assert len(venue.cancel_all(name)["list"]) + len(venue.history(name)["list"]) >= 5
    trades = venue.executions(name | {"limit": "2"})
    assert (len(trades["list"]), trades["nextPageCursor"]) == (2, "2")
    one = venue.executions(name | {"orderLinkId": "o0"})["list"]
    assert [row["orderLinkId"] for row in one] == ["o0"]
    assert venue.executions(name | {"startTime": str(2**50)})["list"] == []
    assert [row["orderLinkId"] for row in venue.history(name | {"orderLinkId": "o1"})["list"]] == ["o1"]


def test_batches_keep_each_outcome() -> None:
    venue = door()
    rows = [LIMIT | {"orderLinkId": "a"}, LIMIT | {"qty": "1"}]
    result, extra = venue.create_batch({"category": "spot", "request": rows})
    assert [bool(row["orderId"]) for row in result["list"]] == [True, False]
    assert [row["code"] for row in extra["list"]] == [0, 170140]
    change = {"orderLinkId": "a", "symbol": "TOKENUSDT", "qty": "90"}
    assert venue.amend_batch({"category": "spot", "request": [change]})[1]["list"][0]["code"] == 0
    gone = venue.cancel_batch({"category": "spot", "request": [change, change]})
    assert [row["code"] for row in gone[1]["list"]] == [0, 170213]
    with pytest.raises(Refused):
        venue.create_batch({"category": "spot", "request": []})
