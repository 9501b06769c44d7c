"""Where a simulated exchange reports.

Rule 1: calls come synchronously and in order; a listener must not call the exchange back from inside one.
"""

from __future__ import annotations

from typing import Protocol

from bot.model.facts import Fill, FundingPaid, OrderUpdated
from bot.model.market import OrderBook, PublicTrade


class ExchangeEvents(Protocol):
    """Where an exchange reports, synchronously and in order."""

    def on_book(self, book: OrderBook) -> None:
        """The public book changed."""
        ...

    def on_trade(self, trade: PublicTrade) -> None:
        """A public trade happened."""
        ...

    def on_order(self, update: OrderUpdated) -> None:
        """One of our orders changed state, or an answer to one of our requests."""
        ...

    def on_fill(self, fill: Fill) -> None:
        """One of our orders traded (before the `on_order` that goes with it)."""
        ...

    def on_funding(self, payment: FundingPaid) -> None:
        """A funding payment was booked."""
        ...


class IgnoreEvents:
    """Hears everything, does nothing: an exchange nobody is connected to."""

    def on_book(self, book: OrderBook) -> None:
        """Ignore."""

    def on_trade(self, trade: PublicTrade) -> None:
        """Ignore."""

    def on_order(self, update: OrderUpdated) -> None:
        """Ignore."""

    def on_fill(self, fill: Fill) -> None:
        """Ignore."""

    def on_funding(self, payment: FundingPaid) -> None:
        """Ignore."""
