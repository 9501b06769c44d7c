"""Rows and facts are each other's image."""

from __future__ import annotations

from decimal import Decimal

from bot.model.order import Side
from bot.venues.paper_rows import fill_from, grid_of, state_of
from paper_tools import ladder, perp, spot, taker


def test_a_stored_trade_keeps_its_money_exactly() -> None:
    row = (5, 5, "binance.spot", "t7", None, -1, "1.00100", "0.10", "-1E-7", "USDT", 1, "external")
    fill = fill_from(row)
    assert (fill.trade_id, fill.client_id, fill.side, fill.maker) == ("t7", None, Side.SELL, True)
    assert str(fill.price) == "1.00100"
    assert (fill.quantity, fill.fee) == (Decimal("0.1"), Decimal("-1E-7"))
    assert (fill.seen_ns, fill.venue_ns, fill.origin) == (5, 5, "external")


def test_the_state_carries_counters_grid_and_the_last_intervals() -> None:
    exchange, _ = perp()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(taker("h", Side.SELL, 9_990, 100), 2)
    for n in range(60):
        exchange.settle_funding(0.0001, Decimal(1), f"i{n}", 3)
    state = state_of(exchange)
    assert (state["trade_count"], state["grid"]) == (1, "tick 0.0001, lot 0.1")
    assert state["funding_ids"] == [f"i{n}" for n in range(10, 60)]
    assert state["account"] == exchange.account.state()
    assert grid_of(spot()[0]) == state["grid"]
