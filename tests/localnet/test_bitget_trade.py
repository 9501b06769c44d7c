"""Bitget order entry and queries in its own words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.localnet.bitget_trade import BitgetTrade
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import engine

NAME: dict[str, Any] = {"symbol": "TOKENUSDT", "productType": "USDT-FUTURES"}
LIMIT = NAME | {"side": "buy", "orderType": "limit", "force": "gtc", "size": "100", "price": "0.9990"}


def doors() -> tuple[BitgetTrade, BitgetTrade]:
    venue = engine("bitget")
    return BitgetTrade(venue, venue.spot), BitgetTrade(venue, venue.perp)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"symbol": "BTCUSDT"}, "40034"), ({"side": "hold"}, "40017"), ({"price": "x"}, "40017"),
     ({"price": "inf"}, "40017"), ({"size": "0.05"}, "40808"), ({"price": "0.9990001"}, "40808"),
     ({"price": "0"}, "40020"), ({"size": "1"}, "45110"), ({"price": "9"}, "22006"),
     ({"force": "day"}, "40017")],
)  # fmt: skip
def test_what_is_wrong_has_a_code(change: dict[str, str], code: str) -> None:
    for door in doors():
        with pytest.raises(Refused) as info:
            door.place(LIMIT | change)
        assert info.value.code == code
    with pytest.raises(Refused, match="40774"):
        doors()[1].place(LIMIT | {"tradeSide": "open"})
    with pytest.raises(Refused, match="productType"):
        doors()[1].place({**LIMIT, "productType": "COIN-FUTURES"})


def test_a_spot_market_buy_is_by_usdt() -> None:
    door = doors()[0]
    door.place(NAME | {"side": "buy", "orderType": "market", "size": "100", "clientOid": "m"})
    instrument, order = door.desk.instrument, door.desk.by_client["m"]
    assert Decimal(99) < instrument.tick * instrument.lot * order.cost_quanta <= 100


def test_futures_orders_change_under_a_new_name() -> None:
    door = doors()[1]
    first = door.place(LIMIT | {"clientOid": "a"})
    change = NAME | {"clientOid": "a", "newPrice": "0.9989", "newSize": "50", "newClientOid": "b"}
    second = door.modify(change)
    assert (second["clientOid"], second["orderId"] == first["orderId"]) == ("b", False)
    assert [order.client_id for order in door.desk.open_orders()] == ["b"]
    with pytest.raises(Refused, match="40768"):
        door.modify(change)
    with pytest.raises(Refused, match="45110"):
        door.modify(change | {"clientOid": "b", "newSize": "1", "newClientOid": "c"})
    assert door.desk.by_client["b"].open


def test_pages() -> None:
    spot, futures = doors()
    for door in (spot, futures):
        for number in range(4):
            door.place(LIMIT | {"clientOid": f"o{number}"})
        door.desk.exchange.sweep(Side.SELL, 99_900, 10**8, 0)
    rows = spot.fills(NAME | {"limit": "3"})
    assert isinstance(rows, list)
    older = spot.fills(NAME | {"idLessThan": rows[-1]["tradeId"]})
    assert len(rows) + len(older) == len(spot.desk.trades)
    assert len(spot.fills(NAME | {"orderId": rows[0]["orderId"]})) == 1
    page = futures.fills(NAME | {"limit": "1"})
    assert isinstance(page, dict)
    assert page["endId"] == str(futures.desk.trades[-1].id)
    assert futures.open_orders(NAME) == {"entrustedList": None, "endId": None}
    past = futures.past_orders(NAME)
    assert isinstance(past, dict)
    assert len(past["entrustedList"]) == 4
    assert len(spot.past_orders(NAME)) == 4


def test_batches_keep_what_failed() -> None:
    spot, futures = doors()
    for door in (spot, futures):
        done = door.place_batch(NAME | {"orderList": [LIMIT | {"clientOid": "a"}, LIMIT | {"size": "1"}]})
        assert len(done["successList"]) == 1
        assert [row["errorCode"] for row in done["failureList"]] == ["45110"]
    gone = futures.cancel_batch(NAME | {"orderIdList": [{"clientOid": "a"}, {"clientOid": "b"}]})
    assert [row["errorCode"] for row in gone["failureList"]] == ["40768"]
    futures.place(LIMIT | {"clientOid": "c"})
    assert len(futures.cancel_batch(NAME)["successList"]) == 1
    assert spot.cancel_symbol(NAME) == {"symbol": "TOKENUSDT"}
    assert not spot.desk.open_orders()


def test_details() -> None:
    spot, futures = doors()
    spot.place(LIMIT | {"clientOid": "a"})
    assert len(spot.detail({"clientOid": "a"})) == 1
    assert spot.detail({"clientOid": "b"}) == []
    with pytest.raises(Refused, match="40109"):
        futures.detail(NAME | {"clientOid": "b"})
    with pytest.raises(Refused, match="40017"):
        spot.cancel(NAME)
