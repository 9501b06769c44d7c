"""Samples the market for the aggregator: tops of all books with our own size taken out, funding, volume.

Rule 1: a book tick never crosses the aggregator; only samples do, once per interval or when a mid moved by
`move_bps` since the last sample.
Rule 2: an instrument without a usable book is left out (unknown), never sent as zero.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.channels import Inbox
from bot.clock import Clock
from bot.model.facts import MarketSampled
from bot.model.instrument import InstrumentId
from bot.model.market import PublicTrade
from bot.venues.base import Venue

_NONE: Mapping[int, int] = {}


@dataclass(slots=True)
class OwnSizes:
    """Our resting lots by ticks on one instrument: quotes (kept by the quoter), sale (by the seller)."""

    bids: Mapping[int, int] = field(default_factory=dict)
    asks: Mapping[int, int] = field(default_factory=dict)
    sale: dict[int, int] = field(default_factory=dict)

    def all_asks(self) -> Mapping[int, int]:
        """Asks of quotes and sale together."""
        if not self.sale:
            return self.asks
        merged = dict(self.asks)
        for ticks, lots in self.sale.items():
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

    def health(self, instrument: InstrumentId, up: bool) -> None:
        """Leave an instrument out of the samples while its streams are down."""
        if up:
            self._down.discard(instrument)
        else:
            self._down.add(instrument)

    def touch(self, instrument: InstrumentId, mid_ticks2: int) -> None:
        """A book changed; `mid_ticks2` is bid + ask in ticks. Samples at once after a large move."""
        last = self._sampled_mid.get(instrument)
        if last is None or abs(mid_ticks2 - last) > self._move * last:
            self.sample()

    def traded(self, trade: PublicTrade) -> None:
        """Count public volume for participation limits."""
        self._volume[trade.instrument] = self._volume.get(trade.instrument, 0) + trade.quantity_lots

    def sample(self) -> None:
        """Send one sample now."""
        tops, funding = [], []
        for key, venue in self._venues.items():
            book = venue.book
            if key in self._down or not book.quotable:
                continue
            own = self.own.get(key)
            top = book.top() if own is None else book.top_without(own.bids, own.all_asks())
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
            self.sample()
            await asyncio.sleep(self._every_s)
