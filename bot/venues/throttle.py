"""Request budgets on the injected clock.

Rule 1: one budget per venue account; quotes may use only a share of it, the rest is kept for cancels and
hedges.
Rule 2: a quote that finds no budget is not queued: its price would be stale when its turn came. The quoter
is told at once and prices anew on its next wake.
"""

from __future__ import annotations

import asyncio

from asyncio_throttle.throttler import Throttler

from bot.clock import Clock


class ClockThrottler(Throttler):
    """asyncio-throttle's sliding window on our clock, with an immediate variant.

    The library reads `time.monotonic` itself, which stands still on a virtual loop; only its clock is
    replaced.
    """

    def __init__(self, rate_limit: int, period_s: float, clock: Clock) -> None:
        super().__init__(rate_limit=rate_limit, period=period_s)
        self._clock = clock

    def flush(self) -> None:
        """Forget requests older than the period."""
        now = self._clock.monotonic()
        logs = self._task_logs
        while logs and now - logs[0] > self.period:
            logs.popleft()

    async def acquire(self) -> None:
        """Wait for room and count one request (what `async with` does)."""
        # The window frees by time, not by an event: there is nothing to wait for but the clock.
        while not self.take(self.rate_limit):  # noqa: ASYNC110
            await asyncio.sleep(self.retry_interval)

    def used(self) -> int:
        """Requests inside the window."""
        self.flush()
        return len(self._task_logs)

    def take(self, ceiling: int) -> bool:
        """Count one request if fewer than `ceiling` are inside the window; never waits."""
        if len(self._task_logs) >= ceiling:
            self.flush()
            if len(self._task_logs) >= ceiling:
                return False
        self._task_logs.append(self._clock.monotonic())
        return True


class Budget:
    """The request budget of one venue: quotes stop at `quote_share`, urgent requests may use it all."""

    def __init__(
        self, rate_per_s: float, clock: Clock, period_s: float = 10.0, quote_share: float = 0.7
    ) -> None:
        self._throttler = ClockThrottler(max(1, int(rate_per_s * period_s)), period_s, clock)
        self._quote_ceiling = max(1, int(self._throttler.rate_limit * quote_share))
        self.refused = 0

    def quote(self) -> bool:
        """Room for one quote request; counts it."""
        if self._throttler.take(self._quote_ceiling):
            return True
        self.refused += 1
        return False

    def urgent(self) -> bool:
        """Room for a cancel or hedge; counts it."""
        if self._throttler.take(self._throttler.rate_limit):
            return True
        self.refused += 1
        return False

    def resize(self, rate_per_s: float) -> None:
        """Adopt another rate (a reloaded limit or what the venue's headers say)."""
        share = self._quote_ceiling / self._throttler.rate_limit
        self._throttler.rate_limit = max(1, int(rate_per_s * self._throttler.period))
        self._quote_ceiling = max(1, int(self._throttler.rate_limit * share))

    def used_share(self) -> float:
        """Used part of the window, 0..1."""
        return float(self._throttler.used()) / float(self._throttler.rate_limit)
