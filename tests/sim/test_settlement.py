"""Funding, liquidation, queries, and an exchange that goes on after a stop."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.model.order import OrderState, Side
from paper_tools import amended, ladder, perp, quote, spot, taker

BUY, SELL = Side.BUY, Side.SELL


def test_shorts_receive_positive_funding_once_per_interval() -> None:
    exchange, heard = perp()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(taker("h", SELL, 9_990, 1_000), 2)
    before = exchange.usdt
    exchange.settle_funding(0.0001, Decimal("1.02"), "8h-1", 3)
    exchange.settle_funding(0.0001, Decimal("1.02"), "8h-1", 4)
    (paid,) = heard.payments
    assert (paid.usdt, paid.position, paid.payment_id) == (Decimal("0.0102"), Decimal(-100), "8h-1")
    assert (paid.rate, paid.venue_ns) == (0.0001, 3)
    assert exchange.usdt == before + Decimal("0.0102")
    exchange.settle_funding(-0.0002, Decimal(1), "8h-2", 5)
    assert heard.payments[-1].usdt == Decimal("-0.02")


def test_flat_accounts_pay_nothing_and_spot_has_no_funding() -> None:
    exchange, heard = perp()
    exchange.settle_funding(0.0001, Decimal(1), "8h-1", 3)
    assert heard.payments == []
    with pytest.raises(ValueError, match="no perpetual"):
        spot()[0].settle_funding(0.0001, Decimal(1), "8h-1", 3)


def test_a_liquidation_cancels_closes_and_is_a_fill_nobody_ordered() -> None:
    exchange, heard = perp(usdt=100)
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(taker("h", SELL, 9_990, 900), 2)
    exchange.submit(quote("a", BUY, 9_990, 100), 3)
    price = exchange.liquidation_price(Decimal(1))
    assert price is not None
    assert exchange.margin_ratio(price) == pytest.approx(1)
    assert exchange.liquidate(Decimal(1), price, 4) == 900
    assert (exchange.position, exchange.open_orders()) == (0, ())
    fill = heard.fills[-1]
    assert (fill.client_id, fill.origin, fill.side, fill.quantity) == (None, "external", BUY, Decimal(90))
    assert heard.states()[-1] == ("a", OrderState.CANCELED, 0, "liquidation")
    assert (exchange.margin_ratio(price), exchange.liquidation_price(price)) == (None, None)


def test_deleveraging_takes_a_fraction_and_leaves_the_orders() -> None:
    exchange, heard = perp()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(taker("h", BUY, 10_010, 901), 2)
    exchange.submit(quote("a", SELL, 10_020, 100), 3)
    assert exchange.adl(Decimal("0.5"), Decimal("0.98"), 4) == 451
    assert exchange.position == Decimal("45.0")
    assert (heard.fills[-1].side, heard.fills[-1].price) == (SELL, Decimal("0.98"))
    assert len(exchange.open_orders()) == 1
    with pytest.raises(ValueError, match="cannot close"):
        exchange.adl(Decimal(2), Decimal(1), 5)


def test_queries_show_orders_by_prefix_and_trades_since() -> None:
    exchange, _ = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("x-1", SELL, 10_005, 100), 2)
    exchange.submit(quote("y-1", BUY, 9_995, 100), 2)
    exchange.sweep(BUY, 10_005, 30, 5)
    exchange.sweep(BUY, 10_005, 30, 6)
    (order,) = exchange.open_orders("x")
    assert (order.client_id, order.price, order.remaining) == ("x-1", Decimal("1.0005"), Decimal(4))
    assert len(exchange.open_orders()) == 2
    assert [f.venue_ns for f in exchange.trades_since(5)] == [5, 6]
    assert [f.venue_ns for f in exchange.trades_since(6)] == [6]
    assert exchange.mark_usdt == (Decimal("0.9995") + Decimal("1.0005")) / 2


def test_an_exchange_without_a_book_has_no_mark_of_its_own() -> None:
    exchange, _ = perp()
    assert exchange.mark_usdt is None
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.set_others([], [], 3)
    assert exchange.mark_usdt == Decimal("1.0000")


def test_a_restored_exchange_goes_on_as_if_nothing_had_happened() -> None:
    told = []
    for stopped in (False, True):
        exchange, heard = spot(maker="0.0002")
        exchange.set_others(*ladder(10_000), 1)
        exchange.submit(quote("a", SELL, 10_010, 100), 2)
        exchange.submit(quote("b", SELL, 10_010, 100), 2)
        exchange.amend(amended("a", 10_010, 150), 2)  # behind b now
        exchange.submit(quote("c", BUY, 9_995, 100), 2)
        exchange.sweep(SELL, 9_995, 40, 3)
        if stopped:
            state = exchange.state()
            exchange, heard2 = spot(tokens=1, usdt=1, maker="0.0002")
            exchange.restore(state)
            exchange.set_others(*ladder(10_000), 3)
            heard = heard2
        heard.told.clear()
        exchange.sweep(BUY, 10_010, 1_120, 4)
        exchange.cancel("c", 5)
        exchange.submit(quote("d", BUY, 9_995, 100), 6)
        told.append((heard.told, exchange.account.state(), exchange.open_orders(), exchange.trades_since(0)))
    assert told[0] == told[1]


def test_only_a_fresh_exchange_is_restored() -> None:
    exchange, _ = spot()
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    with pytest.raises(ValueError, match="fresh"):
        exchange.restore(exchange.state())
