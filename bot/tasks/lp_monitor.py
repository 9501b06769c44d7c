"""Brings LP readings to the aggregator.

Rule 1: a reading is absolute; the newest replaces the last, so a lost or repeated one does no harm.
Rule 2: silence is not flatness: no reading means the last one grows old, which the levels judge.
Rule 3: a block that undoes others is no news before its branch is higher than what it replaces, or a moment
has passed: a swap that only moves to another block must not be hedged back and forth.
Rule 4: a chain that was never as configured stops the daemon; one that stops being so is alarmed and asked
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median

from bot.channels import Inbox, Latest
from bot.clock import NS, Clock
from bot.model.errors import ConfigError, FailSafe
from bot.model.facts import Alarmed, PoolObserved
from bot.model.view import View

Reading = PoolObserved | Alarmed
UNDONE_S = 1.5  # three blocks and a little
Watch = Callable[[Callable[[Reading], None], Callable[[], float | None]], Awaitable[None]]
"""Watches a chain for ever: takes a sink for readings and the perps' mark (None = unknown)."""


class LpMonitor:
    """Takes readings from any source: the paper pool calls `observe`, a chain's watcher is run."""

    def __init__(self, inbox: Inbox, view: Latest[View], clock: Clock) -> None:
        self._inbox, self._view, self._clock = inbox, view, clock
        self._last: PoolObserved | None = None
        self._held: PoolObserved | None = None
        self._timer: asyncio.TimerHandle | None = None

    def observe(self, reading: Reading) -> None:
        """Pass one reading on, or hold it while it undoes blocks."""
        if isinstance(reading, Alarmed):
            self._inbox.put(reading)
        elif self._undoes(reading):
            self._held = reading
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(UNDONE_S, self._release)
        else:
            self._pass(reading)

    def _undoes(self, reading: PoolObserved) -> bool:
        last = self._last
        return last is not None and reading.block <= last.block and reading.block_hash != last.block_hash

    def _release(self) -> None:
        if self._held is not None:
            self._pass(self._held)

    def _pass(self, reading: PoolObserved) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._held = None
        self._last = reading
        self._inbox.put(reading)

    async def follow(self, watch: Watch) -> None:
        """Watch a chain until cancelled. Raises `ConfigError` when it is not as configured from the start."""
        try:
            await watch(self.observe, self.perp_mark)
        except ConfigError as error:
            if self._last is None:
                raise
            raise ConnectionError(f"the chain is not as configured any more: {error}") from error
        except ExceptionGroup as failures:
            raise _first(failures) from failures
        raise ConnectionError("the stream of blocks ended")

    def failed(self, reason: str) -> None:
        """Tell that watching broke off; the last reading grows old meanwhile."""
        self._inbox.put(Alarmed(self._clock.now_ns(), "lp_monitor", reason, "critical"))

    def perp_mark(self) -> float | None:
        """The median of the perps' mids in USDT per token; None when there is none, or only old ones."""
        view, mids = self._view.value, []
        marks = view.marks
        if self._clock.now_ns() - marks.time_ns <= view.limits.risk.book_age_s_max * NS:
            mids = [mid for key, mid in marks.mids.items() if key in view.perps]
        return median(mids) if mids else None


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    """What broke, out of the watcher's own task group; a broken invariant before anything else."""
    broken = failures.subgroup(FailSafe)
    error: Exception = failures if broken is None else broken
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
