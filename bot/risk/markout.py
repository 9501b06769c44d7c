"""Where the price stood some seconds after our quotes were filled: the cost of being picked off.

Rule 1: a reporting split of `inventory_delta`, never added to the total.
Rule 2: memory is bounded: beyond `waiting_max` open marks a fill is counted as skipped, not kept.
"""

from __future__ import annotations

from collections import deque

HORIZONS_S = (1, 5, 30)


class Markouts:
    """Σ quantity · (S after the horizon − S at the fill), in USDT, per horizon."""

    def __init__(self, waiting_max: int = 20_000) -> None:
        self._waiting: dict[int, deque[tuple[int, float, float]]] = {h: deque() for h in HORIZONS_S}
        self._max = waiting_max
        self.sums = dict.fromkeys(HORIZONS_S, 0.0)
        self.skipped = 0
        self.due_ns = 0

    def add(self, quantity: float, spot: float, now_ns: int) -> None:
        """A quote was filled (signed tokens) while fair value stood at `spot`."""
        for horizon, waiting in self._waiting.items():
            if len(waiting) >= self._max:
                self.skipped += 1
                continue
            waiting.append((now_ns + horizon * 1_000_000_000, quantity, spot))
            due = waiting[0][0]
            self.due_ns = min(self.due_ns, due) if self.due_ns else due

    def mark(self, now_ns: int, spot: float) -> None:
        """Settle every fill whose horizon has passed at the price `spot`."""
        if not self.due_ns or now_ns < self.due_ns:
            return
        for horizon, waiting in self._waiting.items():
            while waiting and waiting[0][0] <= now_ns:
                _, quantity, at_fill = waiting.popleft()
                self.sums[horizon] += quantity * (spot - at_fill)
        self.due_ns = min((w[0][0] for w in self._waiting.values() if w), default=0)
