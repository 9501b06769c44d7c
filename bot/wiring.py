"""Which parts a mode is made of: venues, pool, journal, clock. The only place where modes differ.

Rule 1: everything that touches the world is built here and handed in; the daemon never asks which mode it is.
Rule 2: a virtual run writes inline and keeps no paper store: same seed, same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from bot.chain.monitor import ChainMonitor
from bot.chain.paper_pool import PaperPool
from bot.chain.setup import monitor_config
from bot.clock import Clock, LoopClock, MarketDriver, VirtualLoop
from bot.config import Settings, instruments
from bot.deal.schedule import tokens_to_sell
from bot.model.errors import BotError
from bot.model.facts import AccountOpened, Fact, OptionsValued, PoolObserved, Transferred
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.ops.journal import Journal, JournalOptions
from bot.risk.ledger import TREASURY
from bot.risk.setup import RiskSetup
from bot.sim.account import PerpAccount, SpotAccount
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.sim.pool import PoolMarket
from bot.sim.replay import ReplayWorld
from bot.sim.world import World
from bot.tasks.lp_monitor import Reading, Watch
from bot.tasks.option_marker import Runner
from bot.venues.base import Venue
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.paper_store import NullStore, PaperStore
from bot.venues.tape import FileTape

LP_ACCOUNT = "lp"
_PUMP_STEPS = 50  # steps of a market that fell behind between two turns of the loop
_WORLD_SAVE_S = 1.0


@dataclass(slots=True)
class Parts:
    """What a daemon is built from. `background()` are extra tasks.

    LP readings come from `start_pool(sink)`, called once, or from `watch_chain`, a task.
    """

    clock: Clock
    venues: Mapping[InstrumentId, Venue]
    journal: Journal
    risk_setup: RiskSetup
    run_in: Runner
    opening: Callable[[int], list[Fact]]
    start_pool: Callable[[Callable[[PoolObserved], None]], None]
    background: Callable[[], dict[str, Callable[[], Any]]]
    close: Callable[[], None]
    watch_journal: Callable[[Callable[[str | None], None]], None]
    receive_window_s: float = 5.0
    reconcile_every_s: float = 30.0
    market: MarketDriver | None = None
    watch_chain: Watch | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place: its loop's clock, whether time is virtual, where state is kept."""

    clock: VirtualLoop | LoopClock
    virtual: bool
    state_dir: Path
    seed: int


def build(settings: Settings, place: Place) -> Parts:
    """The parts of this mode. Raises `BotError` for a mode that is not there yet."""
    if settings.mode != "paper" or settings.feed.kind == "live":
        raise BotError(
            f"mode {settings.mode} with feed {settings.feed.kind} needs the exchange clients, which this "
            'version does not have: use mode = "paper" with feed.kind = "sim" or "replay"'
        )
    return _Paper(settings, place).parts()


def risk_setup(settings: Settings) -> RiskSetup:
    """What the risk state has to know before its first fact."""
    opening = {key: (one.tokens, one.usdt) for key, one in settings.opening.accounts.items()}
    price = settings.opening.price_usdt
    return RiskSetup(
        terms=settings.terms,
        instruments=instruments(settings),
        limits=settings.limits,
        mode=settings.mode,
        prefix=settings.prefix,
        sell_total_tokens=tokens_to_sell(settings.terms, settings.limits.obligations, price),
        opening=opening,
    )


def opening_facts(settings: Settings, now_ns: int) -> list[Fact]:
    """The books on the first day: what each account received, and what went into the pool."""
    facts: list[Fact] = []
    for account, one in settings.opening.accounts.items():
        facts.append(AccountOpened(now_ns, account, one.tokens, one.usdt, one.borrowed))
    lp = settings.opening.lp
    if lp.tokens or lp.usdt:
        # Tokens and USDT of the pool came in by the treasury and left for the pool at once.
        facts.append(AccountOpened(now_ns, TREASURY, lp.tokens, lp.usdt, lp.borrowed))
        facts.append(Transferred(now_ns, TREASURY, LP_ACCOUNT, lp.tokens, lp.usdt))
    return facts


def chain_watch(settings: Settings, clock: Clock) -> Watch | None:
    """What follows the configured chain; None without one. Raises `ConfigError` for a bad contracts file."""
    chain = settings.chain
    if chain is None:
        return None
    if chain.contracts_file is not None:
        file = settings.files.main.parent / chain.contracts_file
        chain = chain.model_copy(update={"contracts_file": file})
    config = monitor_config(chain)

    def watch(sink: Callable[[Reading], None], mark: Callable[[], float | None]) -> Awaitable[None]:
        return ChainMonitor(replace(config, reference=mark), sink, clock).run()

    return watch


class _Paper:
    """The embedded market and the paper venues over it."""

    def __init__(self, settings: Settings, place: Place) -> None:
        self.settings, self.place = settings, place
        # A real chain cannot follow a virtual clock: there the simulated pool stands in for it.
        self.watch_chain = None if place.virtual else chain_watch(settings, place.clock)
        place.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store = NullStore() if place.virtual else PaperStore(place.state_dir / "paper.db")
        start = round(settings.paper.start.timestamp()) * 1_000_000_000
        if isinstance(self.store, PaperStore):
            left_at = int(str(self.store.world.get("now_ns", 0)))
            start = max(start, left_at, self.store.last_ns + 1_000_000_000)
        place.clock.begin_at(start)
        exchanges = [self._exchange(item) for item in instruments(settings).values()]
        self.known = [self.store.load(e) for e in exchanges] if isinstance(self.store, PaperStore) else []
        self.world = self._world(exchanges)
        self.on_journal: Callable[[str | None], None] = lambda _: None
        self.venues = self._venues(exchanges)
        self.world.on_funding = self._funding
        for key, venue in self.venues.items():
            venue.funding_terms = self.world.funding(key)

    def _exchange(self, instrument: Instrument) -> SimExchange:
        one = self.settings.opening.accounts.get(instrument.id)
        tokens, usdt = (one.tokens, one.usdt) if one else (Decimal(0), Decimal(0))
        if instrument.kind is Kind.SPOT:
            return SimExchange(instrument, SpotAccount(instrument, tokens, usdt), IgnoreEvents())
        return SimExchange(instrument, PerpAccount(instrument, usdt), IgnoreEvents())

    def _world(self, exchanges: list[SimExchange]) -> World | ReplayWorld:
        feed, seed = self.settings.feed, self.place.seed
        if feed.kind == "replay" and feed.replay is not None:
            world: World | ReplayWorld = ReplayWorld(
                feed.replay, seed, exchanges, FileTape(Path(feed.replay.directory))
            )
            self.place.clock.begin_at(world.now_ns)
        else:
            world = World(self.settings.paper.world, seed, self.place.clock.now_ns(), exchanges)
        remembered = self.store.world if isinstance(self.store, PaperStore) else {}
        if "state" in remembered:
            world.restore(remembered["state"])
        return world

    def _venues(self, exchanges: list[SimExchange]) -> dict[InstrumentId, PaperVenue]:
        paper = self.settings.paper
        terms = PaperTerms(
            paper.order_latency_s,
            paper.answer_latency_s,
            paper.jitter,
            paper.reject_share,
            paper.lost_request_share,
            paper.lost_answer_share,
        )
        seeds = np.random.SeedSequence([self.place.seed, 1]).spawn(len(exchanges))
        return {
            e.instrument.id: PaperVenue(e, self.place.clock, np.random.default_rng(s), terms, self.store)
            for e, s in zip(exchanges, seeds, strict=True)
        }

    def _funding(self, key: InstrumentId, terms: tuple[float, float, int]) -> None:
        self.venues[key].funding_terms = terms

    def parts(self) -> Parts:
        """Put together."""
        settings, place = self.settings, self.place
        options = JournalOptions(
            inline=place.virtual,
            group_commit_s=settings.journal.group_commit_ms / 1000,
            on_health=lambda problem: self.on_journal(problem),
        )
        journal = Journal(place.state_dir / settings.journal.path, options)
        return Parts(
            clock=place.clock,
            venues=self.venues,
            journal=journal,
            risk_setup=risk_setup(settings),
            run_in=_inline if place.virtual else _in_thread,
            opening=lambda now_ns: opening_facts(settings, now_ns),
            start_pool=self._start_pool,
            background=self._background,
            close=lambda: self._close(journal),
            watch_journal=self._watch_journal,
            receive_window_s=1.0,
            market=self.world,
            watch_chain=self.watch_chain,
        )

    def _watch_journal(self, told: Callable[[str | None], None]) -> None:
        """Hear of the journal's health in the event loop (its writer is a thread)."""
        loop = asyncio.get_running_loop()

        def tell(problem: str | None) -> None:
            loop.call_soon_threadsafe(told, problem)

        self.on_journal = tell

    def _start_pool(self, sink: Callable[[PoolObserved], None]) -> None:
        if self.watch_chain is not None:
            return
        pool = self.world.pool
        assert isinstance(pool, PoolMarket)
        sink(PaperPool(pool, sink, every_s=20.0).observe(self.place.clock.now_ns()))

    def _background(self) -> dict[str, Callable[[], Any]]:
        return {} if self.place.virtual else {"market": self._pump}

    async def _pump(self) -> None:
        """Let the market follow the clock; a market that fell behind catches up in small bites."""
        world, clock, saved = self.world, self.place.clock, 0.0
        while True:
            for _ in range(_PUMP_STEPS):
                due = world.next_ns()
                if due is None:
                    raise BotError("the recordings have ended")
                wait_s = (due - clock.now_ns()) / 1e9
                if wait_s > 0:
                    break
                world.step()
            if clock.monotonic() - saved >= _WORLD_SAVE_S:
                saved = clock.monotonic()
                self.store_world()
            await asyncio.sleep(max(0.0, min(wait_s, 0.25)))

    def store_world(self) -> None:
        """Remember where the market stands, for the next start."""
        if isinstance(self.store, PaperStore):
            self.store.set_world("state", dict(self.world.state()))
            self.store.set_world("now_ns", self.place.clock.now_ns())
            self.store.commit()

    def _close(self, journal: Journal) -> None:
        self.store_world()
        if isinstance(self.store, PaperStore):
            self.store.close()
        journal.close()


async def _inline(work: Callable[[], OptionsValued]) -> OptionsValued:
    return work()


async def _in_thread(work: Callable[[], OptionsValued]) -> OptionsValued:
    return await asyncio.to_thread(work)


def place_of(settings: Settings, loop: asyncio.AbstractEventLoop, seed: int | None) -> Place:
    """The place of a run on this loop."""
    virtual = isinstance(loop, VirtualLoop)
    clock = loop if isinstance(loop, VirtualLoop) else LoopClock(loop)
    return Place(clock, virtual, settings.state.dir, settings.feed.seed if seed is None else seed)
