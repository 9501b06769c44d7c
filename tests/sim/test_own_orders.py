"""Telling: once per event, fills before states, and ids that stay known."""

from __future__ import annotations

import pytest

from bot.model.facts import Fill, OrderUpdated
from bot.model.market import PublicTrade
from bot.model.order import OrderState, Side
from bot.sim import own_orders
from paper_tools import ladder, quote, spot

BUY, SELL = Side.BUY, Side.SELL


def test_changes_of_one_instant_are_told_once() -> None:
    exchange, heard = spot()
    exchange.hold_book()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_005, 100), 1)
    assert heard.books == 0
    assert exchange.book.best_ask == 10_005  # it is there all the same
    exchange.release_book()
    exchange.release_book()
    assert heard.books == 1


def test_a_fill_is_told_before_the_state_and_the_book_last() -> None:
    exchange, heard = spot()
    exchange.submit(quote("a", SELL, 10_005, 100), 1)
    heard.told.clear()
    exchange.sweep(BUY, 10_005, 100, 2)
    assert [type(told) for told in heard.told] == [Fill, OrderUpdated, PublicTrade]


def test_the_account_is_booked_before_anybody_hears() -> None:
    exchange, heard = spot()
    seen = []
    heard.on_fill = lambda fill: seen.append(exchange.position)  # type: ignore[method-assign]
    exchange.submit(quote("a", SELL, 10_005, 100), 1)
    exchange.sweep(BUY, 10_005, 100, 2)
    assert seen == [100_000 - 10]


def test_reports_are_stamped_with_the_time_they_take() -> None:
    exchange, heard = spot()
    exchange.report_lag_ns = 5
    exchange.submit(quote("a", SELL, 10_005, 100), 100)
    exchange.sweep(BUY, 10_005, 100, 200)
    assert [(u.venue_ns, u.seen_ns) for u in heard.orders] == [(100, 105), (200, 205)]
    assert (heard.fills[0].venue_ns, heard.fills[0].seen_ns) == (200, 205)


def test_old_settled_ids_are_forgotten_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_orders, "SETTLED_KEPT", 3)
    exchange, heard = spot()
    for n in range(6):
        exchange.submit(quote(f"o{n}", SELL, 10_005, 100), n)
        exchange.cancel(f"o{n}", n)
    exchange.submit(quote("o5", SELL, 10_005, 100), 9)
    exchange.submit(quote("o0", SELL, 10_005, 100), 9)
    assert [u.state for u in heard.orders[-2:]] == [OrderState.REJECTED, OrderState.OPEN]


def test_a_late_cancel_of_a_forgotten_order_still_tells_what_it_filled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_orders, "SETTLED_KEPT", 1)
    exchange, heard = spot()
    exchange.submit(quote("a", SELL, 10_005, 100), 1)
    exchange.sweep(BUY, 10_005, 60, 2)
    exchange.cancel("a", 3)
    exchange.submit(quote("b", SELL, 10_005, 100), 4)
    exchange.cancel("b", 5)
    exchange.cancel("a", 6)
    assert heard.states()[-1] == ("a", OrderState.CANCELED, 60, "unknown_order")
