"""Where a spot venue delivers: to the quoter, to the seller, and what the books need to the inbox.

Rule 1: a fill reaches the ledger before anyone reacts to it.
Rule 2: what breaks while an answer is read is the quoter's failure, never the stream's.
Rule 3: streams that come back are reconciled before they count as up; orders are in doubt until then.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.channels import Inbox
from bot.clock import NS
from bot.model.facts import Fill, FundingPaid, OrderUpdated, VenueDown, VenueSnapshot, VenueUp
from bot.model.instrument import Instrument, InstrumentId
from bot.model.market import PublicTrade
from bot.model.order import OrderState
from bot.tasks.quoter import Quoter
from bot.tasks.sampler import Sampler
from bot.tasks.supervise import contained

_DOWN = "venue down"


class SpotSink:
    """Sink of one spot venue; also answers the reconciler for its quotes."""

    def __init__(self, quoter: Quoter, instrument: Instrument, inbox: Inbox, sampler: Sampler) -> None:
        self._quoter, self._seller, self._live = quoter, quoter.seller, quoter.live
        self._instrument, self._inbox, self._sampler = instrument, inbox, sampler
        self.on_book = quoter.on_book
        self._tell_order: Callable[[OrderUpdated], None] = contained(self._order, quoter.failed)
        self._tell_fill: Callable[[Fill], None] = contained(self._fill, quoter.failed)
        quoter.broke = lambda: self.doubted(instrument.id)
        self.reconnected: Callable[[InstrumentId], None] = lambda _: None
        self.doubted: Callable[[InstrumentId], None] = lambda _: None

    def on_trade(self, trade: PublicTrade) -> None:
        """Public volume."""
        self._sampler.traded(trade)
        self._seller.traded(trade)

    def on_order(self, update: OrderUpdated) -> None:
        """One of our orders was answered."""
        if update.state is OrderState.UNKNOWN:
            self.doubted(update.instrument)
        self._tell_order(update)

    def _order(self, update: OrderUpdated) -> None:
        if self._live.on_order(update):
            self._quoter.answered()
        else:
            self._seller.on_order(update)

    def on_fill(self, fill: Fill) -> None:
        """One of our orders traded."""
        self._inbox.put(fill)
        self._tell_fill(fill)

    def _fill(self, fill: Fill) -> None:
        if self._live.on_fill(fill):
            self._quoter.answered()
        else:
            self._seller.on_fill(fill)

    def on_funding(self, payment: FundingPaid) -> None:
        """Spot pays no funding; pass on what a venue says all the same."""
        self._inbox.put(payment)

    def on_health(self, change: VenueUp | VenueDown) -> None:
        """Streams lost: nothing is quoted. Back: reconcile before anything else."""
        key, up = self._instrument.id, isinstance(change, VenueUp)
        self._sampler.health(key, up)
        if up:
            if self._quoter.off == _DOWN:
                self._quoter.off = ""
            self.reconnected(key)
        else:
            self._quoter.off = self._quoter.off or _DOWN
            self._seller.venue_down(key)
            self._inbox.put(change)
            self._quoter.observe(force=True)

    def owns(self, client_id: str) -> bool:
        """Whether this order is one of the quotes."""
        return client_id in self._live

    def reconciled(self, snapshot: VenueSnapshot, receive_window_s: float) -> None:
        """What a query shows is known again; what it does not show and cannot arrive any more is dead."""
        if snapshot.open_orders is None:
            return
        horizon = snapshot.seen_ns - round(receive_window_s * NS)
        resting = {order.client_id: order for order in snapshot.open_orders}
        for order in list(self._live.orders()):
            shown = resting.get(order.client_id)
            if shown is not None:
                ticks, lots = self._instrument.ticks(shown.price), self._instrument.lots(shown.remaining)
                self._live.confirm(order.client_id, ticks, lots, horizon)
            elif order.sent_ns < horizon:
                key, at = self._instrument.id, snapshot.seen_ns
                self._live.on_order(OrderUpdated(at, 0, key, order.client_id, OrderState.DEAD, 0, "query"))
        self._quoter.observe()  # before the streams count as up: what was in doubt is not any more
        self._quoter.answered()
