"""Our own quotes on one exchange as we believe them to rest, and whether they are all still good.

Rule 1: a request sent and not answered leaves its order `pending`; nobody touches it until it settles.
Rule 2: an order of unknown fate is counted at its worst: resting, at either price, at the larger size.
Rule 3: fills count once: by venue trade id, and never below the venue's own cumulative figure.
Rule 4: any change here ends the promise that the ladder is good (`needs_refresh`).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf
from typing import NamedTuple

from bot.model.facts import Fill, OrderUpdated
from bot.model.instrument import Instrument
from bot.model.order import Amend, OrderIntent, OrderState, Side


class Pending(IntEnum):
    """What an order waits for. Only NONE may be amended; DOUBT waits for nothing but its cancel."""

    NONE = 0
    PLACE = 1
    AMEND = 2
    CANCEL = 3
    UNKNOWN = 4
    DOUBT = 5  # an amend of unknown fate was settled without saying which: the order must go


class AmendRights(NamedTuple):
    """What a venue lets us change on a resting order without a new one.

    `price`: price and size in one request, the client id stays. `size_down`: only the size, only downwards.
    """

    price: bool = False
    size_down: bool = False


@dataclass(slots=True, eq=False)
class LiveOrder:
    """One resting quote. `lots` remain; `to_*` is what an amend under way asks for (else the same)."""

    client_id: str
    side: Side
    ticks: int
    lots: int
    sent_ns: int
    state: OrderState = OrderState.SENT
    pending: Pending = Pending.PLACE
    to_ticks: int = 0
    to_lots: int = 0
    filled_lots: int = 0
    trades: dict[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """No answer is awaited."""
        return self.pending is Pending.NONE or self.pending is Pending.DOUBT


class LiveQuotes:
    """The quotes of one spot instrument, both sides best price first.

    `own_bids`/`own_asks` map ticks to lots (what `OrderBook.top_without` takes out of the book).
    """

    def __init__(self, instrument: Instrument, rights: AmendRights = AmendRights()) -> None:  # noqa: B008
        self.instrument = instrument
        self.instrument_id = instrument.id
        self.rights = rights
        self.bids: list[LiveOrder] = []
        self.asks: list[LiveOrder] = []
        self.own_bids: dict[int, int] = {}
        self.own_asks: dict[int, int] = {}
        self._orders: dict[str, LiveOrder] = {}
        self._lot = instrument.lot
        self._good = (inf, -inf, inf, -inf)

    def needs_refresh(self, reference: float, mid: float) -> bool:
        """False while every quote is known to be good at this reference price and venue mid (USDT)."""
        low, high, mid_low, mid_high = self._good
        return not (low <= reference <= high and mid_low <= mid <= mid_high)

    def promise(self, low: float, high: float, mid_low: float, mid_high: float) -> None:
        """All quotes stay good while reference and mid are inside these bounds and nothing else changes."""
        self._good = (low, high, mid_low, mid_high)

    def invalidate(self) -> None:
        """Judge the ladder afresh at the next tick (limits, skew, balances or room changed)."""
        self._good = (inf, -inf, inf, -inf)

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._orders

    def get(self, client_id: str) -> LiveOrder | None:
        """The order of this client id, or None when it does not rest."""
        return self._orders.get(client_id)

    def orders(self) -> Iterable[LiveOrder]:
        """All orders, oldest first."""
        return self._orders.values()

    @property
    def unknown(self) -> int:
        """Orders whose fate the venue has not stated."""
        return sum(o.pending is Pending.UNKNOWN for o in self._orders.values())

    def sent(self, intent: OrderIntent, now_ns: int) -> LiveOrder:
        """A quote went out."""
        return self._add(
            LiveOrder(intent.client_id, intent.side, intent.price_ticks, intent.quantity_lots, now_ns)
        )

    def adopt(self, client_id: str, side: Side, ticks: int, lots: int, now_ns: int) -> LiveOrder:
        """A quote of ours that a query found resting."""
        order = LiveOrder(client_id, side, ticks, lots, now_ns, OrderState.OPEN, Pending.NONE)
        return self._add(order)

    def amending(self, amend: Amend, now_ns: int) -> None:
        """An amend went out. KeyError when no such order rests."""
        order = self._orders[amend.client_id]
        order.pending, order.sent_ns = Pending.AMEND, now_ns
        order.to_ticks, order.to_lots = amend.price_ticks, amend.quantity_lots
        self.invalidate()

    def cancelling(self, client_id: str) -> None:
        """A cancel went out. KeyError when no such order rests."""
        self._orders[client_id].pending = Pending.CANCEL
        self.invalidate()

    def on_order(self, update: OrderUpdated) -> bool:
        """Apply a venue's word on an order; False when it is none of these."""
        order = self._orders.get(update.client_id)
        if order is None:
            return False
        self.invalidate()
        if update.state.settled:
            self._drop(order)
            return True
        grown = update.filled_lots > order.filled_lots
        if grown:
            self._fill_to(order, update.filled_lots)
        if update.state is OrderState.UNKNOWN:
            order.state, order.pending = OrderState.UNKNOWN, Pending.UNKNOWN
        elif update.state is OrderState.OPEN and update.client_id in self._orders:
            self._opened(order, update, grown)
        return True

    def on_fill(self, fill: Fill) -> bool:
        """Apply a trade; False when it is none of these orders' or was applied before."""
        order = self._orders.get(fill.client_id or "")
        if order is None or fill.trade_id in order.trades:
            return False
        order.trades[fill.trade_id] = int(fill.quantity / self._lot)
        self._fill_to(order, sum(order.trades.values()))
        self.invalidate()
        return True

    def confirm(self, client_id: str, ticks: int, lots: int, horizon_ns: int) -> bool:
        """A query shows the order resting at this price and size: settles what was pending or in doubt.

        Requests sent at or after `horizon_ns` may still be on their way and are left alone; so are orders
        without doubt, which the streams know better. Returns whether anything was settled.
        """
        order = self._orders.get(client_id)
        if order is None or order.pending is Pending.NONE:
            return False
        if not order.settled and order.sent_ns >= horizon_ns:
            return False
        order.state = OrderState.OPEN
        self._rest(order, ticks, lots)
        self.invalidate()
        return True

    def clear(self) -> None:
        """Forget every order (after a cancel-all that the venue confirmed)."""
        for order in list(self._orders.values()):
            self._drop(order)
        self.invalidate()

    def _opened(self, order: LiveOrder, update: OrderUpdated, grown: bool) -> None:
        """Settle what was pending, as far as this update can tell."""
        order.state = OrderState.OPEN
        price = update.price_ticks
        moved = order.to_ticks != order.ticks
        if order.pending is Pending.AMEND:
            if update.reason:
                order.to_ticks, order.to_lots, order.pending = order.ticks, order.lots, Pending.NONE
            elif price == order.to_ticks if price and moved else not grown:
                self._rest(order, order.to_ticks, order.to_lots)
            # else it tells of a fill or repeats itself: the amend's own answer is still to come
        elif order.pending is Pending.CANCEL:
            if update.reason:
                sure = (order.to_ticks, order.to_lots) == (order.ticks, order.lots)
                order.pending = Pending.NONE if sure else Pending.DOUBT
        elif price == 0 if moved else order.to_lots != order.lots:
            order.pending = Pending.DOUBT
        elif price:
            self._rest(order, price, order.to_lots if price == order.to_ticks else order.lots)
        else:
            order.pending = Pending.NONE

    def _rest(self, order: LiveOrder, ticks: int, lots: int) -> None:
        order.pending = Pending.NONE
        lots = lots if lots > 0 else order.lots  # fills overtook the amend: the venue's end state follows
        order.to_ticks, order.to_lots = ticks, lots
        if ticks == order.ticks and lots == order.lots:
            return
        self._count(order.side, order.ticks, -order.lots)
        order.ticks, order.lots = ticks, lots
        self._count(order.side, ticks, lots)
        self._list(order.side).sort(key=_rank)

    def _fill_to(self, order: LiveOrder, filled_lots: int) -> None:
        traded = filled_lots - order.filled_lots
        if traded <= 0:
            return
        order.filled_lots = filled_lots
        if traded >= order.lots:
            self._drop(order)
            return
        order.lots -= traded
        order.to_lots -= traded
        self._count(order.side, order.ticks, -traded)

    def _add(self, order: LiveOrder) -> LiveOrder:
        if order.client_id in self._orders:
            raise ValueError(f"order {order.client_id} rests already: a client id is never used twice")
        order.to_ticks, order.to_lots = order.ticks, order.lots
        self._orders[order.client_id] = order
        insort(self._list(order.side), order, key=_rank)
        self._count(order.side, order.ticks, order.lots)
        self.invalidate()
        return order

    def _drop(self, order: LiveOrder) -> None:
        del self._orders[order.client_id]
        self._list(order.side).remove(order)
        self._count(order.side, order.ticks, -order.lots)

    def _list(self, side: Side) -> list[LiveOrder]:
        return self.bids if side > 0 else self.asks

    def _count(self, side: Side, ticks: int, lots: int) -> None:
        own = self.own_bids if side > 0 else self.own_asks
        total = own.get(ticks, 0) + lots
        if total > 0:
            own[ticks] = total
        else:
            own.pop(ticks, None)


def _rank(order: LiveOrder) -> int:
    return -order.side * order.ticks
