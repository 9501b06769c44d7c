"""A venue over a simulated exchange: the same Protocol as a real one.

Rule 1: requests are fire-and-forget; what becomes of them is told by client id, after a latency each way.
Rule 2: a request that is not sent because there is no connection says so; nothing is guessed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.clock import Clock
from bot.model.facts import Fill, VenueSnapshot
from bot.model.order import Amend, OrderIntent, OrderState
from bot.sim.exchange import SimExchange
from bot.venues.paper_link import PaperLink
from bot.venues.paper_store import Store
from bot.venues.paper_terms import Draws, PaperTerms

__all__ = ["PaperTerms", "PaperVenue"]


class PaperVenue(PaperLink):
    """One instrument of one simulated exchange as a `Venue`.

    `funding_terms` is set by the market: (rate per interval, interval hours, next time ns).
    """

    def __init__(
        self,
        exchange: SimExchange,
        clock: Clock,
        draws: Draws,
        terms: PaperTerms | None = None,
        store: Store | None = None,
    ) -> None:
        super().__init__(exchange, clock, draws, terms, store)
        self.funding_terms: tuple[float, float, int] | None = None

    def funding(self) -> tuple[float, float, int] | None:
        """(rate per interval, interval hours, next time ns) as the market set it."""
        return self.funding_terms

    def place(self, intent: OrderIntent) -> None:
        """Send an order. Not connected: REJECTED, it was never sent."""
        if self._live is not None:
            self._outbox.send((self.exchange.submit, intent, intent.client_id))
        else:
            self._unsent(intent.client_id, OrderState.REJECTED)

    def amend(self, amend: Amend) -> None:
        """Send a new price and size. Not connected: the order is UNKNOWN."""
        if self._live is not None:
            request = (amend, self._told_lots(amend.client_id))
            self._outbox.send((self._amend, request, amend.client_id))
        else:
            self._unsent(amend.client_id, OrderState.UNKNOWN)

    def _told_lots(self, client_id: str) -> int:
        """What we know to be filled of an order: all but the trades whose report is under way."""
        order = self.exchange.order(client_id)
        if order is None or order.filled == 0:
            return 0
        coming = [told for _, told in self._reports.waiting() if isinstance(told, Fill)]
        lots = self.instrument.lots
        return order.filled - sum(lots(fill.quantity) for fill in coming if fill.client_id == client_id)

    def _amend(self, request: tuple[Amend, int], now_ns: int) -> None:
        """Exchanges take the whole quantity, filled part included: what traded meanwhile comes off."""
        amend, told_lots = request
        order = self.exchange.order(amend.client_id)
        if order is not None and order.filled != told_lots:
            lots = amend.quantity_lots - (order.filled - told_lots)
            if lots <= 0:
                self.exchange.cancel(amend.client_id, now_ns)
                return
            amend = replace(amend, quantity_lots=lots)
        self.exchange.amend(amend, now_ns)

    def cancel(self, client_id: str) -> None:
        """Send a cancel. Not connected: the order is UNKNOWN."""
        if self._live is not None:
            self._outbox.send((self.exchange.cancel, client_id, client_id))
        else:
            self._unsent(client_id, OrderState.UNKNOWN)

    def _unsent(self, client_id: str, state: OrderState) -> None:
        if self._sink is None:
            raise RuntimeError(f"{self.instrument.id} is not started")
        update = self._state(client_id, self._clock.now_ns(), state, "not_connected")
        self._loop.call_soon(self._sink.on_order, update)

    async def cancel_all(self, prefix: str) -> int:
        """Cancel what rests under `prefix`; returns how many. ConnectionError when that cannot be known."""
        lost = ConnectionError(f"{self.instrument.id} is not connected: orders may still rest there")
        if self._live is None:
            raise lost
        count: int = await self._ask(self._cancel_all, prefix, lost)
        return count

    def _cancel_all(self, request: tuple[str, asyncio.Future[int]], now_ns: int) -> None:
        prefix, future = request
        orders = self.exchange.open_orders(prefix)
        for order in orders:
            if order.client_id is not None:
                self.exchange.cancel(order.client_id, now_ns)
        self._answer(future, len(orders))

    async def snapshot(self, since_ns: int) -> VenueSnapshot:
        """The exchange's own account of us, one round trip old; all unknown when not connected."""
        now, name = self._clock.now_ns(), self.instrument.id
        failed = VenueSnapshot(now, name, since_ns, None, None, None, None)
        if self._live is None:
            return failed
        snapshot: VenueSnapshot = await self._ask(self._snapshot, since_ns, failed)
        return snapshot

    def _snapshot(self, request: tuple[int, asyncio.Future[VenueSnapshot]], now_ns: int) -> None:
        since_ns, future = request
        exchange, seen = self.exchange, now_ns + self._reports.lag_ns
        mark, trades = exchange.mark_usdt, exchange.trades_since(since_ns)
        liquidation = exchange.liquidation_price(mark) if mark is not None else None
        snapshot = VenueSnapshot(
            seen_ns=seen,
            instrument=self.instrument.id,
            since_ns=since_ns,
            open_orders=exchange.open_orders(),
            trades=tuple(_asked(fill, seen) for fill in trades),
            position=exchange.position,
            usdt=exchange.usdt,
            margin_ratio=exchange.margin_ratio(mark) if mark is not None else None,
            liquidation_price=float(liquidation) if liquidation is not None else None,
        )
        self._answer(future, snapshot)


def _asked(fill: Fill, seen_ns: int) -> Fill:
    """A trade as a query shows it; what the exchange did by itself stays marked so."""
    return replace(fill, seen_ns=seen_ns, origin="external" if fill.client_id is None else "backfill")
