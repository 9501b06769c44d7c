"""A recorded market played on the simulated exchanges.

Rule 1: recordings are merged in time order; a message is applied when its time has come, never before.
Rule 2: recorded levels become the other makers' levels; recorded trades sweep the book with our orders at
their place in the queue; where the recorded book trades through one of our orders, that order is filled.
Rule 3: a recording with a hole takes the book away until its next snapshot; it never guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from bot.model.errors import ConfigError
from bot.model.instrument import InstrumentId, Kind
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import Side
from bot.sim.exchange import SimExchange
from bot.sim.matching import Levels
from bot.sim.neutral import read_neutral
from bot.sim.perps import FundingCalendar, FundingTerms
from bot.sim.pool import PoolMarket
from bot.sim.raw_binance import read_binance
from bot.sim.recording import Grid, Message, RecordingParams, ReplayParams, Tape, What
from bot.sim.thin_book import ThinBook

NS = 1_000_000_000
BEAT_NS = NS  # a stream that says nothing for this long is known to be alive by its beat


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in a recording: these instruments had no book from `at_ns` on, until the next snapshot."""

    at_ns: int
    instruments: tuple[InstrumentId, ...]
    reason: str


class Feed:
    """One recording on its way to the exchanges it plays. `next` is its next message, None at the end.

    `book` is the recorded book alone, without our orders.
    """

    def __init__(
        self, messages: Iterator[Message], targets: Sequence[SimExchange], thin: ThinBook | None
    ) -> None:
        self._messages = messages
        self.targets = tuple(targets)
        self.thin = thin
        self.book = OrderBook(targets[0].instrument.id)
        self.tick_usdt = float(targets[0].instrument.tick)
        self.next: Message | None = next(messages, None)

    @property
    def mid_usdt(self) -> float | None:
        """Mid of the recorded book, None without one."""
        book = self.book
        return (book.best_bid + book.best_ask) / 2 * self.tick_usdt if book.quotable else None

    def apply(self, now_ns: int) -> int:
        """Deliver `next` at `now_ns` and read on; returns how many market events the exchanges saw."""
        message = self.next
        if message is None:
            return 0
        self.next = next(self._messages, None)
        if message.what is What.LEVELS:
            return self._levels(message, now_ns)
        if message.what is What.TRADE or message.what is What.PRICE:
            return self._trade(message, now_ns)
        if message.what is What.SNAPSHOT:
            bids = [(ticks, lots) for side, ticks, lots in message.rows if side > 0]
            return self._replace(
                bids, [(ticks, lots) for side, ticks, lots in message.rows if side < 0], now_ns
            )
        if message.what is What.LOST:
            return self._replace([], [], now_ns)
        return 0

    def _levels(self, message: Message, now_ns: int) -> int:
        set_level = self.book.set_level
        for side, ticks, lots in message.rows:
            set_level(side, ticks, lots)
        for exchange in self.targets:
            exchange.hold_book()
            exchange.set_levels(message.rows, now_ns)
            self._trade_through(exchange, now_ns)
            exchange.release_book()
        return len(self.targets)

    def _replace(self, bids: Levels, asks: Levels, now_ns: int) -> int:
        self.book.reset(bids, asks)
        for exchange in self.targets:
            exchange.hold_book()
            exchange.set_others(bids, asks, now_ns)
            self._trade_through(exchange, now_ns)
            exchange.release_book()
        return len(self.targets)

    def _trade_through(self, exchange: SimExchange, now_ns: int) -> None:
        """Others quote at or through our price on the other side: they would have traded with us."""
        recorded, shown = self.book, exchange.book
        if recorded.best_ask and shown.best_bid >= recorded.best_ask:
            exchange.pick_off(Side.BUY, recorded.best_ask - 1, None, now_ns)
        if recorded.best_bid and 0 < shown.best_ask <= recorded.best_bid:
            exchange.pick_off(Side.SELL, recorded.best_bid + 1, None, now_ns)

    def _trade(self, message: Message, now_ns: int) -> int:
        side, ticks, lots = message.rows[0]
        if message.what is What.PRICE:
            side = Side.BUY if ticks * 2 > self.book.best_bid + self.book.best_ask else Side.SELL
        events = 0
        if lots:
            for exchange in self.targets:
                rest = lots - exchange.sweep(side, ticks, lots, now_ns)
                events += 1 if rest == lots else 2
                if rest:  # the public saw the whole trade; our book did not hold all of it
                    exchange.events.on_trade(PublicTrade(exchange.instrument.id, side, ticks, rest, now_ns))
        if self.thin is not None:
            levels = self.thin.around(ticks, message.ts_ns)
            if levels is not None:
                events += self._replace(*levels, now_ns)
        return events


class ReplayWorld:
    """Drives the exchanges with recordings and a pool beside them; a `MarketDriver`.

    `fair_usdt` is the mid of the first spot recording (of the first perp's without one) as last seen.
    Construction plays up to the moment when every exchange has a two-sided book: `now_ns` is where the
    daemon's clock must start. `gaps` lists the holes met, `on_gap` hears of each, `messages` counts.
    """

    def __init__(self, params: ReplayParams, seed: int, exchanges: Sequence[SimExchange], tape: Tape) -> None:
        self.params = params
        self.exchanges = tuple(exchanges)
        self.feeds = _open_feeds(params, self.exchanges, tape)
        self.gaps: list[Gap] = []
        self.on_gap: Callable[[Gap], None] | None = None
        self.on_funding: Callable[[InstrumentId, FundingTerms], None] | None = None
        self.messages = 0
        first = min((feed.next.ts_ns for feed in self.feeds if feed.next is not None), default=None)
        if first is None:
            raise ConfigError(["the recordings hold no message"])
        self._shift_ns = 0 if params.start_ns is None else params.start_ns - first
        self.now_ns = first + self._shift_ns
        self.fair_usdt = 0.0
        self.pool: PoolMarket | None = None
        self._calendar = FundingCalendar(params.funding_interval_h)
        self._settle_ns = self._calendar.next_ns(self.now_ns)
        self._play_until_quotable()
        self.pool = PoolMarket(params.pool, self.fair_usdt, self.now_ns, np.random.SeedSequence(seed))

    def _play_until_quotable(self) -> None:
        while not all(feed.book.quotable for feed in self.feeds):
            if self.next_ns() is None:
                silent = [e.instrument.id for f in self.feeds if not f.book.quotable for e in f.targets]
                raise ConfigError([f"the recordings end before {name} has a book" for name in silent])
            self.step()

    def next_ns(self) -> int | None:
        """Time of the next message or beat, None when the recordings have ended."""
        feed = self._earliest()
        if feed is None or feed.next is None:
            return None
        return min(feed.next.ts_ns + self._shift_ns, self.now_ns + BEAT_NS)

    def _earliest(self) -> Feed | None:
        earliest, at = None, 0
        for feed in self.feeds:
            message = feed.next
            if message is not None and (earliest is None or message.ts_ns < at):
                earliest, at = feed, message.ts_ns
        return earliest

    def step(self) -> int:
        """Play the next message, or let a silent second pass. Returns market events: book updates, trades,
        pool blocks, settlements.
        """
        feed = self._earliest()
        if feed is None or feed.next is None:
            return 0
        message = feed.next
        at = message.ts_ns + self._shift_ns
        if at > self.now_ns + BEAT_NS and self.pool is not None:
            return self._beat(self.now_ns + BEAT_NS)
        now = self.now_ns = at
        self.messages += 1
        if message.what is What.LOST:
            self._report(Gap(now, tuple(e.instrument.id for e in feed.targets), message.reason))
        events = feed.apply(now)
        if feed is self.feeds[0] and feed.book.quotable:
            self.fair_usdt = (feed.book.best_bid + feed.book.best_ask) / 2 * feed.tick_usdt
        return events + self._background(now)

    def _beat(self, now_ns: int) -> int:
        """A second without a message: streams whose recording goes on are alive, their books still hold."""
        self.now_ns = now_ns
        for feed in self.feeds:
            if feed.next is not None and feed.book.quotable:
                for exchange in feed.targets:
                    exchange.book.seen_ns = now_ns
        return self._background(now_ns)

    def _background(self, now_ns: int) -> int:
        """Pool blocks and funding that are due."""
        pool, events = self.pool, 0
        if pool is not None and now_ns >= pool.next_block_ns:
            events += pool.block(now_ns, self.fair_usdt)
        while now_ns >= self._settle_ns:
            events += self._settle()
        return events

    def _report(self, gap: Gap) -> None:
        self.gaps.append(gap)
        if self.on_gap is not None:
            self.on_gap(gap)

    def _settle(self) -> int:
        """One funding settlement of every perp at its recorded mid, in a gap at the fair price."""
        at = self._settle_ns
        self._settle_ns = at + self._calendar.interval_ns
        rate = self._calendar.rate(self.params.funding_annual)
        settled = 0
        for feed in self.feeds:
            for exchange in feed.targets:
                if exchange.instrument.kind is Kind.PERP:
                    mark = Decimal(f"{feed.mid_usdt or self.fair_usdt:.8f}")
                    exchange.settle_funding(rate, mark, str(at // NS), self.now_ns)
                    settled += 1
        if self.on_funding is not None:
            for name, terms in self.funding_terms.items():
                self.on_funding(name, terms)
        return settled

    @property
    def funding_terms(self) -> dict[InstrumentId, FundingTerms]:
        """(rate per interval, interval hours, next settlement ns) of each perp."""
        calendar = self._calendar
        terms = (calendar.rate(self.params.funding_annual), calendar.interval_h, self._settle_ns)
        perps = (e.instrument for e in self.exchanges if e.instrument.kind is Kind.PERP)
        return {instrument.id: terms for instrument in perps}

    def funding(self, instrument: InstrumentId) -> FundingTerms | None:
        """Funding terms of a perp; None for spot."""
        return self.funding_terms.get(instrument)

    def state(self) -> dict[str, float | str]:
        """What goes on over a restart: the pool. The recordings start again from their beginning."""
        return {} if self.pool is None else {"market": "replay", **self.pool.state()}

    def restore(self, state: Mapping[str, float | str]) -> None:
        """Take over a stored pool. ConfigError when the state is that of another market."""
        if state.get("market") != "replay":
            raise ConfigError(["the stored market is not a replayed one: start in another state directory"])
        if self.pool is not None:
            self.pool.restore(state)


def _open_feeds(params: ReplayParams, exchanges: Sequence[SimExchange], tape: Tape) -> list[Feed]:
    """One feed per recording, spot before perp: the first prices the pool. ConfigError lists all faults."""
    by_id = {exchange.instrument.id: exchange for exchange in exchanges}
    played = [name for recording in params.recordings for name in recording.plays]
    twice = sorted({name for name in played if played.count(name) > 1})
    problems = [f"{name} is played by two recordings" for name in twice]
    problems += [
        f"a recording plays {name}, which is not traded here" for name in played if name not in by_id
    ]
    problems += [f"no recording plays {name}" for name in by_id if name not in played]
    for recording in params.recordings:
        problems += [f"recording not found: {name}" for name in tape.missing(recording.files)]
    if problems:
        raise ConfigError(problems)
    feeds = [
        _open_feed(params, recording, [by_id[name] for name in recording.plays], tape)
        for recording in params.recordings
    ]
    return sorted(feeds, key=lambda feed: feed.targets[0].instrument.kind is Kind.PERP)


def _open_feed(
    params: ReplayParams, recording: RecordingParams, targets: list[SimExchange], tape: Tape
) -> Feed:
    instrument, files = targets[0].instrument, recording.files
    for other in targets[1:]:
        if (other.instrument.tick, other.instrument.lot) != (instrument.tick, instrument.lot):
            raise ConfigError(
                [f"{instrument.id} and {other.instrument.id} share a recording, not tick and lot"]
            )
    grid, name = Grid(instrument), ", ".join(files)
    if recording.form == "neutral":
        messages = read_neutral(tape.rows(files), grid, name)
    else:
        messages = read_binance(tape.frames(files, "@bookTicker"), grid, name)
    thin = ThinBook(params.thin_book, instrument) if recording.book == "thin" else None
    return Feed(messages, targets, thin)
