"""Binance market data: depth numbers, tickers, tape."""

from __future__ import annotations

import orjson
import pytest

from bot.localnet.binance_market import BinanceMarket, exchange_info
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import Frames, bid, engine

SYMBOL = {"symbol": "TOKENUSDT"}


@pytest.mark.parametrize("kind", ["spot", "perp"])
def test_depth_changes_continue_the_snapshot(kind: str) -> None:
    venue = engine()
    desk = venue.spot if kind == "spot" else venue.perp
    market, heard = BinanceMarket(venue, desk, 0), Frames()
    market.topics.add("tokenusdt@depth@100ms", heard)
    snapshot = market.depth(SYMBOL)
    best = bid(desk, "100", str(desk.instrument.price(desk.book.best_bid + 2)))
    desk.cancel(best)
    first, second = (orjson.loads(str(text)) for _, text in heard.sent)
    assert first["U"] == snapshot["lastUpdateId"] + 1
    assert second["U"] == first["u"] + 1
    if kind == "perp":
        assert (first["pu"], second["pu"]) == (snapshot["lastUpdateId"], first["u"])
    price = str(desk.instrument.price(best.ticks))
    assert (first["b"], second["b"]) == ([[price, "100.0"]], [[price, "0.0"]])
    assert market.depth(SYMBOL)["lastUpdateId"] == second["u"]
    assert len(market.depth(SYMBOL | {"limit": "2"})["bids"]) == 2


def test_best_prices_and_partial_depth() -> None:
    venue = engine()
    market, heard = BinanceMarket(venue, venue.spot, 0), Frames()
    for topic in ("tokenusdt@bookTicker", "tokenusdt@depth5"):
        market.topics.add(topic, heard)
    bid(venue.spot, "100", "0.9995")
    bid(venue.spot, "100", "0.9992", client_id="b")
    channels = [channel for channel, _ in heard.sent]
    assert channels.count("spot tokenusdt@bookTicker") == 1
    assert channels.count("spot tokenusdt@depth5") == 2
    assert orjson.loads(str(heard.sent[-1][1]))["bids"][0] == ["0.99950", "100.0"]


def test_the_tape() -> None:
    venue = engine()
    market, heard = BinanceMarket(venue, venue.spot, 0), Frames()
    for topic in ("tokenusdt@trade", "tokenusdt@aggTrade", "tokenusdt@ticker", "tokenusdt@miniTicker"):
        market.topics.add(topic, heard)
    venue.spot.exchange.sweep(Side.SELL, 1, 10, 0)
    market.tick()
    frames = {channel: orjson.loads(str(text)) for channel, text in heard.sent}
    trade = frames["spot tokenusdt@trade"]
    assert (trade["m"], trade["q"]) == (True, "1.0")
    assert frames["spot tokenusdt@aggTrade"]["a"] == trade["t"]
    assert frames["spot tokenusdt@ticker"]["c"] == frames["spot tokenusdt@miniTicker"]["c"] == trade["p"]
    assert market.agg_trades(SYMBOL)[-1]["a"] == trade["t"]
    with pytest.raises(Refused, match="-1121"):
        market.ticker_24h({"symbol": "X"})


def test_marks_and_funding() -> None:
    venue = engine()
    market, heard = BinanceMarket(venue, venue.perp, 0), Frames()
    market.topics.add("tokenusdt@markPrice@1s", heard)
    market.tick()
    rate = f"{venue.funding()[0]:.8f}"
    assert orjson.loads(str(heard.sent[0][1]))["r"] == rate
    assert market.premium_index({})[0]["lastFundingRate"] == rate  # type: ignore[index]
    assert market.funding_info({})[0]["fundingIntervalHours"] == 8
    assert market.funding_history(SYMBOL) == []
    market.stop()


def test_exchange_information() -> None:
    venue = engine(orders_per_window=9)
    rates = exchange_info(venue, venue.spot, {})["rateLimits"]
    assert [rate["limit"] for rate in rates] == [6_000, 9]
    assert exchange_info(venue, venue.perp, {})["symbols"][0]["contractType"] == "PERPETUAL"
