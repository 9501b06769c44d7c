"""Books are copied in ticks and lots; nonsense refuses the whole book."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.market import OrderBook
from bot.venues.ccxt_book import BookCopy
from paper_tools import instrument


def copy(depth: int = 2) -> BookCopy:
    made = instrument()
    return BookCopy(made, OrderBook(made.id), depth)


def library(bids: list[list[float]], asks: list[list[float]], nonce: int | None = 1) -> dict[str, Any]:
    return {"bids": bids, "asks": asks, "nonce": nonce, "timestamp": 7}


def test_the_best_levels_are_copied() -> None:
    kept = copy()
    assert kept.take(library([[0.9999, 1.5], [0.9998, 0.3], [0.9, 1.0]], [[1.0001, 2.0]]), 5)
    assert kept.book.bids == {9999: 15, 9998: 3}
    assert (kept.book.best_bid, kept.book.best_ask, kept.book.asks) == (9999, 10001, {10001: 20})
    assert (kept.book.seen_ns, kept.book.venue_ns) == (5, 7_000_000)


def test_a_book_that_has_not_moved_is_not_news() -> None:
    kept, same = copy(), library([[0.9999, 1.5]], [[1.0001, 2.0]])
    assert kept.take(same, 1)
    assert not kept.take(same, 2)
    assert kept.take(same, 3, fresh=True)
    kept.forget()
    assert kept.take(same, 4)
    assert not copy().take(library([], [[1.0001, 2.0]]), 1)


@pytest.mark.parametrize("level", [[float("nan"), 1.0], [float("inf"), 1.0], [0.0, 1.0], [1.00005, 1.0]])
def test_nonsense_refuses_the_book(level: list[float]) -> None:
    kept = copy()
    with pytest.raises(ValueError, match=r"no sense|whole tick"):
        kept.take(library([level], [[1.2, 2.0]]), 1)
    assert not kept.book.quotable


def test_agreement_is_about_the_best_prices() -> None:
    kept = copy()
    kept.take(library([[0.9999, 1.5]], [[1.0001, 2.0]]), 1)
    assert kept.agrees(library([[0.9999, 9.0]], [[1.0001, 9.0]]))
    assert not kept.agrees(library([[0.9998, 1.5]], [[1.0001, 2.0]]))
    assert not kept.agrees(library([], []))
