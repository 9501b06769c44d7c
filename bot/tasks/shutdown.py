"""The end of a run: every order is cancelled and looked for, whatever else fails, and what is left is said.

Rule 1: all venues at once: one that does not answer delays no other.
Rule 2: "cancelled" is what a query shows afterwards, not what was asked for; no answer is never "nothing".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.clock import Clock
from bot.model.instrument import InstrumentId
from bot.model.view import View
from bot.tasks.supervise import attempt
from bot.venues.base import Venue

_TRIES, _PAUSE_S = 3, 1.0


async def sweep(
    venues: Mapping[InstrumentId, Venue], prefix: str, clock: Clock
) -> dict[InstrumentId, list[str]]:
    """Cancel what rests under `prefix` on every venue; what may still rest, in words (or nothing).

    A venue that cannot be reached is tried three times, a second apart.
    """
    found = await asyncio.gather(*(_sweep_one(key, venue, prefix, clock) for key, venue in venues.items()))
    return dict(zip(venues, found, strict=True))


async def _sweep_one(key: InstrumentId, venue: Venue, prefix: str, clock: Clock) -> list[str]:
    for attempts_left in reversed(range(_TRIES)):
        _, problem = await attempt(f"cancel {key}", venue.cancel_all(prefix))
        snapshot, unseen = await attempt(f"query {key}", venue.snapshot(clock.now_ns()))
        orders = snapshot.open_orders if snapshot is not None else None
        if orders is not None and not problem:
            return [
                f"{key}: {order.side.word} {order.remaining} at {order.price} is still open"
                for order in orders
            ]
        if attempts_left:
            await asyncio.sleep(_PAUSE_S)
    why = problem or unseen or "the query failed"
    return [f"{key}: orders may still rest there ({why}): look at the venue"]


def residual(view: View) -> list[str]:
    """What stays on the books after a stop, in words."""
    exposure = view.exposure
    net = f"net delta {exposure.net:+,.0f} tokens (band ±{exposure.band:,.0f})"
    lines = [f"{net}; economic delta {exposure.economic:+,.0f}"]
    perps = [(key, perp.position) for key, perp in view.perps.items() if perp.position]
    return lines + [f"{key}: position {position:+,.0f} tokens stays open" for key, position in perps]
