"""Bitget's private channels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from bot.localnet.bitget_user import BitgetUser
from bot.model.order import Side
from localnet.desks import Frames, bid, engine, order

FUTURES = "USDT-FUTURES"


def arg(product: str, channel: str, name: str = "default") -> dict[str, str]:
    return {"instType": product, "channel": channel, "coin" if channel == "account" else "instId": name}


def frames(heard: Frames) -> list[dict[str, Any]]:
    return [orjson.loads(data) if isinstance(data, str) else data for _, data in heard.sent]


def test_a_trade_is_told_in_order_with_the_subscription() -> None:
    venue, heard = engine("bitget"), Frames()
    user = BitgetUser(venue)
    for channel in ("orders", "fill", "positions", "account"):
        user.subscribe(arg(FUTURES, channel), heard)
    order(venue.perp, Side.SELL, "100", None)
    channels = [one["arg"]["channel"] for one in frames(heard)]
    assert channels == ["positions", "account", "account", "orders", "fill", "positions", "account", "orders"]
    assert frames(heard)[0]["data"] == []
    assert frames(heard)[5]["data"][0]["total"] == "100.0"
    assert frames(heard)[3]["arg"] == arg(FUTURES, "orders")
    order(venue.perp, Side.BUY, "100", None, client_id="b")
    last = [one for one in frames(heard) if one["arg"]["channel"] == "positions"][-1]
    assert last["data"] == []


def test_products_and_symbols_are_told_apart() -> None:
    venue, heard = engine("bitget"), Frames()
    user = BitgetUser(venue)
    user.subscribe(arg("SPOT", "orders", "TOKENUSDT"), heard)
    bid(venue.perp, "100", "0.999")
    bid(venue.spot, "100", "0.999")
    assert [one["arg"]["instType"] for one in frames(heard)] == ["SPOT"]
    assert heard.sent[0][0] == "private SPOT orders TOKENUSDT"
    assert user.knows(arg("SPOT", "fill"))
    for wrong in (arg("SPOT", "positions"), arg("MARGIN", "orders"), arg("SPOT", "orders", "BTCUSDT")):
        assert not user.knows(wrong)


def test_funding_moves_the_account() -> None:
    venue, heard = engine("bitget"), Frames()
    user = BitgetUser(venue)
    order(venue.perp, Side.SELL, "100", None)
    user.subscribe(arg(FUTURES, "account"), heard)
    venue.perp.exchange.settle_funding(0.01, Decimal(1), "a", 0)
    before, after = (Decimal(one["data"][0]["equity"]) for one in frames(heard))
    assert after - before == 1
