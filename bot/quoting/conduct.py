"""What a quote may never do, whatever the ladder says: trade with ourselves, stray from the market, flood.

Rule 1: a refusal is a value with a reason; these checks never raise and never send.
Rule 2: cancels always pass: they only make us safer.
Rule 3: orders are meant to trade: messages per fill are metered, and new ones wait once there are too many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from bot.model.errors import Refusal
from bot.model.order import Side
from bot.quoting.diff import Actions

_NS = 1_000_000_000
_BUCKETS = 60


def self_cross(
    side: Side, ticks: int, own_bids: Mapping[int, int], own_asks: Mapping[int, int]
) -> Refusal | None:
    """Refuse an order whose limit price reaches a resting order of ours on the other side.

    `own_*` map ticks to lots. It holds for every purpose: a sale of the loan or a hedge on the same symbol
    must not trade with our own quotes either.
    """
    other = own_asks if side > 0 else own_bids
    if not other:
        return None
    best = min(other) if side > 0 else max(other)
    if side * (best - ticks) > 0:
        return None
    return Refusal("self_trade", f"{side.word} at {ticks} ticks would meet our own order at {best} ticks")


def off_market(ticks: int, reference_ticks: float, collar_bps: float) -> Refusal | None:
    """Refuse a price further than `collar_bps` from the reference, or any price without a reference."""
    if not reference_ticks > 0:
        return Refusal("no_reference", "an order without a reference price is not sent")
    away_bps = abs(ticks / reference_ticks - 1) * 1e4
    if away_bps <= collar_bps + 1e-9:
        return None
    return Refusal("collar", f"{ticks} ticks is {away_bps:.0f} bp from the reference, allowed {collar_bps:g}")


class MessageRatio:
    """Order messages per fill over a sliding window (venues bar accounts whose orders hardly ever trade).

    `floor` messages per window are free whatever the fills. Time is kept in sixtieths of the window, so
    memory and cost do not grow with traffic.
    """

    def __init__(self, window_s: float, messages_per_fill_max: float, floor: int) -> None:
        self._step_ns = max(1, round(window_s * _NS / _BUCKETS))
        self._most, self._floor = messages_per_fill_max, floor
        self._buckets: deque[list[int]] = deque()
        self.messages = 0
        self.fills = 0

    def sent(self, messages: int, now_ns: int) -> None:
        """Count messages (cancels too)."""
        self._bucket(now_ns)[1] += messages
        self.messages += messages

    def filled(self, now_ns: int) -> None:
        """Count a fill."""
        self._bucket(now_ns)[2] += 1
        self.fills += 1

    def check(self, messages: int, now_ns: int) -> Refusal | None:
        """Refuse `messages` more places and amends when they would exceed the ratio."""
        self._bucket(now_ns)
        allowed = self._floor + self._most * self.fills
        if self.messages + messages <= allowed:
            return None
        return Refusal(
            "message_ratio",
            f"{self.messages} messages for {self.fills} fills; {allowed:g} are allowed in this window",
        )

    def _bucket(self, now_ns: int) -> list[int]:
        at = now_ns // self._step_ns
        while self._buckets and self._buckets[0][0] <= at - _BUCKETS:
            _, messages, fills = self._buckets.popleft()
            self.messages -= messages
            self.fills -= fills
        if not self._buckets or self._buckets[-1][0] < at:
            self._buckets.append([at, 0, 0])
        return self._buckets[-1]


def trimmed(actions: Actions, messages: int) -> Actions:
    """The part of `actions` that `messages` allow: all cancels, then amends, then places, in their order.

    A place is only kept with every cancel and amend before it, so what is left is still safe to send.
    """
    room = max(0, messages - len(actions.cancels))
    amends = actions.amends[:room]
    room -= len(amends)
    return actions._replace(amends=amends, places=actions.places[:room])
