"""Memory of what was already booked, bounded however long the daemon runs.

Rule 1: what is in the window is recognised exactly.
Rule 2: what is older than everything the window forgot is refused, never booked a second time: a trade that
was really missed shows as a position difference at the next reconcile.
"""

from __future__ import annotations

from collections.abc import Hashable

from bot.model.errors import Refusal

REPEATED = Refusal("repeated", "")


class TradeIds:
    """Trade ids of one instrument: the newest `window` of them and the time up to which others were
    forgotten.
    """

    __slots__ = ("_forgotten_ns", "_seen", "_window")

    def __init__(self, window: int = 50_000) -> None:
        self._seen: dict[str, int] = {}
        self._window = window
        self._forgotten_ns = 0

    def admit(self, trade_id: str, venue_ns: int) -> Refusal | None:
        """None for a new trade. `REPEATED` for a known one; a refusal with a text for one too old to tell."""
        seen = self._seen
        if trade_id in seen:
            return REPEATED
        if self._forgotten_ns and venue_ns <= self._forgotten_ns:
            return Refusal(
                "late", f"trade {trade_id} is older than the {self._window} trades remembered; not booked"
            )
        seen[trade_id] = venue_ns
        if len(seen) > self._window:
            oldest = next(iter(seen))
            self._forgotten_ns = max(self._forgotten_ns, seen.pop(oldest))
        return None

    def __len__(self) -> int:
        return len(self._seen)


class Once:
    """The last `window` keys of rare events; `first` tells whether a key is new."""

    __slots__ = ("_seen", "_window")

    def __init__(self, window: int = 20_000) -> None:
        self._seen: dict[Hashable, None] = {}
        self._window = window

    def first(self, key: Hashable) -> bool:
        """True the first time `key` is seen."""
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._window:
            self._seen.pop(next(iter(self._seen)))
        return True
