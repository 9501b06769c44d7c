"""One instrument of one local exchange: requests as clients make them, over the simulated market.

Rule 1: plain limits take what crosses and rest with what is left; the simulation knows only the two parts.
Rule 2: filters are judged here, once; each venue has its own words for the reasons.
"""

from __future__ import annotations

from decimal import Decimal

from bot.localnet.orders import Event, Order, OrderRequest, Tif
from bot.localnet.reports import DeskReports
from bot.model.instrument import Instrument
from bot.model.order import Amend, OrderIntent, OrderState, Purpose, Side, TimeInForce

BAND = Decimal(5)


class Desk(DeskReports):
    """Takes orders, amends and cancels for one instrument."""

    def filtered(self, price: Decimal | None, tokens: Decimal, *, reduce_only: bool = False) -> str:
        """Why price and size are not acceptable: price · tick · lot · notional · band; "" = fine."""
        instrument: Instrument = self.instrument
        if tokens <= 0 or tokens % instrument.lot:
            return "lot"
        mark = self.exchange.mark_usdt
        if price is not None:
            if price <= 0:
                return "price"
            if price % instrument.tick:
                return "tick"
            if mark and not mark / BAND <= price <= mark * BAND:
                return "band"
        worth = tokens * (price or mark or Decimal(0))
        if worth < self.rules.notional_min and not reduce_only:
            return "notional"
        return ""

    def place(self, request: OrderRequest) -> Order:
        """A new order; returns it OPEN, FILLED, EXPIRED or REJECTED with a reason.

        Reasons: those of the simulated exchange, `no_liquidity`, `too_many_orders`.
        """
        self._order_id += 1
        now = self.now_ms
        order = Order(self._order_id, request, request.ticks or 0, request.lots, now, now)
        if len(self.open_orders()) >= self.rules.orders_max:
            return self._reject(order, "too_many_orders")
        if request.ticks is None:
            order.ticks = self._sweep_price(request.side, request.lots)
            if not order.ticks:
                return self._reject(order, "no_liquidity")
        self._remember(order)
        self._run(order, request.tif if request.ticks is not None else Tif.IOC)
        if order.state is OrderState.REJECTED:
            self.orders.pop(order.id, None)
        return order

    def _run(self, order: Order, tif: Tif) -> None:
        """Send the legs of an order to the simulation."""
        if tif is Tif.FOK and self._available(order.side, order.ticks) < order.left:
            self._end(order, OrderState.EXPIRED, "fok")
            return
        takes = tif is not Tif.POST_ONLY
        if tif is Tif.GTC:
            best = self.book.best_ask if order.side > 0 else self.book.best_bid
            takes = bool(best) and (order.ticks - best) * order.side >= 0
        if takes:
            order.note = "taking" if tif is Tif.GTC else ""
            self._leg(order, TimeInForce.IOC)
            if order.note != "rests":
                return
            order.note = ""
        self._leg(order, TimeInForce.POST_ONLY)

    def _leg(self, order: Order, tif: TimeInForce) -> None:
        order.legs += 1
        self._legs.pop(order.leg, None)
        order.leg = f"{order.id}.{order.legs}"
        self._legs[order.leg] = order
        reduce_only = order.request.reduce_only
        intent = OrderIntent(
            order.leg,
            self.instrument.id,
            order.side,
            order.ticks,
            order.left,
            Purpose.QUOTE,
            tif,
            reduce_only,
        )
        self.exchange.submit(intent, self._clock.now_ns())

    def _sweep_price(self, side: Side, lots: int) -> int:
        """The worst price a market order of `lots` needs; what the book cannot fill expires."""
        levels = self.book.asks if side > 0 else self.book.bids
        price = 0
        for price in sorted(levels, reverse=side < 0):
            lots -= levels[price]
            if lots <= 0:
                break
        return price

    def _available(self, side: Side, ticks: int) -> int:
        levels = self.book.asks if side > 0 else self.book.bids
        return sum(lots for price, lots in levels.items() if (ticks - price) * side >= 0)

    def amend(self, order: Order, ticks: int, lots: int) -> str:
        """New price and whole size (filled part included) for an open order. "" or why it stayed as it was.

        A size that has traded already cancels the rest; a post-only order that would cross is cancelled.
        """
        if lots <= order.filled:
            self.cancel(order)
            return ""
        best = self.book.best_ask if order.side > 0 else self.book.best_bid
        crosses = bool(best) and (ticks - best) * order.side >= 0
        if crosses and order.request.tif is not Tif.POST_ONLY:
            self._swapping = True
            self.exchange.cancel(order.leg, self._clock.now_ns())
            self._swapping = False
            order.ticks, order.lots, order.updated_ms = ticks, lots, self.now_ms
            self._tell(order, Event.AMENDED)
            self._run(order, Tif.GTC)
            return ""
        self._refused = ""
        before = (order.ticks, order.lots)
        order.ticks, order.lots = ticks, lots
        leg = Amend(order.leg, self.instrument.id, ticks, order.left)
        self.exchange.amend(leg, self._clock.now_ns())
        if self._refused:
            order.ticks, order.lots = before
            return self._refused
        if order.open:
            order.updated_ms = self.now_ms
            self._tell(order, Event.AMENDED)
        return ""

    def cancel(self, order: Order, note: str = "") -> None:
        """Take an open order out; `note` is kept for the venue's report."""
        order.note = note
        self.exchange.cancel(order.leg, self._clock.now_ns())

    def cancel_all(self) -> list[Order]:
        """Cancel whatever rests; returns what was cancelled."""
        orders = self.open_orders()
        for order in orders:
            self.cancel(order)
        return orders

    def void(self, order: Order) -> None:
        """A refused order as venues show it that acknowledge first: it was there and is cancelled."""
        order.announced = True
        order.state = OrderState.CANCELED
        self._remember(order)
        self.by_client[order.client_id] = order
        self._tell(order, Event.CANCELED)
