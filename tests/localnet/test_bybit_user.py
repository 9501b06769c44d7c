"""Bybit's private streams."""

from __future__ import annotations

from decimal import Decimal

import orjson

from bot.localnet.bybit_user import NAMES, BybitUser
from bot.model.order import Side
from localnet.desks import Frames, bid, engine


def test_a_trade_is_told_in_order() -> None:
    venue, heard = engine("bybit"), Frames()
    user = BybitUser(venue)
    for name in NAMES:
        user.topics.add(name, heard)
    resting = bid(venue.perp, "100", "0.99995")
    venue.perp.exchange.sweep(Side.SELL, 1, 400, 0)
    venue.perp.cancel(resting)
    assert [channel for channel, _ in heard.sent] == [
        "private wallet", "private order",
        "private execution", "private position", "private wallet", "private order",
        "private wallet", "private order",
    ]  # fmt: skip
    messages = [orjson.loads(str(data)) for _, data in heard.sent]
    assert messages[2]["data"][0]["category"] == "linear"
    assert messages[3]["data"][0]["size"] == "40.0"
    statuses = [one["data"][0]["orderStatus"] for one in messages if one["topic"] == "order"]
    assert statuses == ["New", "PartiallyFilled", "Cancelled"]


def test_categories_can_be_told_apart() -> None:
    venue, heard = engine("bybit"), Frames()
    user = BybitUser(venue)
    user.topics.add("order.spot", heard)
    bid(venue.perp, "100", "0.999")
    bid(venue.spot, "100", "0.999")
    assert [orjson.loads(str(data))["topic"] for _, data in heard.sent] == ["order.spot"]
    assert user.knows("order.linear")
    assert not user.knows("order.option")
    assert not user.knows("greeks")


def test_funding_is_an_execution() -> None:
    venue, heard = engine("bybit"), Frames()
    user = BybitUser(venue)
    bid(venue.perp, "100", "0.99995")
    venue.perp.exchange.sweep(Side.SELL, 1, 1_000, 0)
    user.topics.add("execution", heard)
    venue.perp.exchange.settle_funding(0.01, Decimal(1), "a", 0)
    row = orjson.loads(str(heard.sent[0][1]))["data"][0]
    assert (row["execType"], Decimal(row["execFee"])) == ("Funding", Decimal(1))
