"""Carries a quoter's decisions to the guard and remembers when to look again.

Rule 1: cancels, then amends, then places; the first refusal ends the turn, and the rest is priced anew later.
Rule 2: what was sent is noted in the live quotes in the same step.
"""

from __future__ import annotations

from bot.clock import NS, Clock
from bot.model.errors import Refusal
from bot.model.order import ClientIds, OrderIntent, Purpose, TimeInForce
from bot.quoting.diff import Actions
from bot.quoting.live import LiveQuotes
from bot.venues.guard import Guard

_RETRY_S = 0.2


class QuoteWire:
    """Sends for one spot instrument. `retry_at` = loop time to look again though nothing moves, or None."""

    def __init__(self, guard: Guard, live: LiveQuotes, clock: Clock, ids: ClientIds) -> None:
        self._guard, self._live, self._clock, self._ids = guard, live, clock, ids
        self._key = guard.instrument.id
        self.retry_at: float | None = None

    def send(self, actions: Actions, now_ns: int) -> None:
        """Carry out what a difference asks for."""
        live, guard, key = self._live, self._guard, self._key
        for client_id in actions.cancels:
            live.cancelling(client_id)
            guard.cancel(client_id)
        for amend in actions.amends:
            if self._refused(guard.amend(amend)):
                return
            live.amending(amend, now_ns)
        for side, ticks, lots in actions.places:
            client_id = self._ids.draw(Purpose.QUOTE)
            intent = OrderIntent(client_id, key, side, ticks, lots, Purpose.QUOTE, TimeInForce.POST_ONLY)
            if self._refused(guard.place(intent)):
                return
            live.sent(intent, now_ns)
        if actions.retry_ns:
            self.retry_at = self._clock.monotonic() + max(0, actions.retry_ns - now_ns) / NS

    def pull(self) -> None:
        """Cancel what rests; orders that wait for an answer are cancelled when it comes."""
        for order in list(self._live.orders()):
            if order.settled:
                self._live.cancelling(order.client_id)
                self._guard.cancel(order.client_id)

    def due(self) -> bool:
        """Whether the time to look again has come; then it is forgotten."""
        if self.retry_at is None or self._clock.monotonic() < self.retry_at:
            return False
        self.retry_at = None
        return True

    def _refused(self, refusal: Refusal | None) -> bool:
        if refusal is not None:
            self.retry_at = self._clock.monotonic() + _RETRY_S
        return refusal is not None
