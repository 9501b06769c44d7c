"""The market in a box: three spot and three perp exchanges and a pool around one fair price.

Rule 1: a step = fair move → stale quotes picked off → takers → pool block → other makers re-quote → funding.
The daemon answers the books published last, so its quotes are fresh when the next step moves the price.
Rule 2: one seed makes every random stream; our orders reach none of them except the pick-off draws.
Rule 3: an exchange is touched only when something on it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import cast

import numpy as np

from bot.model.errors import ConfigError
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.model.market import PublicTrade
from bot.model.order import Side
from bot.sim.exchange import SimExchange
from bot.sim.matching import Levels
from bot.sim.params import DAY_S, EXCHANGES, BookParams, WorldParams
from bot.sim.perps import FundingCalendar, FundingProcess, FundingTerms
from bot.sim.pool import PoolMarket
from bot.sim.timeline import Taker, Timeline

NS = 1_000_000_000
BLOCK_STEPS = 3_600
_SHAPES_MAX = 1_000  # remembered book shapes per exchange


class BookShape:
    """The other makers of one book: levels around a centre, as (ticks, lots)."""

    def __init__(self, params: BookParams, instrument: Instrument) -> None:
        spot = instrument.kind is Kind.SPOT
        share = params.exchange_shares[EXCHANGES.index(instrument.exchange)]
        depths = params.spot_depths_bps if spot else params.perp_depths_bps
        sizes = params.spot_sizes_usdt if spot else params.perp_sizes_usdt
        self._depths = [depth / 1e4 for depth in depths]
        lot_usdt_per_tick = float(instrument.tick) * float(instrument.lot)
        self._lots_ticks = [size * share / lot_usdt_per_tick for size in sizes]
        self._memory: dict[int, tuple[Levels, Levels]] = {}

    def around(self, centre_ticks: int) -> tuple[Levels, Levels]:
        """(bids, asks) around `centre_ticks`; at least one tick each way, sizes constant in USDT."""
        shape = self._memory.get(centre_ticks)
        if shape is None:
            if len(self._memory) >= _SHAPES_MAX:
                self._memory.clear()
            shape = self._memory[centre_ticks] = self._build(centre_ticks)
        return shape

    def _build(self, centre: int) -> tuple[Levels, Levels]:
        lots_at: dict[int, int] = {}
        for depth, lots in zip(self._depths, self._lots_ticks, strict=True):
            offset = max(1, round(centre * depth))
            lots_at[offset] = lots_at.get(offset, 0) + max(1, int(lots / centre))
        bids = {centre - offset: lots for offset, lots in lots_at.items() if offset < centre}
        asks = {centre + offset: lots for offset, lots in lots_at.items()}
        # An exchange copies pairs into a dict; it copies a dict three times faster.
        return cast("Levels", bids), cast("Levels", asks)


class World:
    """Drives the exchanges and the pool through time; a `MarketDriver`.

    `exchanges` may be any subset of the six. Every book is published at construction, so a venue has a first
    book to start on. `fair_usdt` is the fair price now (within a step: after the move, before its takers);
    `on_funding` hears each new reading of the terms.
    """

    def __init__(
        self, params: WorldParams, seed: int, start_ns: int, exchanges: Sequence[SimExchange]
    ) -> None:
        timeline, funding, pool, picks, prints = np.random.SeedSequence(seed).spawn(5)
        self.params = params
        self.exchanges = tuple(exchanges)
        self.now_ns = start_ns
        self.fair_usdt = params.price.start_usdt
        self.pool = PoolMarket(params.pool, self.fair_usdt, start_ns, pool)
        self.on_funding: Callable[[InstrumentId, FundingTerms], None] | None = None
        self.funding_terms: dict[InstrumentId, FundingTerms] = {}
        self._step_ns = round(params.step_s * NS)
        self._timeline = Timeline(params, [e.instrument for e in exchanges], timeline)
        self._shapes = [BookShape(params.book, e.instrument) for e in exchanges]
        self._picks = np.random.default_rng(picks)
        self._pick_probability = 1 - (1 - params.flow.stale_hit_probability_per_s) ** params.step_s
        self._funding = FundingProcess(params.perps, funding)
        self._calendar = FundingCalendar(params.perps.funding_interval_h)
        self._perps = [
            (e, EXCHANGES.index(e.instrument.exchange)) for e in exchanges if e.instrument.kind is Kind.PERP
        ]
        self._held: list[SimExchange] = []
        self._books = [exchange.book for exchange in exchanges]
        self._settle_ns = self._calendar.next_ns(start_ns)
        self._update_ns = self._print_ns = self._timer_ns = start_ns
        self._prints = np.random.default_rng(prints)
        self._print_usdt = [_background_usdt(params.book, e.instrument) for e in exchanges]
        self._open()

    def _open(self) -> None:
        """Draw the first block from here and publish every book and rate as it is now."""
        self._basis = self._timeline.basis
        self._block = self._timeline.draw(BLOCK_STEPS)
        self._at = 0
        centres = self._timeline.centres(self.fair_usdt, self._basis)
        for exchange, shape, centre in zip(self.exchanges, self._shapes, centres, strict=True):
            exchange.set_others(*shape.around(centre), self.now_ns)
        self._publish_funding(self._funding.rates_annual)

    def next_ns(self) -> int:
        """Time of the next step. The market never ends."""
        return self.now_ns + self._step_ns

    def step(self) -> int:
        """One step. Returns market events: book updates, public trades, pool blocks, funding readings.

        A book that only lost size to a taker and was refilled is not counted again.
        """
        block, at = self._block, self._at
        if at == block.steps:
            block = self._block = self._timeline.draw(BLOCK_STEPS)
            at = 0
        self._at = at + 1
        now = self.now_ns = self.now_ns + self._step_ns
        self._basis = block.basis[at]
        self.fair_usdt = block.fair_moved[at]
        events = block.updates[at]
        exchanges = self.exchanges
        for exchange, fair_ticks in zip(exchanges, block.moved_ticks[at], strict=True):
            book = exchange.book
            if book.best_bid > fair_ticks or book.best_ask < fair_ticks:
                events += self._pick_off(exchange, fair_ticks)
        takers = block.takers[at]
        if takers:
            events += self._sweep(takers)
        self.fair_usdt = fair = block.fair[at]
        pool = self.pool
        if now >= pool.next_block_ns:
            events += pool.block(now, fair)
        centres, shapes = block.centres[at], self._shapes
        for number in self._timeline.subsets[block.requotes[at]]:
            bids, asks = shapes[number].around(centres[number])
            exchanges[number].set_others(bids, asks, now)
        if self._held:
            self._release()
        if now >= self._timer_ns:
            events += self._timers(now)
        for book in self._books:
            book.seen_ns = now  # streams beat even when nothing changed: silence would mean a lost line
        return events

    def _sweep(self, takers: list[Taker]) -> int:
        """The takers of this step; their books are published at its end."""
        events = 0
        for taker in takers:
            exchange = self.exchanges[taker.book]
            exchange.hold_book()
            self._held.append(exchange)
            events += exchange.sweep(taker.side, taker.limit_ticks, taker.lots, self.now_ns) > 0
        return events

    def _pick_off(self, exchange: SimExchange, fair_ticks: float) -> int:
        """Each of our orders on the wrong side of fair is hit with the stale probability."""
        events = 0
        for client_id, _side, _ticks, lots in exchange.own_crossed(fair_ticks):
            if self._picks.random() < self._pick_probability:
                exchange.hold_book()
                self._held.append(exchange)
                events += exchange.hit(client_id, lots, self.now_ns) > 0
        return events

    def _release(self) -> None:
        """Publish the books that traded, once each, now that the other makers have re-quoted."""
        for exchange in self._held:
            exchange.release_book()
        self._held.clear()

    def _timers(self, now: int) -> int:
        """What happens by the clock: funding settlements, new funding terms, background prints."""
        events = 0
        if now >= self._settle_ns:
            events += self._settle(now)
        if now >= self._update_ns:
            self._update_ns = now + round(self.params.perps.funding_update_s * NS)
            events += self._publish_funding(self._funding.advance())
        if now >= self._print_ns:
            self._print_ns = now + round(self.params.book.background_print_s * NS)
            events += self._print_background(now)
        self._timer_ns = min(self._settle_ns, self._update_ns, self._print_ns)
        return events

    def _settle(self, now: int) -> int:
        """Funding settles at the rate streamed last and the mark of now; terms name the next settlement."""
        interval = str(self._settle_ns // NS)
        self._settle_ns = self._calendar.next_ns(now)
        for exchange, column in self._perps:
            rate = self.funding_terms[exchange.instrument.id][0]
            mark = Decimal(f"{self.fair_usdt * (1 + self._basis[column]):.8f}")
            exchange.settle_funding(rate, mark, interval, now)
        return len(self._perps) + self._publish_funding(self._funding.rates_annual)

    def _print_background(self, now: int) -> int:
        """Public trades of the others among themselves, at the centre of each book."""
        sizes = self._prints.exponential(size=len(self.exchanges)).tolist()
        buys = (self._prints.random(len(self.exchanges)) < 0.5).tolist()
        events = 0
        for exchange, mean_usdt, size, buy in zip(self.exchanges, self._print_usdt, sizes, buys, strict=True):
            instrument = exchange.instrument
            mark = self.mark_usdt(instrument.id)
            lots = int(size * mean_usdt / mark / float(instrument.lot))
            if lots:
                side = Side.BUY if buy else Side.SELL
                ticks = max(1, round(mark / float(instrument.tick)))
                exchange.events.on_trade(PublicTrade(instrument.id, side, ticks, lots, now))
                events += 1
        return events

    def _publish_funding(self, rates_annual: Sequence[float]) -> int:
        calendar = self._calendar
        for exchange, column in self._perps:
            terms = (calendar.rate(rates_annual[column]), calendar.interval_h, self._settle_ns)
            self.funding_terms[exchange.instrument.id] = terms
            if self.on_funding is not None:
                self.on_funding(exchange.instrument.id, terms)
        return len(self._perps)

    def funding(self, instrument: InstrumentId) -> FundingTerms | None:
        """Funding terms as last streamed; None for spot."""
        return self.funding_terms.get(instrument)

    def mark_usdt(self, instrument: InstrumentId) -> float:
        """The mark price: fair on spot, F = S·(1+basis) on a perp."""
        exchange, _, kind = instrument.partition(".")
        if kind == Kind.SPOT.value:
            return self.fair_usdt
        return self.fair_usdt * (1 + self._basis[EXCHANGES.index(exchange)])

    def state(self) -> dict[str, float | str]:
        """What the market goes on from after a restart: prices, rates, reserves; not its random streams."""
        state: dict[str, float | str] = {"market": "sim", "fair_usdt": self.fair_usdt, **self.pool.state()}
        for number, name in enumerate(EXCHANGES):
            state[f"basis_{name}"] = self._basis[number]
            state[f"funding_annual_{name}"] = self._funding.rates_annual[number]
        return state

    def restore(self, state: Mapping[str, float | str]) -> None:
        """Continue from `state()`: prices and reserves go on from there, the randomness is this seed's.

        Books and funding are published anew. ConfigError when the state is that of another market.
        """
        if state.get("market") != "sim":
            raise ConfigError(["the stored market is not a simulated one: start in another state directory"])
        self.fair_usdt = float(state["fair_usdt"])
        self.pool.restore(state)
        self._funding.set([float(state[f"funding_annual_{name}"]) for name in EXCHANGES])
        self._timeline.place(self.fair_usdt, [float(state[f"basis_{name}"]) for name in EXCHANGES])
        self._open()


def _background_usdt(params: BookParams, instrument: Instrument) -> float:
    """Mean size of one background print of an instrument, USDT."""
    spot = instrument.kind is Kind.SPOT
    volumes = params.spot_background_usdt_day if spot else params.perp_background_usdt_day
    return volumes[EXCHANGES.index(instrument.exchange)] * params.background_print_s / DAY_S
