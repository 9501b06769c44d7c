"""The client library's order book into ours, in integer ticks and lots.

Rule 1: only the best levels are copied; a price that is not finite or no whole tick refuses the book.
Rule 2: a quiet book is not an old one: it is compared with a query, and only a difference is trouble.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from bot.model.instrument import Instrument
from bot.model.market import OrderBook


class BookCopy:
    """Keeps one `OrderBook` as the library has it."""

    def __init__(self, instrument: Instrument, book: OrderBook, depth: int) -> None:
        self.book, self._depth = book, depth
        self._tick, self._lot = float(instrument.tick), float(instrument.lot)
        self._seen: tuple[object, object] | None = None

    def take(self, library_book: Any, now_ns: int, *, fresh: bool = False) -> bool:
        """Copy the best levels; False when there is nothing new. ValueError: they make no sense.

        `fresh` = a frame has just changed the book; without it the number and time of the book decide.
        """
        bids, asks = library_book["bids"], library_book["asks"]
        if not bids or not asks:
            return False
        mark = (library_book.get("nonce"), library_book.get("timestamp"))
        if mark == self._seen and not fresh:
            return False
        book, depth = self.book, self._depth
        book.reset(self._levels(bids, depth), self._levels(asks, depth))
        self._seen = mark
        book.venue_ns = int(library_book.get("timestamp") or 0) * 1_000_000
        book.seen_ns = now_ns
        return True

    def forget(self) -> None:
        """The next book is a new one, whatever its number."""
        self._seen = None

    def _levels(self, levels: Sequence[Any], depth: int) -> Iterable[tuple[int, int]]:
        tick, lot = self._tick, self._lot
        found = []
        for level in levels[:depth]:
            price, size = level[0] / tick, level[1] / lot
            if not math.isfinite(price) or not math.isfinite(size) or price <= 0 or size < 0:
                raise ValueError(f"{self.book.instrument}: level {level[0]} x {level[1]} makes no sense")
            ticks = round(price)
            if abs(price - ticks) > 1e-3:
                raise ValueError(f"{self.book.instrument}: price {level[0]} is no whole tick")
            found.append((ticks, int(size + 1e-6)))
        return found

    def agrees(self, asked: Any) -> bool:
        """Whether a queried book has our best prices."""
        bids, asks = asked["bids"], asked["asks"]
        if not bids or not asks:
            return False
        best = round(bids[0][0] / self._tick), round(asks[0][0] / self._tick)
        return best == (self.book.best_bid, self.book.best_ask)
