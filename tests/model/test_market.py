from hypothesis import given
from hypothesis import strategies as st

from bot.model.market import OrderBook
from bot.model.order import Side

levels = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 5)), max_size=60)


@given(levels, levels)
def test_bests_equal_a_full_scan_after_any_updates(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]]
) -> None:
    book = OrderBook("binance.spot")
    shadow: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
    for side, updates in ((Side.BUY, bids), (Side.SELL, asks)):
        for ticks, lots in updates:
            book.set_level(side, ticks, lots)
            shadow[side][ticks] = lots
            live = {s: {p: q for p, q in shadow[s].items() if q} for s in Side}
            assert book.best_bid == max(live[Side.BUY], default=0)
            assert book.best_ask == min(live[Side.SELL], default=0)


def test_best_is_found_again_far_away() -> None:
    book = OrderBook("binance.spot")
    book.reset([(100, 1), (100_000, 1)], [(200_000, 2), (900_000, 1)])
    book.set_level(Side.BUY, 100_000, 0)
    book.set_level(Side.SELL, 200_000, 0)
    assert (book.best_bid, book.best_ask) == (100, 900_000)


def test_own_size_is_taken_out_of_the_top() -> None:
    book = OrderBook("binance.spot")
    book.reset([(99, 5), (98, 7)], [(101, 4), (102, 9)])
    assert book.top_without({99: 5}, {101: 1})[1:5] == (98, 7, 101, 3)
    assert book.top_without({}, {})[1:5] == (99, 5, 101, 4)


def test_a_side_that_is_only_ours_is_empty_not_zero_priced() -> None:
    book = OrderBook("binance.spot")
    book.reset([(99, 5)], [(101, 4)])
    top = book.top_without({99: 5}, {})
    assert (top.bid_ticks, top.bid_lots) == (0, 0)


def test_quotable_needs_two_sides_that_do_not_cross() -> None:
    book = OrderBook("binance.spot")
    assert not book.quotable
    book.reset([(100, 1)], [(101, 1)])
    assert book.quotable
    book.set_level(Side.BUY, 101, 1)
    assert not book.quotable
