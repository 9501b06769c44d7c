"""Price-time priority and queue positions, checked against a list in which every lot has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.order import Side
from bot.sim.matching import BookSide, Resting


def side_of(side: Side, *levels: tuple[int, int]) -> BookSide:
    made = BookSide(side, {})
    made.replace(levels, 0)
    return made


def test_the_public_level_is_others_plus_ours() -> None:
    bids = side_of(Side.BUY, (100, 7), (99, 5))
    bids.add(Resting("a", Side.BUY, 100, 3, False))
    bids.add(Resting("b", Side.BUY, 101, 2, False))
    assert bids.levels == {101: 2, 100: 10, 99: 5}
    assert (bids.best, bids.own_best) == (101, 101)
    bids.replace([(100, 4)], 0)
    assert bids.levels == {101: 2, 100: 7}


@pytest.mark.parametrize(("side", "fence", "shown"), [(Side.BUY, 100, {99: 1}), (Side.SELL, 99, {100: 1})])
def test_levels_that_would_cross_ours_are_hidden_until_we_move(
    side: Side, fence: int, shown: dict[int, int]
) -> None:
    made = BookSide(side, {})
    made.replace([(99, 1), (100, 1)], fence)
    assert made.levels == shown
    assert made.best == next(iter(shown))
    assert made.reveal(fence + side) is True
    assert made.levels == {99: 1, 100: 1}
    assert made.hidden == {}


def test_a_hidden_level_can_be_changed_and_removed() -> None:
    made = BookSide(Side.BUY, {})
    made.set_level(100, 5, 100)
    made.set_level(101, 5, 100)
    made.set_level(101, 0, 100)
    made.set_level(100, 6, 100)
    assert (made.levels, made.best) == ({}, 0)
    made.reveal(0)
    assert made.levels == {100: 6}


def test_a_shown_level_that_comes_to_cross_is_withdrawn() -> None:
    made = side_of(Side.BUY, (100, 5), (99, 1))
    assert made.set_level(100, 5, 100) is True
    assert (made.levels, made.hidden, made.best) == ({99: 1}, {100: 5}, 99)


def test_the_best_is_found_across_a_wide_gap() -> None:
    asks = side_of(Side.SELL, *[(1_000 + 100 * n, 1) for n in range(50)])
    asks.set_level(1_000, 0, 0)
    assert asks.best == 1_100


def test_zero_lots_in_a_ladder_are_no_level() -> None:
    bids = side_of(Side.BUY, (100, 0), (99, 5))
    assert (bids.levels, bids.best) == ({99: 5}, 99)


class Queue:
    """The slow truth at one price: entries in time order, ours by name, others' as None."""

    def __init__(self) -> None:
        self.entries: list[tuple[str | None, int]] = []

    def others(self) -> int:
        return sum(lots for name, lots in self.entries if name is None)

    def set_others(self, lots: int) -> None:
        gone = self.others() - lots
        if gone < 0:
            self.entries.append((None, -gone))
        for at in reversed(range(len(self.entries))):
            name, there = self.entries[at]
            if name is None and gone > 0:
                self.entries[at] = (None, there - min(there, gone))
                gone -= min(there, gone)
        self.entries = [entry for entry in self.entries if entry[1]]

    def trade(self, lots: int) -> dict[str, int]:
        """Takes from the front; our lots done by name."""
        done: dict[str, int] = {}
        while lots and self.entries:
            name, there = self.entries[0]
            take = min(there, lots)
            lots -= take
            self.entries[0] = (name, there - take)
            if name is not None:
                done[name] = done.get(name, 0) + take
            if there == take:
                del self.entries[0]
        return done


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("others"), st.integers(0, 20)),
        st.tuples(st.just("join"), st.integers(1, 9)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("shrink"), st.integers(0, 5)),
        st.tuples(st.just("trade"), st.integers(1, 25)),
    ),
    max_size=40,
)


def trade_level(made: BookSide, lots: int) -> dict[str, int]:
    """The walk a taker makes along one level, as the exchange does it."""
    done: dict[str, int] = {}
    for order in tuple(made.queues.get(100, ())):
        lots -= made.take_others(100, min(order.ahead, lots))
        take = min(order.lots, lots)
        if take:
            made.shrink(order, take)
            done[order.client_id] = take
            lots -= take
    made.take_others(100, lots)
    return done


@given(STEPS)
def test_every_lot_trades_in_its_turn(steps: list[tuple[str, int]]) -> None:
    made, queue, serial = BookSide(Side.SELL, {}), Queue(), 0
    for what, lots in steps:
        resting = [order for orders in made.queues.values() for order in orders]
        if what == "others":
            made.set_level(100, lots, 0)
            queue.set_others(lots)
        elif what == "join":
            serial += 1
            made.add(Resting(str(serial), Side.SELL, 100, lots, False))
            queue.entries.append((str(serial), lots))
        elif what == "trade":
            assert trade_level(made, lots) == queue.trade(lots)
        elif lots < len(resting):
            order = resting[lots]
            left = order.lots - 1 if what == "shrink" else 0
            if left:
                made.shrink(order, 1)
            else:
                made.remove(order)
            queue.entries = [
                (name, left if name == order.client_id else there)
                for name, there in queue.entries
                if name != order.client_id or left
            ]
        total = sum(lots for _, lots in queue.entries)
        assert made.levels == ({100: total} if total else {})
        assert made.best == (100 if total else 0)


rows_of_one_side = st.lists(
    st.tuples(st.just(Side.BUY), st.integers(90, 130), st.integers(0, 9)), max_size=40
)


@given(st.lists(rows_of_one_side, max_size=6), st.sampled_from([0, 110, 131]), st.integers(0, 125))
def test_a_batch_of_levels_equals_one_by_one(
    messages: list[list[tuple[Side, int, int]]], fence: int, own_ticks: int
) -> None:
    sides = [BookSide(Side.BUY, {}), BookSide(Side.BUY, {})]
    for side in sides:
        if own_ticks >= 90 and not (fence and own_ticks >= fence):
            side.add(Resting("own", Side.BUY, own_ticks, 5, False))
    for rows in messages:
        one_by_one = [sides[0].set_level(ticks, lots, fence) for _, ticks, lots in rows]
        changed = sides[1].set_levels(rows, fence)
        assert changed or not any(one_by_one)
        for name in ("levels", "others", "hidden", "own", "best", "own_best"):
            assert getattr(sides[0], name) == getattr(sides[1], name), name
