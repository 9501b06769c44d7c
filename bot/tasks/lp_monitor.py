"""Brings LP readings to the aggregator.

Rule 1: a reading is absolute; the newest replaces the last, so a lost or repeated one does no harm.
Rule 2: silence is not flatness: no reading means the last one grows old, which the levels judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bot.channels import Inbox
from bot.model.facts import Alarmed, PoolObserved

Reading = PoolObserved | Alarmed


class LpMonitor:
    """Takes readings from any source: the paper pool calls `observe`, a chain monitor is followed."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._first = asyncio.Event()

    def observe(self, reading: Reading) -> None:
        """Pass one reading on."""
        self._inbox.put(reading)
        self._first.set()

    async def follow(self, readings: AsyncIterator[Reading]) -> None:
        """Pass on a stream of readings until it ends; an end is an error, for a chain does not end."""
        async for reading in readings:
            self.observe(reading)
        raise ConnectionError("the stream of blocks ended")
