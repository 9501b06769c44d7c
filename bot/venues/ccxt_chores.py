"""What must be done beside the streams: funding, the clock, the login's renewal.

Rule 1: a chore that fails is tried again; what it keeps becomes trouble only when it is too old to trust.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from bot.venues.base import VenueSink
from bot.venues.ccxt_client import HANDLER_ERRORS
from bot.venues.ccxt_queries import Queries
from bot.venues.ccxt_streams import Streams
from bot.venues.clock_offset import ClockOffset

CLOCK_S, FUNDING_S, LOGIN_S = 60.0, 30.0, 1_200.0
FAILED_S = 5.0


class Chores:
    """The timers of one market. `terms` = (rate per interval, interval hours, next time ns)."""

    def __init__(self, queries: Queries, streams: Streams, sink: VenueSink, since_ns: int) -> None:
        self._queries, self._streams, self._sink = queries, streams, sink
        self._since_ms = since_ns // 1_000_000
        self.offset = ClockOffset()
        self.terms: tuple[float, float, int] | None = None
        self.failed: Counter[str] = Counter()
        self._paid: dict[str, None] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def run(self) -> None:
        """Start the timers."""
        jobs = [(self.clocks, CLOCK_S), (self._renew, LOGIN_S), (self.account, FUNDING_S)]
        if not self._queries.dialect.spot:
            jobs += [(self.funding, FUNDING_S), (self.payments, FUNDING_S)]
        self._tasks = [asyncio.create_task(self._every(job, wait_s)) for job, wait_s in jobs]

    async def stop(self) -> None:
        """No more timers."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _every(self, job: Callable[[], Awaitable[None]], wait_s: float) -> None:
        pause_s = wait_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = wait_s
            try:
                await job()
            except HANDLER_ERRORS as error:
                self.failed[f"{getattr(job, '__name__', 'job')}: {type(error).__name__}"] += 1
                pause_s = min(wait_s, FAILED_S)

    async def clocks(self) -> None:
        """Compare the clocks; a far one is trouble."""
        await self._queries.compare_clocks(self.offset)
        self._streams.trouble("clock", self.offset.trouble())

    async def funding(self) -> None:
        """Ask for the rate in force."""
        if not self._queries.dialect.spot:
            self.terms = await self._queries.dialect.funding(self._queries.exchange)

    async def payments(self) -> None:
        """Tell funding settlements that were not told yet; the query overlaps by an hour."""
        rate = self.terms[0] if self.terms is not None else 0.0
        for payment in await self._queries.payments(self._since_ms, rate):
            if payment.payment_id not in self._paid:
                self._paid[payment.payment_id] = None
                self._sink.on_funding(payment)
            self._since_ms = max(self._since_ms, payment.venue_ns // 1_000_000 - 3_600_000)

    async def account(self) -> None:
        """A venue that refused us is asked again; a good answer ends the trouble."""
        if "account" in self._streams.troubles:
            await self._queries.dialect.usdt(self._queries.exchange)
            self._streams.trouble("account", "")

    async def _renew(self) -> None:
        await self._queries.dialect.renew(self._queries.exchange)
