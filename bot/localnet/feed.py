"""The published picture of one order book: snapshots and numbered changes.

Rule 1: a snapshot is always what the changes so far add up to, never newer than the last number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.model.market import OrderBook

Level = tuple[int, int]


class Change(NamedTuple):
    """Levels that changed (0 lots = gone), best first; `first` to `last` are the numbers they took."""

    first: int
    last: int
    previous: int
    bids: list[Level]
    asks: list[Level]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All shown levels, best first, as of number `last`."""

    last: int
    bids: list[Level]
    asks: list[Level]


class BookFeed:
    """Follows one book down to `depth` levels a side (None = all)."""

    def __init__(self, book: OrderBook, depth: int | None, first: int = 1) -> None:
        self._book, self._depth = book, depth
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.last = first
        self.previous = first
        self.changes()

    def changes(self) -> Change | None:
        """What changed since the last call, or None; takes one number for each level."""
        new_bids, new_asks = self._shown(self._book.bids, -1), self._shown(self._book.asks, 1)
        bids = _difference(self._bids, new_bids)
        asks = _difference(self._asks, new_asks)
        if not bids and not asks:
            return None
        self._bids, self._asks = new_bids, new_asks
        self.previous, self.last = self.last, self.last + len(bids) + len(asks)
        bids.sort(reverse=True)
        asks.sort()
        return Change(self.previous + 1, self.last, self.previous, bids, asks)

    def _shown(self, levels: dict[int, int], sign: int) -> dict[int, int]:
        if self._depth is None or len(levels) <= self._depth:
            return dict(levels)
        prices = sorted(levels, reverse=sign < 0)[: self._depth]
        return {price: levels[price] for price in prices}

    def snapshot(self, depth: int | None = None) -> Snapshot:
        """The picture as published so far."""
        bids = sorted(self._bids.items(), reverse=True)[:depth]
        asks = sorted(self._asks.items())[:depth]
        return Snapshot(self.last, bids, asks)


def _difference(old: dict[int, int], new: dict[int, int]) -> list[Level]:
    changed = [item for item in new.items() if old.get(item[0]) != item[1]]
    changed += [(price, 0) for price in old if price not in new]
    return changed
