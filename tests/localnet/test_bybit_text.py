"""Bybit's rows and codes."""

from __future__ import annotations

from decimal import Decimal

from bot.localnet.bybit_text import execution_row, funding_row, order_row, refusal, status
from bot.localnet.orders import Tif
from bot.model.order import Side
from localnet.desks import bid, engine, order


def test_rows_say_their_category_by_tpsl_mode() -> None:
    venue = engine("bybit")
    spot, linear = (order_row(desk, "S", bid(desk, "100", "0.99")) for desk in venue.desks)
    assert "tpslMode" not in spot
    assert linear["tpslMode"] == "UNKNOWN"
    assert (spot["orderStatus"], spot["timeInForce"], spot["leavesQty"]) == ("New", "PostOnly", "100.0")


def test_half_filled_orders_end_in_each_categorys_word() -> None:
    venue = engine("bybit")
    for desk, word in zip(venue.desks, ("PartiallyFilledCanceled", "Cancelled"), strict=True):
        best = desk.book.best_ask
        size = desk.instrument.tokens(desk.book.asks[best]) + 10
        taken = bid(desk, f"{size}", f"{desk.instrument.price(best)}", Tif.IOC)
        assert status(desk, taken) == word
        assert order_row(desk, "S", taken)["rejectReason"] == "EC_NoImmediateQtyToFill"


def test_executions_and_funding() -> None:
    venue = engine("bybit")
    desk = venue.perp
    order(desk, Side.SELL, "100", None)
    row = execution_row(desk, "S", desk.trades[-1])
    assert (row["side"], row["isMaker"], row["execQty"]) == ("Sell", False, "100.0")
    assert Decimal(row["feeRate"]) == desk.instrument.taker_fee
    desk.exchange.settle_funding(0.01, Decimal(1), "a", 0)
    paid = funding_row(venue, desk.funding[0])
    assert (Decimal(paid["execFee"]), paid["execType"], paid["side"]) == (Decimal(-1), "Funding", "Sell")


def test_codes() -> None:
    venue = engine("bybit")
    assert refusal(venue.spot, "insufficient_balance").code == 170131
    assert refusal(venue.perp, "too_many_orders").message.endswith("200 active orders")
    assert refusal(venue.perp, "odd").code == 10001
