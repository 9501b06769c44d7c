"""Bitget's rows and codes."""

from __future__ import annotations

from decimal import Decimal

from bot.localnet.bitget_text import contract, fill_row, order_event, order_row, refusal, spot_symbol
from bot.model.order import Side
from localnet.desks import bid, engine, order


def test_the_stream_tells_the_last_fill_and_the_sum() -> None:
    venue = engine("bitget")
    for desk in venue.desks:
        resting = bid(desk, "100", str(desk.instrument.price(desk.book.best_bid + 2)))
        desk.exchange.sweep(Side.SELL, 1, 300, 0)
        desk.exchange.sweep(Side.SELL, 1, 200, 0)
        row = order_event(desk, "S", resting, desk.trades[-1])
        assert (row["baseVolume"], row["accBaseVolume"]) == ("20.0", "50.0")
        assert (row["status"], row["tradeScope"]) == ("partially_filled", "M")
        assert ("posMode" in row) is (not desk.spot)
        assert row["newSize" if desk.spot else "size"] == "100.0"


def test_fees_are_negative_when_paid() -> None:
    venue = engine("bitget")
    for desk in venue.desks:
        order(desk, Side.SELL, "100", None)
        query, stream = (fill_row(desk, "S", desk.trades[-1], stream=stream) for stream in (False, True))
        fee = query["feeDetail"] if desk.spot else query["feeDetail"][0]
        assert Decimal(fee["totalFee"]) == -desk.trades[-1].fee
        assert stream["feeDetail"] == [fee]
        assert query["tradeScope"] == "taker"


def test_a_market_buy_has_its_cost_as_size() -> None:
    desk = engine("bitget").spot
    bought = order(desk, Side.BUY, "100", None)
    cost = desk.instrument.tick * desk.instrument.lot * bought.cost_quanta
    assert Decimal(order_event(desk, "S", bought, None)["newSize"]) == cost


def test_rows_and_symbols() -> None:
    venue = engine("bitget")
    row = order_row(venue.perp, "S", bid(venue.perp, "100", "0.99"))
    assert (row["state"], row["force"], row["posMode"]) == ("live", "post_only", "one_way_mode")
    assert (spot_symbol(venue)["pricePrecision"], spot_symbol(venue)["quantityPrecision"]) == ("5", "1")
    told = contract(venue)
    assert (told["pricePlace"], told["priceEndStep"], told["sizeMultiplier"]) == ("5", "1", "0.1")


def test_codes() -> None:
    venue = engine("bitget")
    assert refusal(venue.spot, "insufficient_balance").code == "43012"
    assert refusal(venue.perp, "notional").message == "less than the minimum amount 5 USDT"
    assert refusal(venue.perp, "odd").code == "40017"
