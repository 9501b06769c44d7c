"""How far a venue's clock is from ours, from request round trips.

Rule 1: one measurement = the venue's time against the middle of our two; the median of five counts.
Rule 2: an offset beyond `limit_ms` or a jump is trouble: signed requests would be refused, ages are wrong.
"""

from __future__ import annotations

from collections import deque
from statistics import median

KEPT = 5


class ClockOffset:
    """Offset of one venue's clock in milliseconds: venue minus ours."""

    def __init__(self, limit_ms: float = 500.0, jump_ms: float = 250.0) -> None:
        self.limit_ms, self.jump_ms = limit_ms, jump_ms
        self._offsets: deque[float] = deque(maxlen=KEPT)
        self._jumped = False

    def add(self, sent_ns: int, venue_ms: int, received_ns: int) -> None:
        """One round trip: our time when asked, the venue's time, our time when answered."""
        measured = venue_ms - (sent_ns + received_ns) / 2e6
        before = self.offset_ms
        self._jumped = before is not None and abs(measured - before) > self.jump_ms
        if self._jumped:
            self._offsets.clear()
        self._offsets.append(measured)

    @property
    def offset_ms(self) -> float | None:
        """Venue minus ours; None before the first measurement."""
        return median(self._offsets) if self._offsets else None

    def trouble(self) -> str:
        """Why times cannot be trusted, in words; "" = they can."""
        offset = self.offset_ms
        if offset is None:
            return "the venue's clock was never compared with ours"
        if abs(offset) > self.limit_ms:
            return f"clocks differ by {offset:.0f} ms (more than {self.limit_ms:.0f})"
        return "the clock jumped" if self._jumped else ""
