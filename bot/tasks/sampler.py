"""Samples the market for the aggregator: tops of all books with our own size taken out, funding, volume.

Rule 1: a book tick never crosses the aggregator; only samples do, once per interval or when a mid moved by
`move_bps` since the last sample.
Rule 2: an instrument without a usable book is left out (unknown), never sent as zero.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.channels import Inbox
from bot.clock import Clock
from bot.model.facts import MarketSampled
from bot.model.instrument import InstrumentId
from bot.model.market import PublicTrade
from bot.quoting.live import LiveOrder, LiveQuotes
from bot.venues.base import Venue


@dataclass(slots=True)
class OwnSizes:
    """What of a spot book may be ours: resting quotes, prices under way, the resting sale.

    An amend rests at its old or its new price until it is answered; taking our size out at both keeps us from
    reading our own order as somebody else's.
    """

    live: LiveQuotes
    sale: Mapping[int, int]

    def bids(self) -> Mapping[int, int]:
        """Our lots by ticks on the bid side."""
        return self._with_moving(self.live.own_bids, self.live.bids)

    def asks(self) -> Mapping[int, int]:
        """Our lots by ticks on the ask side."""
        own = self._with_moving(self.live.own_asks, self.live.asks)
        return _added(own, self.sale.items()) if self.sale else own

    def _with_moving(self, own: Mapping[int, int], orders: list[LiveOrder]) -> Mapping[int, int]:
        moving = [(o.to_ticks, o.to_lots) for o in orders if o.to_ticks != o.ticks]
        return _added(own, moving) if moving else own


def _added(own: Mapping[int, int], more: Iterable[tuple[int, int]]) -> dict[int, int]:
    merged = dict(own)
    for ticks, lots in more:
        merged[ticks] = merged.get(ticks, 0) + lots
    return merged


class Sampler:
    """Reads every venue's book; `touch` is called on each book change, `run` keeps the interval."""

    def __init__(
        self,
        venues: Mapping[InstrumentId, Venue],
        inbox: Inbox,
        clock: Clock,
        every_s: float,
        move_bps: float,
    ) -> None:
        self._venues, self._inbox, self._clock = venues, inbox, clock
        self._every_s, self._move = every_s, move_bps / 1e4
        self.own: dict[InstrumentId, OwnSizes] = {}
        self._sampled_mid: dict[InstrumentId, float] = {}
        self._volume: dict[InstrumentId, int] = {}
        self._lot = {key: float(venue.instrument.lot) for key, venue in venues.items()}
        self._down: set[InstrumentId] = set()
        self._due, self._sampled_at = False, -every_s

    def health(self, instrument: InstrumentId, up: bool) -> None:
        """Leave an instrument out of the samples while its streams are down."""
        if up:
            self._down.discard(instrument)
        else:
            self._down.add(instrument)

    def touch(self, instrument: InstrumentId, mid_ticks2: int) -> None:
        """A book changed; `mid_ticks2` is bid + ask in ticks. Samples soon after a large move."""
        last = self._sampled_mid.get(instrument)
        if (last is None or abs(mid_ticks2 - last) > self._move * last) and not self._due:
            # Other books move in the same instant: sample them together, at the end of this loop turn.
            self._due = True
            asyncio.get_running_loop().call_soon(self._sample_due)

    def _sample_due(self) -> None:
        if self._due:
            self.sample()

    def traded(self, trade: PublicTrade) -> None:
        """Count public volume for participation limits."""
        self._volume[trade.instrument] = self._volume.get(trade.instrument, 0) + trade.quantity_lots

    def sample(self) -> None:
        """Send one sample now."""
        self._due = False
        self._sampled_at = self._clock.monotonic()
        tops, funding = [], []
        for key, venue in self._venues.items():
            book = venue.book
            if key in self._down or not book.quotable:
                continue
            own = self.own.get(key)
            top = book.top() if own is None else book.top_without(own.bids(), own.asks())
            self._sampled_mid[key] = book.best_bid + book.best_ask
            if top.bid_ticks and top.ask_ticks:
                tops.append(top)
            terms = venue.funding()
            if terms is not None:
                funding.append((key, *terms))
        volume = tuple((key, lots * self._lot[key]) for key, lots in sorted(self._volume.items()))
        self._volume.clear()
        self._inbox.put(MarketSampled(self._clock.now_ns(), tuple(tops), tuple(funding), volume))

    async def run(self) -> None:
        """Sample every interval."""
        while True:
            wait_s = self._sampled_at + self._every_s - self._clock.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            else:
                self.sample()
