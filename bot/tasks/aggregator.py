"""The only writer: takes facts in order, journals them, folds them into the state, publishes the view.

Rule 1: facts reach the journal before they are applied; nothing waits for the disk.
Rule 2: one view per drained batch, published in one assignment.
"""

from __future__ import annotations

from typing import Protocol

from bot.channels import Inbox, Latest
from bot.model.facts import Fact
from bot.model.view import View
from bot.risk.state import RiskState


class FactLog(Protocol):
    """Where facts are written down before they are applied."""

    def append(self, facts: list[Fact]) -> None:
        """Write facts in order; must not wait for the disk."""
        ...


class Aggregator:
    """Drains the inbox until cancelled."""

    def __init__(self, inbox: Inbox, state: RiskState, view: Latest[View], journal: FactLog) -> None:
        self._inbox, self._state, self._view, self._journal = inbox, state, view, journal

    async def run(self) -> None:
        """Fold facts for ever."""
        while True:
            self.fold(await self._inbox.take())

    def fold(self, facts: list[Fact]) -> None:
        """Journal, apply and publish one batch."""
        if not facts:
            return
        self._journal.append(facts)
        apply = self._state.apply
        for fact in facts:
            apply(fact)
        self._view.set(self._state.view())
