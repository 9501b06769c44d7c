"""What a venue is to the rest of the program. One `Venue` is one instrument of one exchange.

Rule 1: order calls are fire-and-forget: they return at once, outcomes arrive at the sink by client id.
Nobody awaits an acknowledgement on the quoting path.
Rule 2: the sink is called in the same loop turn in which the frame was read; it must not block or raise.
Rule 3: an outcome the venue did not state is UNKNOWN (`OrderUpdated.state`), never a guess; an intent is
never re-sent.
"""

from __future__ import annotations

from typing import Protocol

from bot.model.facts import Fill, FundingPaid, OrderUpdated, VenueDown, VenueSnapshot, VenueUp
from bot.model.instrument import Instrument
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import Amend, OrderIntent


class VenueSink(Protocol):
    """Where a venue delivers. Every method is synchronous and quick."""

    def on_book(self, book: OrderBook) -> None:
        """The instrument's order book changed (conflated: the object is the newest state)."""
        ...

    def on_trade(self, trade: PublicTrade) -> None:
        """A public trade happened."""
        ...

    def on_order(self, update: OrderUpdated) -> None:
        """One of our orders changed state."""
        ...

    def on_fill(self, fill: Fill) -> None:
        """One of our orders traded."""
        ...

    def on_funding(self, payment: FundingPaid) -> None:
        """A funding payment was settled (perps)."""
        ...

    def on_health(self, change: VenueUp | VenueDown) -> None:
        """The instrument became usable or unusable."""
        ...


class Venue(Protocol):
    """One instrument of one exchange: market data in, orders out."""

    instrument: Instrument
    book: OrderBook

    async def start(self, sink: VenueSink) -> None:
        """Connect and begin streaming into `sink`. Returns once the first book is there."""
        ...

    async def stop(self) -> None:
        """Close the connections. Does not cancel orders."""
        ...

    def place(self, intent: OrderIntent) -> None:
        """Send an order. Its outcome arrives as `OrderUpdated`/`Fill`."""
        ...

    def amend(self, amend: Amend) -> None:
        """Change price and remaining quantity of a resting order; keeps its client id."""
        ...

    def cancel(self, client_id: str) -> None:
        """Ask for a cancel; the terminal `OrderUpdated` carries the final filled quantity."""
        ...

    async def cancel_all(self, prefix: str) -> int:
        """Cancel every open order whose client id starts with `prefix`; returns how many were open."""
        ...

    async def snapshot(self, since_ns: int) -> VenueSnapshot:
        """Open orders, trades since `since_ns`, position, cash; None where a query failed."""
        ...

    def funding(self) -> tuple[float, float, int] | None:
        """(rate per interval, interval hours, next time ns) of a perp; None for spot or unknown."""
        ...
