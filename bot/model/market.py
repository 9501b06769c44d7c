"""Market data: one order book per instrument, and its top.

Rule 1: an `OrderBook` is updated in place by its venue and read in the same loop turn; nobody keeps a copy.
Rule 2: prices are integer ticks, sizes integer lots; 0 lots removes a level.
Rule 3: a book that is empty on one side, crossed or old says so (`quotable` is False); it never invents a
price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bot.model.instrument import InstrumentId
from bot.model.order import Side


class TopOfBook(NamedTuple):
    """Best bid and ask of one instrument. Ticks, lots, nanoseconds UTC (receive time)."""

    instrument: InstrumentId
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    seen_ns: int


class PublicTrade(NamedTuple):
    """A trade of the market. `side` is the aggressor's."""

    instrument: InstrumentId
    side: Side
    price_ticks: int
    quantity_lots: int
    seen_ns: int


_SCAN = 64  # ticks searched one by one before the whole side is searched for a new best


class OrderBook:
    """Resting size by price of one instrument, with the best of each side kept up to date."""

    __slots__ = ("asks", "best_ask", "best_bid", "bids", "instrument", "seen_ns", "venue_ns")

    def __init__(self, instrument: InstrumentId) -> None:
        self.instrument = instrument
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.best_bid = 0
        self.best_ask = 0
        self.venue_ns = 0
        self.seen_ns = 0

    def reset(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> None:
        """Replace everything: (ticks, lots) pairs per side, any order."""
        self.bids = {p: q for p, q in bids if q > 0}
        self.asks = {p: q for p, q in asks if q > 0}
        self.best_bid = max(self.bids, default=0)
        self.best_ask = min(self.asks, default=0)

    def set_level(self, side: Side, ticks: int, lots: int) -> None:
        """Set one level to `lots` in all; 0 removes it."""
        if side > 0:
            if lots > 0:
                self.bids[ticks] = lots
                if ticks > self.best_bid:
                    self.best_bid = ticks
            elif self.bids.pop(ticks, None) is not None and ticks == self.best_bid:
                self.best_bid = _next_best(self.bids, ticks, -1)
        elif lots > 0:
            self.asks[ticks] = lots
            if ticks < self.best_ask or self.best_ask == 0:
                self.best_ask = ticks
        elif self.asks.pop(ticks, None) is not None and ticks == self.best_ask:
            self.best_ask = _next_best(self.asks, ticks, 1)

    @property
    def quotable(self) -> bool:
        """Two-sided and not crossed or locked. Age is the reader's to judge."""
        return 0 < self.best_bid < self.best_ask

    def top(self) -> TopOfBook:
        """The best level of each side (0 ticks and 0 lots where a side is empty)."""
        bid, ask = self.best_bid, self.best_ask
        return TopOfBook(
            self.instrument, bid, self.bids.get(bid, 0), ask, self.asks.get(ask, 0), self.seen_ns
        )

    def top_without(self, own_bids: Mapping[int, int], own_asks: Mapping[int, int]) -> TopOfBook:
        """The best level of each side that is not only ours.

        `own_*` map ticks to our resting lots. Our size is taken out before anything is derived from
        the book: at these books our own quotes may be the touch.
        """
        bid, bid_lots = _best_other(self.bids, self.best_bid, own_bids, -1)
        ask, ask_lots = _best_other(self.asks, self.best_ask, own_asks, 1)
        return TopOfBook(self.instrument, bid, bid_lots, ask, ask_lots, self.seen_ns)


def _next_best(levels: Mapping[int, int], start: int, step: int) -> int:
    if not levels:
        return 0
    ticks = start
    for _ in range(_SCAN):
        ticks += step
        if ticks in levels:
            return ticks
    return max(levels) if step < 0 else min(levels)


def _best_other(levels: Mapping[int, int], best: int, own: Mapping[int, int], step: int) -> tuple[int, int]:
    if best == 0:
        return 0, 0
    if best not in own:
        return best, levels[best]
    if len(levels) > _SCAN:  # a deep book is dense at its touch
        ticks = best
        for _ in range(_SCAN):
            lots = levels.get(ticks, 0) - own.get(ticks, 0)
            if lots > 0:
                return ticks, lots
            ticks += step
    for ticks in sorted(levels, reverse=step < 0):
        lots = levels[ticks] - own.get(ticks, 0)
        if lots > 0:
            return ticks, lots
    return 0, 0
