"""Bybit market data."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.localnet.bybit_market import BybitMarket
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import Frames, bid, engine


def frames(heard: Frames) -> list[dict[str, Any]]:
    return [orjson.loads(data) if isinstance(data, str) else data for _, data in heard.sent]


def test_deltas_are_numbered_from_the_snapshot() -> None:
    venue = engine("bybit")
    market, heard = BybitMarket(venue, venue.spot, 0), Frames()
    topic = "orderbook.50.TOKENUSDT"
    market.topics.add(topic, heard)
    market.greet(topic, heard)
    resting = bid(venue.spot, "100", "0.9995")
    venue.spot.cancel(resting)
    snapshot, first, second = frames(heard)
    assert (snapshot["type"], first["type"], second["type"]) == ("snapshot", "delta", "delta")
    assert [one["data"]["u"] - snapshot["data"]["u"] for one in (first, second)] == [1, 2]
    assert first["data"]["b"] == [["0.99950", "100.0"]]
    assert second["data"]["b"] == [["0.99950", "0"]]
    assert heard.sent[0][0] == "spot orderbook.50.TOKENUSDT"


def test_depth_one_sends_itself_whole_and_again() -> None:
    venue = engine("bybit")
    market, heard = BybitMarket(venue, venue.perp, 0), Frames()
    topic = "orderbook.1.TOKENUSDT"
    market.topics.add(topic, heard)
    bid(venue.perp, "100", "0.99995")
    market.tick()
    assert [one["type"] for one in frames(heard)] == ["snapshot", "snapshot"]
    assert frames(heard)[0]["data"]["b"] == [["0.99995", "100.0"]]


def test_topics_that_exist() -> None:
    venue = engine("bybit")
    market = BybitMarket(venue, venue.spot, 0)
    for topic in ("orderbook.50.TOKENUSDT", "publicTrade.TOKENUSDT", "tickers.TOKENUSDT"):
        assert market.knows(topic)
    for topic in ("orderbook.25.TOKENUSDT", "orderbook.50.BTCUSDT", "kline.1.TOKENUSDT", "orderbook"):
        assert not market.knows(topic)


def test_tape_and_tickers() -> None:
    venue = engine("bybit")
    market, heard = BybitMarket(venue, venue.perp, 0), Frames()
    for topic in ("publicTrade.TOKENUSDT", "tickers.TOKENUSDT"):
        market.topics.add(topic, heard)
    venue.perp.exchange.sweep(Side.SELL, 1, 10, 0)
    market.tick()
    trade, ticker = frames(heard)
    assert (trade["data"][0]["S"], trade["data"][0]["v"]) == ("Sell", "1.0")
    assert ticker["data"]["fundingRate"] == f"{venue.funding()[0]:.8f}"
    name = {"symbol": "TOKENUSDT"}
    assert market.recent_trades(name)["list"][0]["execId"] == trade["data"][0]["i"]
    assert market.orderbook(name)["b"][0][0] == "0.99990"
    assert market.funding_history(name)["list"] == []
    assert "markPrice" not in BybitMarket(venue, venue.spot, 0).ticker()
    with pytest.raises(Refused):
        market.orderbook({"symbol": "X"})
    market.stop()
