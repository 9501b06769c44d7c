"""Alarms of the chain monitor: each told once while it lasts.

Rule 1: the same words about the same thing are not repeated until the trouble was over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from bot.clock import Clock
from bot.model.facts import Alarmed, PoolObserved

Sink = Callable[[PoolObserved | Alarmed], None]
Severity = Literal["info", "warning", "critical"]
LINE = "lp_line_down"


class Alarms:
    """What an operator has been told and not yet seen mended."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self._sink, self._clock = sink, clock
        self._told: dict[tuple[str, str], str] = {}

    def tell(self, code: str, words: str, severity: Severity = "warning", about: str = "") -> None:
        """Raise an alarm unless it stands already. `about` separates alarms of one code (a node's name)."""
        if self._told.get((code, about)) == words:
            return
        self._told[code, about] = words
        self._sink(Alarmed(self._clock.now_ns(), code, words, severity))

    def line_is_back(self, name: str) -> None:
        """A node talks again."""
        self._told.pop((LINE, name), None)

    def reading_accepted(self) -> None:
        """All is well again: whatever comes next is news. Lines stay told until they return."""
        self._told = {key: words for key, words in self._told.items() if key[0] == LINE}
