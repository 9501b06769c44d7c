"""Moves every perp to its target position, one outstanding order per instrument.

Rule 1: level-triggered: target − (confirmed + working); a lost, late or repeated view never doubles an order.
Rule 2: after an order settles, the next is decided only on a view that has seen its fills.
Rule 3: an order whose fate is unknown blocks its instrument until it is settled by query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.channels import Inbox, Latest
from bot.clock import Clock
from bot.model.facts import Fill, FundingPaid, HedgeWorking, OrderUpdated, VenueDown, VenueSnapshot, VenueUp
from bot.model.instrument import InstrumentId
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import ClientIds, OrderIntent, OrderState, Purpose, Side, TimeInForce
from bot.model.view import Level, View
from bot.risk.hedge import next_order
from bot.tasks.sampler import Sampler
from bot.venues.guard import Guard

_ZERO = Decimal(0)


@dataclass(slots=True)
class _Slot:
    """What is outstanding on one perp."""

    client_id: str = ""
    signed_lots: int = 0
    filled_lots: int = 0
    final_lots: int | None = None
    unknown: bool = False
    seen_fact: int = 0
    sent_at: float = 0.0
    not_before: float = 0.0


class Hedger:
    """Sink of all perps and the task that trades them."""

    def __init__(
        self,
        guards: Mapping[InstrumentId, Guard],
        view: Latest[View],
        inbox: Inbox,
        clock: Clock,
        ids: ClientIds,
    ) -> None:
        self._guards, self._view, self._inbox, self._clock, self._ids = guards, view, inbox, clock, ids
        self._slots = {key: _Slot() for key in guards}
        self._lots = {key: float(guard.instrument.lot) for key, guard in guards.items()}
        self.sampler: Sampler | None = None
        self.turnover_tokens = 0.0
        self.reconnected: Callable[[InstrumentId], None] = lambda _: None
        self.doubted: Callable[[InstrumentId], None] = lambda _: None
        self._starved: set[InstrumentId] = set()
        self._wake = asyncio.Event()
        view.watch(lambda _: self._wake.set())

    async def run(self) -> None:
        """Act on every new view until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wait = self.act()
            if wait is not None:
                await asyncio.sleep(wait)
                self._wake.set()

    def act(self) -> float | None:
        """Send what is due on every perp; returns seconds to wait if a pause or budget holds one back."""
        view = self._view.value
        if view.level is Level.HALTED or not view.ready or not view.limits.hedge.enabled:
            return None
        wait: float | None = None
        for key, slot in self._slots.items():
            perp = view.perps.get(key)
            if perp is None or slot.client_id or view.version < slot.seen_fact:
                continue
            if abs(perp.target - perp.position) < self._lots[key]:
                continue
            order = next_order(view, self._guards[key].instrument, self._guards[key].venue.book.top())
            if order is None:
                if not self._guards[key].venue.book.quotable:
                    self._starved.add(key)
                continue
            pause = slot.not_before - self._clock.monotonic()
            if pause > 0 or not self._send(key, slot, order, view):
                wait = max(pause, 0.05)
        return wait

    def _send(self, key: InstrumentId, slot: _Slot, order: tuple[Side, int, int, bool], view: View) -> bool:
        side, ticks, lots, reduce_only = order
        purpose = Purpose.FLATTEN if view.level is Level.FLATTEN else Purpose.HEDGE
        intent = OrderIntent(
            self._ids.draw(purpose), key, side, ticks, lots, purpose, TimeInForce.IOC, reduce_only
        )
        slot.client_id, slot.signed_lots, slot.filled_lots = intent.client_id, lots * side, 0
        slot.final_lots, slot.unknown, slot.sent_at = None, False, self._clock.monotonic()
        slot.not_before = slot.sent_at + view.limits.hedge.order_interval_s_min
        self._report(key, slot)
        if self._guards[key].place(intent) is not None:
            self._settle(key, slot)
            return False
        return True

    def _report(self, key: InstrumentId, slot: _Slot) -> None:
        left = abs(slot.signed_lots) - slot.filled_lots if slot.client_id else 0
        lot = self._guards[key].instrument.lot
        tokens = lot * left * (1 if slot.signed_lots > 0 else -1) if left else _ZERO
        slot.seen_fact = self._inbox.put(HedgeWorking(self._clock.now_ns(), key, tokens, slot.unknown))

    def _settle(self, key: InstrumentId, slot: _Slot) -> None:
        slot.client_id, slot.unknown = "", False
        self._report(key, slot)

    def working(self) -> dict[InstrumentId, str]:
        """Client ids outstanding, by instrument."""
        return {key: slot.client_id for key, slot in self._slots.items() if slot.client_id}

    def owns(self, client_id: str) -> bool:
        """Whether this order is a hedge of this run."""
        return bool(client_id) and any(slot.client_id == client_id for slot in self._slots.values())

    def _doubt(self, key: InstrumentId, slot: _Slot) -> None:
        slot.unknown = True
        self._report(key, slot)
        self.doubted(key)

    def reconciled(self, snapshot: VenueSnapshot, receive_window_s: float) -> None:
        """A query answered: an order that is not open any more and cannot arrive any more is settled.

        Its trades are in the same snapshot, which the caller put into the inbox before.
        """
        key, slot = snapshot.instrument, self._slots[snapshot.instrument]
        if not slot.client_id:
            return
        late = self._clock.monotonic() - slot.sent_at > receive_window_s
        gone = snapshot.open_orders is not None and all(
            order.client_id != slot.client_id for order in snapshot.open_orders
        )
        if late and gone and snapshot.trades is not None:
            self._settle(key, slot)
        elif slot.unknown:
            self.doubted(key)

    # --- VenueSink: called by the perps' venues ---

    def on_book(self, book: OrderBook) -> None:
        """A perp's book moved: only the sampler cares, and an order that had no price to be sent at."""
        if self._starved and book.quotable and book.instrument in self._starved:
            self._starved.clear()
            self._wake.set()
        if self.sampler is not None and book.quotable:
            self.sampler.touch(book.instrument, book.best_bid + book.best_ask)

    def on_trade(self, trade: PublicTrade) -> None:
        """Public volume."""
        if self.sampler is not None:
            self.sampler.traded(trade)

    def on_fill(self, fill: Fill) -> None:
        """A hedge traded, or someone else traded our position (ADL, manual): the ledger wants both."""
        slot = self._slots[fill.instrument]
        slot.seen_fact = self._inbox.put(fill)
        if fill.client_id is not None:
            self.turnover_tokens += float(fill.quantity)
        if fill.client_id == slot.client_id and slot.client_id:
            slot.filled_lots += self._guards[fill.instrument].instrument.lots(fill.quantity)
            final = abs(slot.signed_lots) if slot.final_lots is None else slot.final_lots
            if slot.filled_lots >= final:
                self._settle(fill.instrument, slot)
            else:
                self._report(fill.instrument, slot)

    def on_order(self, update: OrderUpdated) -> None:
        """A hedge was answered."""
        slot = self._slots[update.instrument]
        if update.client_id != slot.client_id:
            return
        if update.state is OrderState.UNKNOWN:
            self._doubt(update.instrument, slot)
        elif update.state.settled and slot.filled_lots >= update.filled_lots:
            self._settle(update.instrument, slot)
        elif update.state.settled:
            # The venue counts more than we saw: its fills are still on their way, or lost until the next
            # reconcile.
            slot.final_lots = update.filled_lots
            self._doubt(update.instrument, slot)

    def on_funding(self, payment: FundingPaid) -> None:
        """Funding was settled."""
        self._inbox.put(payment)

    def on_health(self, change: VenueUp | VenueDown) -> None:
        """A perp went away, or came back: then reconcile before anything else."""
        up = isinstance(change, VenueUp)
        if self.sampler is not None:
            self.sampler.health(change.instrument, up)
        if up:
            self.reconnected(change.instrument)
        else:
            self._inbox.put(change)
