"""Other makers and outside takers around our resting orders."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.model.market import PublicTrade
from bot.model.order import OrderState, Side
from paper_tools import LOT, Heard, ladder, quote, spot

BUY, SELL = Side.BUY, Side.SELL


def done(heard: Heard) -> list[tuple[str | None, int]]:
    return [(f.client_id, int(f.quantity / LOT)) for f in heard.fills]


def test_a_sweep_walks_the_levels_best_first_and_prints_one_trade_each() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    assert exchange.sweep(BUY, 10_020, 5_000, 9) == 2_000
    assert heard.trades == [
        PublicTrade("binance.spot", BUY, 10_010, 1_000, 9),
        PublicTrade("binance.spot", BUY, 10_020, 1_000, 9),
    ]
    assert (exchange.book.best_ask, exchange.book.seen_ns) == (10_030, 9)


def test_size_ahead_of_us_trades_first_and_what_came_later_after_us() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.set_level(SELL, 10_010, 1_500, 3)  # 500 behind us
    assert exchange.sweep(BUY, 10_010, 999, 4) == 999
    assert done(heard) == []
    exchange.sweep(BUY, 10_010, 41, 5)
    assert done(heard) == [("a", 40)]
    assert heard.states()[-1] == ("a", OrderState.OPEN, 40, "")
    exchange.sweep(BUY, 10_010, 61, 6)
    assert done(heard) == [("a", 40), ("a", 60)]
    assert heard.states()[-1] == ("a", OrderState.FILLED, 100, "")
    assert exchange.book.asks[10_010] == 499


def test_size_that_leaves_is_taken_from_behind_us() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.set_level(SELL, 10_010, 1_500, 3)
    exchange.set_level(SELL, 10_010, 1_000, 3)
    exchange.sweep(BUY, 10_010, 1_000, 4)
    assert done(heard) == []
    exchange.sweep(BUY, 10_010, 1, 5)
    assert done(heard) == [("a", 1)]


def test_a_level_that_was_gone_once_comes_back_behind_us() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.set_others(*ladder(10_003), 3)
    exchange.set_others(*ladder(10_000), 4)
    exchange.sweep(BUY, 10_010, 100, 5)
    assert done(heard) == [("a", 100)]


def test_a_fill_of_ours_is_a_maker_fill_at_our_price() -> None:
    exchange, heard = spot(maker="0.0002")
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_005, 100), 2)
    exchange.sweep(BUY, 10_010, 50, 7)
    (fill,) = heard.fills
    assert (fill.price, fill.quantity, fill.side, fill.maker) == (Decimal("1.0005"), Decimal(5), SELL, True)
    assert fill.fee == Decimal("1.0005") * 5 * Decimal("0.0002")
    assert (fill.origin, fill.trade_id, fill.venue_ns, fill.fee_currency) == ("stream", "t1", 7, "USDT")


def test_moving_others_never_trade_with_us_and_the_book_stays_uncrossed() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(quote("a", SELL, 10_005, 100), 2)
    exchange.submit(quote("b", BUY, 9_995, 100), 2)
    exchange.set_others(*ladder(10_020, levels=5), 3)
    assert exchange.book.bids == {9_995: 100, 10_000: 1_000, 9_990: 1_000, 9_980: 1_000, 9_970: 1_000}
    assert (exchange.book.best_bid, exchange.book.best_ask) == (10_000, 10_005)
    assert heard.fills == []
    assert exchange.hit("a", None, 4) == 100
    assert (exchange.book.best_bid, exchange.book.best_ask) == (10_010, 10_030)


def test_hidden_levels_do_not_trade() -> None:
    exchange, _ = spot()
    exchange.submit(quote("a", SELL, 10_005, 100), 2)
    exchange.set_others([(10_010, 1_000)], [(10_020, 1_000)], 3)
    assert exchange.sweep(SELL, 9_000, 500, 4) == 0


def test_own_crossed_lists_best_first_then_time() -> None:
    exchange, _ = spot()
    exchange.submit(quote("a", SELL, 10_020, 100), 2)
    exchange.submit(quote("b", SELL, 10_010, 100), 2)
    exchange.submit(quote("c", SELL, 10_010, 70), 2)
    exchange.submit(quote("d", BUY, 9_990, 60), 2)
    assert exchange.own_crossed(10_010.0) == []
    assert exchange.own_crossed(10_020.5) == [
        ("b", SELL, 10_010, 100),
        ("c", SELL, 10_010, 70),
        ("a", SELL, 10_020, 100),
    ]
    assert exchange.own_crossed(9_989.9) == [("d", BUY, 9_990, 60)]


def test_a_hit_may_be_partial_and_prints_the_takers_side() -> None:
    exchange, heard = spot()
    exchange.submit(quote("a", SELL, 10_020, 100), 2)
    assert exchange.hit("a", 30, 3) == 30
    assert heard.trades == [PublicTrade("binance.spot", BUY, 10_020, 30, 3)]
    assert exchange.book.asks == {10_020: 70}
    assert exchange.hit("gone", None, 4) == 0


@pytest.mark.parametrize(("lots", "names"), [(None, ["b", "c"]), (120, ["b", "c"]), (40, ["b"])])
def test_a_pick_off_takes_the_crossed_orders_in_turn(lots: int | None, names: list[str]) -> None:
    exchange, heard = spot()
    exchange.submit(quote("a", SELL, 10_020, 100), 2)
    exchange.submit(quote("b", SELL, 10_010, 100), 2)
    exchange.submit(quote("c", SELL, 10_010, 70), 2)
    assert exchange.pick_off(SELL, 10_020, lots, 3) == (lots or 170)
    assert [f.client_id for f in heard.fills] == names
    assert exchange.pick_off(BUY, 10_020, None, 4) == 0


def test_nothing_changed_is_not_told() -> None:
    exchange, heard = spot()
    exchange.set_others(*ladder(10_000), 1)
    exchange.set_others(*ladder(10_000), 2)
    exchange.set_level(BUY, 1, 0, 2)
    assert (heard.books, exchange.book.seen_ns) == (1, 1)
