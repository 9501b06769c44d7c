"""Snapshots and numbered changes of a book."""

from __future__ import annotations

import random

from bot.localnet.feed import BookFeed
from bot.model.market import OrderBook
from bot.model.order import Side


def test_changes_added_to_the_snapshot_give_the_book() -> None:
    draw = random.Random(5)
    for depth in (None, 3):
        book = OrderBook("x")
        feed = BookFeed(book, depth)
        bids: dict[int, int] = {}
        last = feed.last
        for _ in range(200):
            book.set_level(Side.BUY, draw.randrange(1, 30), draw.randrange(0, 3))
            change = feed.changes()
            if change is None:
                continue
            assert change.previous == last
            assert change.first == last + 1
            assert change.last - change.previous == len(change.bids) + len(change.asks)
            last = change.last
            for ticks, lots in change.bids:
                if lots:
                    bids[ticks] = lots
                else:
                    del bids[ticks]
            assert sorted(bids.items(), reverse=True) == feed.snapshot().bids
            wanted = sorted(book.bids.items(), reverse=True)[:depth]
            assert feed.snapshot().bids == wanted
        assert last > 30


def test_nothing_new_takes_no_number() -> None:
    book = OrderBook("x")
    book.reset([(5, 1)], [(7, 2)])
    feed = BookFeed(book, None, first=10)
    before = feed.last
    assert feed.changes() is None
    assert feed.last == before
    assert feed.snapshot(1).asks == [(7, 2)]
