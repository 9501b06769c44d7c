"""Bybit's wallet, position and instruments."""

from __future__ import annotations

from decimal import Decimal

from bot.localnet.bybit_wallet import instrument_row, position_row, wallet_row
from bot.model.order import Side
from localnet.desks import bid, engine, order


def test_the_wallet_is_one() -> None:
    venue = engine("bybit")
    bid(venue.spot, "100", "0.9990")
    order(venue.perp, Side.SELL, "1000", None)
    row = wallet_row(venue)
    usdt, token = row["coin"]
    assert Decimal(usdt["walletBalance"]) == venue.spot.exchange.usdt + venue.perp.exchange.usdt
    assert Decimal(usdt["equity"]) - Decimal(usdt["walletBalance"]) == Decimal(usdt["unrealisedPnl"])
    assert (Decimal(usdt["locked"]), Decimal(token["walletBalance"])) == (Decimal("99.9"), 1_000_000)


def test_flat_and_short() -> None:
    venue = engine("bybit")
    assert (position_row(venue)["side"], position_row(venue)["size"]) == ("", "0.0")
    order(venue.perp, Side.SELL, "1000", None)
    row = position_row(venue)
    assert (row["side"], row["size"], row["leverage"]) == ("Sell", "1000.0", "10")
    assert row["avgPrice"] == row["entryPrice"]
    assert Decimal(row["liqPrice"]) > 1


def test_instruments() -> None:
    venue = engine("bybit")
    spot, linear = (instrument_row(venue, desk) for desk in venue.desks)
    assert (spot["lotSizeFilter"]["basePrecision"], spot["lotSizeFilter"]["minOrderAmt"]) == ("0.1", "5")
    assert (linear["lotSizeFilter"]["qtyStep"], linear["lotSizeFilter"]["minNotionalValue"]) == ("0.1", "5")
    assert linear["fundingInterval"] == 480
