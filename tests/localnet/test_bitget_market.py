"""Bitget market data."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
import pytest

from bot.localnet.bitget_market import BitgetMarket
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import Frames, bid, engine

NAME = {"symbol": "TOKENUSDT", "productType": "USDT-FUTURES"}


def frames(heard: Frames) -> list[dict[str, Any]]:
    return [orjson.loads(data) if isinstance(data, str) else data for _, data in heard.sent]


def test_updates_join_the_snapshot_and_carry_a_checksum() -> None:
    venue = engine("bitget")
    market, heard = BitgetMarket(venue, venue.spot, 0), Frames()
    market.topics.add(market.topic("books"), heard)
    market.greet("books", heard)
    resting = bid(venue.spot, "100", "0.9995")
    venue.spot.cancel(resting)
    snapshot, first, second = frames(heard)
    assert [one["action"] for one in (snapshot, first, second)] == ["snapshot", "update", "update"]
    assert first["data"][0]["pseq"] == snapshot["data"][0]["seq"]
    assert second["data"][0]["pseq"] == first["data"][0]["seq"]
    assert second["data"][0]["bids"] == [["0.99950", "0"]]
    bids, asks = snapshot["data"][0]["bids"], snapshot["data"][0]["asks"]
    words = [word for pair in zip(bids, asks, strict=True) for level in pair for word in level]
    value = zlib.crc32(":".join(words).encode())
    assert second["data"][0]["checksum"] == value - (2**32 if value >= 2**31 else 0)
    assert heard.sent[0][0] == "spot books TOKENUSDT"


def test_small_books_are_whole_pictures() -> None:
    venue = engine("bitget")
    market, heard = BitgetMarket(venue, venue.perp, 0), Frames()
    for channel in ("books1", "books5"):
        market.topics.add(market.topic(channel), heard)
    bid(venue.perp, "100", "0.99995")
    one, five = frames(heard)
    assert (one["arg"]["channel"], len(one["data"][0]["bids"])) == ("books1", 1)
    assert (five["action"], len(five["data"][0]["bids"])) == ("snapshot", 5)


def test_rest_answers() -> None:
    venue = engine("bitget")
    market = BitgetMarket(venue, venue.perp, 0)
    venue.perp.exchange.sweep(Side.SELL, 1, 10, 0)
    assert market.orderbook(NAME | {"limit": "max"})["bids"][0][0] == "0.99990"
    assert market.fills(NAME)[0]["side"] == "sell"
    assert market.tickers(NAME)[0]["fundingRate"] == f"{venue.funding()[0]:.8f}"
    assert market.funding_rate(NAME)[0]["fundingRateInterval"] == "8"
    assert market.funding_history(NAME) == []
    assert market.prices(NAME)[0]["markPrice"] == market.ticker()["markPrice"]
    assert len(market.symbols(NAME)) == 1
    assert market.symbols({"productType": "COIN-FUTURES"}) == []
    assert "fundingRate" not in BitgetMarket(venue, venue.spot, 0).ticker()
    with pytest.raises(Refused, match="40034"):
        market.orderbook(NAME | {"symbol": "X"})


def test_tape_and_ticker() -> None:
    venue = engine("bitget")
    market, heard = BitgetMarket(venue, venue.perp, 0), Frames()
    for channel in ("trade", "ticker"):
        market.topics.add(market.topic(channel), heard)
        market.greet(channel, heard)
    venue.perp.exchange.sweep(Side.SELL, 1, 10, 0)
    market.tick()
    assert [one["action"] for one in frames(heard)] == ["snapshot", "update", "snapshot"]
    assert frames(heard)[1]["data"][0]["size"] == "1.0"
    assert market.knows("books15", "TOKENUSDT")
    assert not market.knows("candle1m", "TOKENUSDT")
    assert not market.knows("books", "BTCUSDT")
    market.stop()
