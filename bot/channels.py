"""The only two ways tasks talk: facts go up through the Inbox, the view comes down through a Latest.

Rule 1: facts are not droppable: a full inbox raises `InboxFull`, which halts the daemon.
Rule 2: the view conflates: a slow reader sees the newest, never a queue of old ones.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from bot.model.errors import FailSafe
from bot.model.facts import Fact

T = TypeVar("T")


class InboxFull(FailSafe):
    """The aggregator fell behind by the whole capacity: stop rather than lose a fact."""


class Inbox:
    """Ordered, bounded queue of facts with one reader, the aggregator.

    Facts are numbered from `applied` + 1: the view that has seen fact n carries a `version` ≥ n.
    """

    def __init__(self, capacity: int = 100_000, applied: int = 0) -> None:
        self.capacity = capacity
        self.last = applied
        self._facts: deque[Fact] = deque()
        self._ready = asyncio.Event()

    def put(self, fact: Fact) -> int:
        """Append a fact and return its number. Never blocks; raises `InboxFull` at capacity."""
        if len(self._facts) >= self.capacity:
            raise InboxFull(f"inbox holds {self.capacity} facts: the aggregator is not keeping up")
        self._facts.append(fact)
        self._ready.set()
        self.last += 1
        return self.last

    async def take(self) -> list[Fact]:
        """Wait for at least one fact, then return all that are there, oldest first."""
        await self._ready.wait()
        return self.drain()

    def drain(self) -> list[Fact]:
        """All facts that are there now, oldest first (maybe none)."""
        facts = list(self._facts)
        self._facts.clear()
        self._ready.clear()
        return facts

    def __len__(self) -> int:
        return len(self._facts)


class Latest(Generic[T]):
    """A cell that holds the newest value; readers wait for a change or are called on it."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.version = 0
        self._changed = asyncio.Event()
        self._watchers: list[Callable[[T], None]] = []

    def set(self, value: T) -> None:
        """Publish: assign, call the watchers in order of registration, wake the waiters."""
        self.value = value
        self.version += 1
        for watcher in self._watchers:
            watcher(value)
        self._changed.set()

    def watch(self, watcher: Callable[[T], None]) -> None:
        """Call `watcher(value)` inside every `set`; it must be quick and must not raise."""
        self._watchers.append(watcher)

    async def changed(self, seen: int) -> int:
        """Wait until `version` differs from `seen`; returns the new version."""
        while self.version == seen:
            self._changed.clear()
            await self._changed.wait()
        return self.version
