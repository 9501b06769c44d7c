"""Request limits as venues count them: weights and orders in windows that begin on the clock.

Rule 1: what is refused is not counted as used, but how often that happened is known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VenueLimits:
    """How much a venue allows; `orders` per key and window. None of the defaults is tight."""

    weight_per_minute: int = 6_000
    orders_per_window: int = 300
    order_window_ms: int = 10_000


class Window:
    """Counts up to `limit` within each period of the clock."""

    def __init__(self, limit: int, period_ms: int) -> None:
        self.limit, self.period_ms = limit, period_ms
        self.used = self.refused = 0
        self._number = 0

    def take(self, now_ms: int, weight: int = 1) -> bool:
        """Count `weight`; False when that is more than the window still holds."""
        number = now_ms // self.period_ms
        if number != self._number:
            self._number, self.used, self.refused = number, 0, 0
        if self.used + weight > self.limit:
            self.refused += 1
            return False
        self.used += weight
        return True

    @property
    def left(self) -> int:
        """What may still be used in this window."""
        return self.limit - self.used

    def resets_ms(self, now_ms: int) -> int:
        """When the next window begins (UTC milliseconds)."""
        return (now_ms // self.period_ms + 1) * self.period_ms
