"""A line with a latency: what goes in comes out later, in order.

Rule 1: first in, first out, whatever the drawn latencies: a later item never overtakes an earlier one.
Rule 2: items sent in the same instant travel together: one latency, one timer, one delivery.
Rule 3: nothing is delivered inside `send`, not even at latency zero.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

INSTANT_S = 0.000_5
"""Sends closer than this count as the same instant (a real loop's clock moves within one turn)."""


class Pipe(Generic[T]):
    """Carries items to `deliver`, which gets all items of one instant as a list.

    `lag_ns` is the latency of the instant that is open (or was last).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        latency_s: Callable[[], float],
        deliver: Callable[[list[T]], None],
    ) -> None:
        self._loop, self._latency_s, self._deliver = loop, latency_s, deliver
        self._batches: deque[list[T]] = deque()
        self._open: list[T] | None = None
        self._open_until_s = 0.0
        self._due_s = 0.0
        self.lag_ns = 0

    def open(self) -> list[T]:
        """The list that items of this instant go into; the first call of an instant sets the timer."""
        now_s = self._loop.time()
        if self._open is not None and now_s <= self._open_until_s:
            return self._open
        self._due_s = max(self._due_s, now_s + self._latency_s())
        self.lag_ns = round((self._due_s - now_s) * 1e9)
        self._open_until_s = now_s + min(INSTANT_S, self._due_s - now_s)
        batch: list[T] = []
        self._open = batch
        self._batches.append(batch)
        if self._due_s > now_s:
            self._loop.call_at(self._due_s, self._fire)
        else:
            self._loop.call_soon(self._fire)
        return batch

    def send(self, item: T) -> None:
        """Put an item on the way."""
        self.open().append(item)

    def _fire(self) -> None:
        batch = self._batches.popleft()
        if batch is self._open:
            self._open = None
        if batch:
            self._deliver(batch)

    def waiting(self) -> list[T]:
        """Everything that is under way, oldest first."""
        return [item for batch in self._batches for item in batch]

    def drop(self) -> list[T]:
        """Take everything that is under way off the line; returns it, oldest first."""
        lost = self.waiting()
        for batch in self._batches:
            batch.clear()
        return lost


class Queries:
    """Questions under way on a line that may break: each knows what it answers then."""

    def __init__(self) -> None:
        self._failures: dict[asyncio.Future[Any], object] = {}

    def ask(self, future: asyncio.Future[Any], failure: object) -> None:
        """Note a question; `failure` is its result, or the exception it raises, if the line breaks."""
        self._failures[future] = failure

    def answer(self, future: asyncio.Future[Any], value: object) -> None:
        """Answer one; whoever asked may have gone."""
        self._failures.pop(future, None)
        if not future.done():
            future.set_result(value)

    def fail_all(self) -> None:
        """The line broke."""
        for future, failure in self._failures.items():
            if future.done():
                continue
            if isinstance(failure, Exception):
                future.set_exception(failure)
            else:
                future.set_result(failure)
        self._failures.clear()
