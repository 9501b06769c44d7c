"""Brings LP readings to the aggregator.

Rule 1: a reading is absolute; the newest replaces the last, so a lost or repeated one does no harm.
Rule 2: silence is not flatness: no reading means the last one grows old, which the levels judge.
Rule 3: a chain that was never as configured stops the daemon; one that stops being so is alarmed and asked
again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median

from bot.channels import Inbox, Latest
from bot.clock import NS, Clock
from bot.model.errors import ConfigError, FailSafe
from bot.model.facts import Alarmed, PoolObserved
from bot.model.view import View

Reading = PoolObserved | Alarmed
Watch = Callable[[Callable[[Reading], None], Callable[[], float | None]], Awaitable[None]]
"""Watches a chain for ever: takes a sink for readings and the perps' mark (None = unknown)."""


class LpMonitor:
    """Takes readings from any source: the paper pool calls `observe`, a chain's watcher is run."""

    def __init__(self, inbox: Inbox, view: Latest[View], clock: Clock) -> None:
        self._inbox, self._view, self._clock = inbox, view, clock
        self._seen = False

    def observe(self, reading: Reading) -> None:
        """Pass one reading on."""
        self._seen = self._seen or isinstance(reading, PoolObserved)
        self._inbox.put(reading)

    async def follow(self, watch: Watch) -> None:
        """Watch a chain until cancelled. Raises `ConfigError` when it is not as configured from the start."""
        try:
            await watch(self.observe, self.perp_mark)
        except ConfigError as error:
            if not self._seen:
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
