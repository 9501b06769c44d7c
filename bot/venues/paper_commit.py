"""When a paper store is written: ahead of every report, soon after any other change, again after a failure.

Rule 1: a change waits at most `COMMIT_DELAY_S` for its transaction, however much or little happens.
Rule 2: while the disk refuses, the caller is told why and its connection is lost; a later success heals it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.model.errors import JournalError
from bot.venues.paper_store import Store

COMMIT_DELAY_S = 0.010
COMMIT_RETRY_S = 1.0


class Committer:
    """Writes one store for one venue. `failed(why)` and `healed()` are called from its timer only."""

    def __init__(self, store: Store, failed: Callable[[str], None], healed: Callable[[], None]) -> None:
        self._store, self._failed, self._healed = store, failed, healed
        self._timer: asyncio.TimerHandle | None = None
        self._broken = False

    def now(self) -> str:
        """Make everything durable; "" or why the disk refused (then it is tried again by itself)."""
        if not self._store.dirty:
            return ""
        try:
            self._store.commit()
        except JournalError as error:
            self._broken = True
            self._within(COMMIT_RETRY_S)
            return str(error)
        return ""

    def soon(self) -> None:
        """Make everything durable within `COMMIT_DELAY_S`."""
        if self._store.dirty:
            self._within(COMMIT_DELAY_S)

    def _within(self, delay_s: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._due)

    def _due(self) -> None:
        self._timer = None
        why = self.now()
        if why:
            self._failed(why)
        elif self._broken:
            self._broken = False
            self._healed()

    def stop(self) -> None:
        """No more timers. What is pending is committed; JournalError when that fails."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._store.commit()
