"""The composition root: settings become venues, tasks and channels; one TaskGroup; ordered shutdown.

Rule 1: modes differ in `bot.wiring` and nowhere else; from the Venue Protocol up the code is the same.
Rule 2: crash recovery is the normal start: fold the journal, cancel what rests, reconcile, then trade.
Rule 3: shutdown in order: quotes off, hedge to the band, cancel and verify, say what is left open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot import __version__
from bot.channels import Inbox, Latest
from bot.clock import Clock
from bot.config import Settings
from bot.model.errors import BotError, FailSafe, JournalError
from bot.model.facts import AccountOpened, Alarmed, Fact, OperatorCommand, Started
from bot.model.instrument import InstrumentId, Kind
from bot.model.order import ClientIds
from bot.model.view import View
from bot.ops.journal_store import quarantined
from bot.ops.reload import Reloader
from bot.ops.status import status
from bot.risk.state import RiskState
from bot.tasks.aggregator import Aggregator
from bot.tasks.hedger import Hedger
from bot.tasks.lp_monitor import LpMonitor
from bot.tasks.option_marker import OptionMarker
from bot.tasks.quoter import Quoter
from bot.tasks.reconciler import Reconciled, Reconciler
from bot.tasks.sampler import Sampler
from bot.tasks.seller import Seller
from bot.tasks.shutdown import residual, sweep
from bot.tasks.spot_sink import SpotSink
from bot.tasks.supervise import Fuse, attempt, critical, restarting
from bot.venues.guard import Guard
from bot.venues.throttle import Budget
from bot.wiring import Parts

log = structlog.get_logger("app")

WIND_DOWN_S = 20.0


@dataclass(slots=True)
class RunResult:
    """How a run ended. `left_open` lists orders still open and what is not hedged, in words.

    `exit_code`: 0 = nothing rests and net delta is in its band, 1 = not so or no start, 75 = fail-safe.
    """

    exit_code: int
    status: dict[str, Any]
    left_open: list[str] = field(default_factory=list)
    error: str = ""


class Daemon:
    """One run of the deal on the given parts."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings, self.parts = settings, parts
        journal, clock = parts.journal, parts.clock
        self.clock: Clock = clock
        self._began_ns = clock.now_ns()
        self.state = RiskState(parts.risk_setup)
        self._since_ns, self._opened = self._fold_journal()
        self.inbox = Inbox(applied=self.state.view().version)
        self.view: Latest[View] = Latest(self.state.view())
        self.epoch = journal.begin_epoch()
        self.ids = ClientIds(settings.prefix, self.epoch, journal.first_id, journal.reserve_ids)
        marks = settings.marks
        self.sampler = Sampler(
            parts.venues, self.inbox, clock, marks.sample_interval_s, marks.sample_move_bps
        )
        self.guards = self._make_guards()
        perps = {key: guard for key, guard in self.guards.items() if guard.instrument.kind is Kind.PERP}
        spots = {key: guard for key, guard in self.guards.items() if guard.instrument.kind is Kind.SPOT}
        self.hedger = Hedger(perps, self.view, self.inbox, clock, self.ids)
        self.hedger.sampler = self.sampler
        self.seller = Seller(spots, self.view, self.inbox, clock, self.ids)
        self.quoters = {
            key: Quoter(guard, self.view, self.inbox, clock, self.ids, (self.sampler, self.seller))
            for key, guard in spots.items()
        }
        owners: dict[InstrumentId, tuple[Reconciled, ...]] = {key: (self.hedger,) for key in perps}
        self.sinks = {
            key: SpotSink(quoter, spots[key].instrument, self.inbox, self.sampler)
            for key, quoter in self.quoters.items()
        }
        owners |= {key: (sink, self.seller) for key, sink in self.sinks.items()}
        self.reconciler = Reconciler(parts.venues, owners, self.inbox, clock, settings.prefix)
        self.reconciler.receive_window_s = parts.receive_window_s
        sinks: list[Hedger | SpotSink] = [self.hedger, *self.sinks.values()]
        for sink in sinks:
            sink.reconnected, sink.doubted = self.reconciler.request, self.reconciler.doubt
        self.reloader = Reloader(settings, lambda: self.view.value, self.inbox.put, clock)
        self.aggregator = Aggregator(self.inbox, self.state, self.view, journal)
        self.monitor = LpMonitor(self.inbox, self.view, clock)
        self.marker = OptionMarker(settings.terms, self.view, self.inbox, clock, parts.run_in)

    def status(self) -> dict[str, Any]:
        """The status document as of now."""
        return status(self.view.value, self.clock.now_ns(), started_ns=self._began_ns)

    def _fold_journal(self) -> tuple[int, bool]:
        """Apply every fact of earlier runs; returns the time of the last and whether the deal was opened."""
        last_ns, opened = 0, False
        for fact in self.parts.journal.replay():
            try:
                self.state.apply(fact)
            except FailSafe as error:
                # It stopped that run; whether it still holds, this run's own reconcile finds out.
                log.warning("past_fail_safe", reason=str(error))
            last_ns = max(last_ns, fact.seen_ns)
            opened = opened or isinstance(fact, AccountOpened)
        return last_ns, opened

    def _make_guards(self) -> dict[InstrumentId, Guard]:
        rate = self.settings.limits.quote.message_rate_per_s_max
        return {
            key: Guard(venue, self.view, Budget(rate, self.parts.clock), self.parts.journal)
            for key, venue in self.parts.venues.items()
        }

    async def run(self, stop: asyncio.Event, started: Callable[[Daemon], None] | None = None) -> RunResult:
        """Trade until `stop` is set; returns after the ordered shutdown (or the fail-safe one)."""
        error: BotError | None = None
        fuse = Fuse()
        fuse.install(asyncio.get_running_loop())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(critical("callbacks", fuse.run))]
                tasks += [group.create_task(task) for task in await self._begin()]
                if started is not None:
                    started(self)
                await stop.wait()
                await self._wind_down()
                for task in tasks:
                    task.cancel()
        except* Exception as failures:
            error = _first(failures)
        if error is not None:
            log.critical("fail_safe", reason=str(error))
        return await self._finish(error)

    async def _begin(self) -> list[Any]:
        """Open the books, connect, take over, and return the tasks to run."""
        now = self.parts.clock.now_ns()
        facts: list[Fact] = [Started(now, self.epoch, self.settings.mode, __version__)]
        if not self._opened:
            facts += self.parts.opening(now)
        for fact in facts:
            self.inbox.put(fact)
        self.parts.watch_journal(self._journal_health)
        if quarantined(self.parts.journal.path) and not self._since_ns:
            self._stand_down("an earlier journal was damaged and moved aside: check both deltas")
        self.reloader.announce()
        # The view folded from the journal says ready: nobody may act on the last run's word.
        self.aggregator.fold(self.inbox.drain())
        for key, venue in self.parts.venues.items():
            await venue.start(self.sinks.get(key) or self.hedger)
        self.parts.start_pool(self.monitor.observe)
        cancelled = await self.reconciler.take_over(self._since_ns)
        if cancelled:
            log.warning("left_resting_cancelled", orders=cancelled)
        self.aggregator.fold(self.inbox.drain())
        tasks = [
            critical("aggregator", self.aggregator.run),
            critical("sampler", self.sampler.run),
            critical("hedger", self.hedger.run),
            restarting("seller", self.seller.run, self.seller.failed),
            restarting("options", self.marker.run, self._complain("options")),
            restarting(
                "reconciler",
                lambda: self.reconciler.run(self.parts.reconcile_every_s),
                self._complain("reconciler"),
            ),
        ]
        tasks += [restarting(key, quoter.run, quoter.failed) for key, quoter in self.quoters.items()]
        watch = self.parts.watch_chain
        if watch is not None:
            tasks.append(restarting("lp_monitor", lambda: self.monitor.follow(watch), self.monitor.failed))
        background = self.parts.background()
        return tasks + [critical(name, task) for name, task in background.items()]

    def _journal_health(self, problem: str | None) -> None:
        if problem is not None:
            self._stand_down(f"cannot write the journal: {problem}")
        else:
            log.warning("journal_writes_again")

    def _stand_down(self, reason: str) -> None:
        """No new risk until an operator resumes: quotes off, hedging goes on."""
        now = self.clock.now_ns()
        self.inbox.put(Alarmed(now, "journal", reason, "critical"))
        self.inbox.put(OperatorCommand(now, "pause", reason, "journal"))

    def _complain(self, task: str) -> Callable[[str], None]:
        def failed(reason: str) -> None:
            log.error("task_failed", task=task, reason=reason)

        return failed

    async def _wind_down(self) -> None:
        """Quotes off, sales off, hedge what the last fills left, within a deadline."""
        log.info("stopping")
        self.seller.stop()
        for quoter in self.quoters.values():
            quoter.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WIND_DOWN_S):
                while not self._calm():
                    await self.view.changed(self.view.version)

    def _calm(self) -> bool:
        exposure = self.view.value.exposure
        resting = any(len(quoter.live) for quoter in self.quoters.values()) or self.seller.working()
        return not resting and not self.hedger.working() and abs(exposure.net) <= exposure.band

    def _fold_rest(self, error: BotError | None) -> BotError | None:
        """Put on record what nobody has folded yet, so that a full inbox has room again."""
        try:
            self.aggregator.fold(self.inbox.drain())
        except Exception as broken:
            log.exception("last_facts_not_applied")
            return error or FailSafe(f"aggregator failed: {broken!r}")
        return error

    async def _finish(self, error: BotError | None) -> RunResult:
        """Cancel everything, verify by query, close; say what is left."""
        swept = await sweep(self.parts.venues, self.settings.prefix, self.clock)
        error = self._fold_rest(error)
        for key, quoter in self.quoters.items():
            if not swept[key]:
                quoter.closed()
                error = self._fold_rest(error)
        left = [line for lines in swept.values() for line in lines]
        view = self.view.value
        hedged = abs(view.exposure.net) <= view.exposure.band or not view.ready
        code = error.exit_code if error is not None else int(bool(left) or not hedged)
        left += residual(view)
        for key, venue in self.parts.venues.items():
            await attempt(f"stop {key}", venue.stop())
        try:
            self.parts.close()
        except JournalError as unwritten:
            left.append(str(unwritten))
            code = code or 1
        final = status(view, self.clock.now_ns(), started_ns=self._began_ns, state="stopped", left_open=left)
        return RunResult(code, final, left, str(error or ""))


def _first(failures: BaseException) -> BotError:
    """The failure that ended the run; one that nobody foresaw is an invariant that broke."""
    error = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, BotError) else FailSafe(f"{type(error).__name__}: {error}")
