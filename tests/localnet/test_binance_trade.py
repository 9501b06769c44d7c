"""Binance order entry in its own words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.localnet.binance_trade import BinanceTrade
from bot.localnet.web import Refused
from localnet.desks import HandClock, engine

LIMIT = {"symbol": "TOKENUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "100",
         "price": "0.9995"}  # fmt: skip


def doors() -> tuple[BinanceTrade, BinanceTrade]:
    venue = engine()
    return BinanceTrade(venue, venue.spot), BinanceTrade(venue, venue.perp)


@pytest.mark.parametrize(
    ("change", "spot", "linear"),
    [({"symbol": "BTCUSDT"}, -1121, -1121), ({"side": "HOLD"}, -1117, -1117),
     ({"type": "STOP"}, -1116, -1116), ({"price": ""}, -1102, -1102),
     ({"price": "x"}, -1100, -1100), ({"price": "nan"}, -1100, -1100),
     ({"timeInForce": "DAY"}, -1115, -1115), ({"quantity": "0.05"}, -1013, -1111),
     ({"price": "0.99951111"}, -1013, -4014), ({"quantity": "1"}, -1013, -4164),
     ({"newClientOrderId": "a b"}, -1100, -4015)],
)  # fmt: skip
def test_what_is_wrong_has_a_code(change: dict[str, str], spot: int, linear: int) -> None:
    for door, code in zip(doors(), (spot, linear), strict=True):
        with pytest.raises(Refused) as info:
            door.place(LIMIT | change)
        assert info.value.code == code
        assert not door.desk.orders


def test_cancel_replace_in_its_three_outcomes() -> None:
    door = doors()[0]
    first = door.place(LIMIT | {"newClientOrderId": "one"})
    ids: dict[str, Any] = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": str(first["orderId"])}
    done = door.cancel_replace(LIMIT | ids | {"newClientOrderId": "two"})
    assert (done["cancelResult"], done["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    with pytest.raises(Refused) as failed:
        door.cancel_replace(LIMIT | ids)
    assert (failed.value.code, failed.value.status) == (-2022, 400)
    half = LIMIT | {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "two", "quantity": "1"}
    with pytest.raises(Refused) as partly:
        door.cancel_replace(half)
    assert (partly.value.code, partly.value.status) == (-2021, 409)
    assert door.open_orders({}) == []
    either = {"cancelReplaceMode": "ALLOW_FAILURE", "cancelOrderId": "1"}
    with pytest.raises(Refused) as still:
        door.cancel_replace(LIMIT | either)
    assert still.value.code == -2021
    assert len(door.open_orders({})) == 1


def test_batches_keep_each_outcome() -> None:
    door = doors()[1]
    rows = [LIMIT | {"newClientOrderId": "a"}, LIMIT | {"quantity": "1"}]
    answers = door.place_batch({"batchOrders": orjson.dumps(rows).decode()})
    assert [row.get("code") for row in answers] == [None, -4164]
    changed = [{"symbol": "TOKENUSDT", "origClientOrderId": "a", "price": "0.9994", "quantity": "90"}] * 2
    answers = door.modify_batch({"batchOrders": orjson.dumps(changed).decode()})
    assert [row.get("code") for row in answers] == [None, -5027]
    gone = door.cancel_batch({"symbol": "TOKENUSDT", "origclientorderidlist": '["a","b"]'})
    assert [row.get("code", row.get("status")) for row in gone] == ["CANCELED", -2011]
    with pytest.raises(Refused):
        door.place_batch({"batchOrders": "nothing"})


def test_the_countdown_cancels_unless_it_is_wound_again() -> None:
    clock = HandClock()
    venue = engine(clock=clock)
    door = BinanceTrade(venue, venue.perp)
    door.place(LIMIT | {"newClientOrderId": "a"})
    for _ in range(3):
        door.countdown({"symbol": "TOKENUSDT", "countdownTime": "5000"})
        clock.move(4)
        door.watch_countdown()
    assert len(door.open_orders({})) == 1
    clock.move(1)
    door.watch_countdown()
    assert door.open_orders({}) == []
    door.place(LIMIT | {"newClientOrderId": "b"})
    door.countdown({"symbol": "TOKENUSDT", "countdownTime": "0"})
    clock.move(60)
    door.watch_countdown()
    assert len(door.open_orders({})) == 1


def test_two_way_positions_are_refused() -> None:
    with pytest.raises(Refused, match="-4061"):
        doors()[1].place(LIMIT | {"positionSide": "LONG"})


def test_queries() -> None:
    door = doors()[1]
    row = door.place(LIMIT | {"newClientOrderId": "a"})
    name = {"symbol": "TOKENUSDT", "origClientOrderId": "a"}
    assert door.query(name)["orderId"] == door.query_open(name)["orderId"] == row["orderId"]
    door.cancel(name)
    assert door.query(name)["status"] == "CANCELED"
    for ask in (door.query_open, door.modify):
        with pytest.raises(Refused, match="-2013"):
            ask(name)
    assert [one["clientOrderId"] for one in door.all_orders(name)] == ["a"]
    with pytest.raises(Refused, match="-1102"):
        door.cancel({"symbol": "TOKENUSDT"})
