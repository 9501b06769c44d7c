"""Binance's rows and codes."""

from __future__ import annotations

import pytest

from bot.localnet.binance_text import (
    linear_row,
    linear_symbol,
    order_row,
    refusal,
    spot_row,
    spot_symbol,
    trade_row,
)
from bot.localnet.orders import Tif
from bot.model.order import Side
from localnet.desks import bid, engine, order


def test_rows_of_a_spot_order_and_its_trade() -> None:
    desk = engine().spot
    resting = bid(desk, "100", "0.9995")
    desk.exchange.sweep(Side.SELL, 1, 400, 0)
    row = spot_row(desk, "TOKENUSDT", resting)
    assert (row["type"], row["timeInForce"], row["status"]) == ("LIMIT_MAKER", "GTC", "PARTIALLY_FILLED")
    assert (row["price"], row["executedQty"]) == ("0.99950000", "40.00000000")
    assert row["cummulativeQuoteQty"] == "39.98000000"
    trade = trade_row(desk, "TOKENUSDT", desk.trades[-1])
    assert (trade["isBuyer"], trade["isMaker"], trade["qty"]) == (True, True, "40.00000000")


def test_rows_of_futures() -> None:
    desk = engine().perp
    sold = order(desk, Side.SELL, "100", None)
    row = linear_row(desk, "TOKENUSDT", sold)
    assert (row["type"], row["side"], row["status"], row["price"]) == ("MARKET", "SELL", "FILLED", "0.00000")
    assert float(row["avgPrice"]) == pytest.approx(float(desk.instrument.price(sold.ticks)))
    assert order_row(desk, "TOKENUSDT", bid(desk, "10", "0.99", client_id="b"))["timeInForce"] == "GTX"
    assert trade_row(desk, "TOKENUSDT", desk.trades[-1])["maker"] is False


def test_an_order_stopped_by_our_own_says_so() -> None:
    desk = engine().spot
    order(desk, Side.SELL, "100", "1.0001", Tif.POST_ONLY, "mine")
    assert spot_row(desk, "X", bid(desk, "100", "1.0001", Tif.IOC, "b"))["status"] == "EXPIRED_IN_MATCH"


def test_symbols_carry_the_filters_that_are_kept() -> None:
    venue = engine()
    filters = {one["filterType"]: one for one in spot_symbol(venue)["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.00001"
    assert filters["LOT_SIZE"]["stepSize"] == "0.1"
    assert filters["NOTIONAL"]["minNotional"] == "5"
    assert (linear_symbol(venue)["pricePrecision"], linear_symbol(venue)["quantityPrecision"]) == (5, 1)


def test_codes_of_both_markets() -> None:
    venue = engine()
    assert refusal(venue.spot, "post_only").code == -2010
    assert refusal(venue.perp, "post_only").code == -5022
    assert "smaller than 5 " in refusal(venue.perp, "notional").message
    assert refusal(venue.spot, "something").code == -1013
