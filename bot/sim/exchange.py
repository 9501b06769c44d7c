"""One instrument of one simulated exchange: our requests at the moment they arrive there.

Rule 1: synchronous and deterministic: time comes as `now_ns`, latency and faults come from outside.
Rule 2: every request is answered by exactly one `on_order`, after the fills it caused.
Rule 3: a refusal changes nothing; an amend that would trade takes the order out, as post-only does.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from bot.model.instrument import Instrument
from bot.model.market import PublicTrade
from bot.model.order import Amend, OrderIntent, OrderState, Side, TimeInForce
from bot.sim.account import SimAccount
from bot.sim.events import ExchangeEvents, IgnoreEvents
from bot.sim.matching import Resting
from bot.sim.settlement import ExchangeState, SettlementBook

__all__ = ["ExchangeEvents", "ExchangeState", "IgnoreEvents", "SimExchange"]


class SimExchange(SettlementBook):
    """One instrument: `submit`, `amend`, `cancel` are our requests at the moment they arrive there.

    `halted` = the exchange is in maintenance: new orders and amends are refused, cancels work.
    """

    def __init__(self, instrument: Instrument, account: SimAccount, events: ExchangeEvents) -> None:
        super().__init__(instrument, account, events)
        self.halted = False
        quantum = instrument.tick * instrument.lot
        self._notional_min = int((instrument.notional_usdt_min / quantum).to_integral_value(ROUND_CEILING))

    def submit(self, intent: OrderIntent, now_ns: int) -> None:
        """A new order arrives. Answers OPEN, FILLED, EXPIRED or REJECTED with a reason.

        Reasons: duplicate · halted · filter:price · filter:lot · filter:notional · post_only · reduce_only
        · insufficient_balance · insufficient_margin. An IOC's rest EXPIRES: ioc · self_trade · reduce_only.
        """
        self._now = now_ns
        client_id = intent.client_id
        if client_id in self._orders or client_id in self._settled:
            self._tell(client_id, OrderState.REJECTED, 0, "duplicate")
            return
        reason = self._filtered(intent.price_ticks, intent.quantity_lots, intent.reduce_only)
        if not reason and intent.reduce_only and self._closable(intent.side) <= 0:
            reason = "reduce_only"
        if reason:
            self._settle(client_id, OrderState.REJECTED, 0, reason)
        elif intent.time_in_force is TimeInForce.IOC:
            self._take(intent)
        else:
            self._rest(intent)

    def _filtered(self, ticks: int, lots: int, reduce_only: bool) -> str:
        if self.halted:
            return "halted"
        if ticks <= 0:
            return "filter:price"
        if lots <= 0:
            return "filter:lot"
        if ticks * lots < self._notional_min and not reduce_only:
            return "filter:notional"
        return ""

    def _crosses(self, side: Side, ticks: int) -> bool:
        best = self._asks.best if side > 0 else self._bids.best
        return best != 0 and (ticks - best) * side >= 0

    def _rest(self, intent: OrderIntent) -> None:
        side, ticks, lots = intent.side, intent.price_ticks, intent.quantity_lots
        reason = "post_only" if self._crosses(side, ticks) else ""
        if not reason and not intent.reduce_only:
            self._mark()
            reason = self.account.reserve(side, ticks, 0, ticks, lots)
        if reason:
            self._settle(intent.client_id, OrderState.REJECTED, 0, reason)
            return
        order = Resting(intent.client_id, side, ticks, lots, intent.reduce_only)
        self._orders[intent.client_id] = order
        self._join(order)
        self._tell_open(order)
        self._book_changed(self._now)

    def _take(self, intent: OrderIntent) -> None:
        side, limit, lots = intent.side, intent.price_ticks, intent.quantity_lots
        reason = ""
        if intent.reduce_only:
            lots = min(lots, self._closable(side))
            reason = "reduce_only" if lots < intent.quantity_lots else ""
        else:
            self._mark()
            refused = self.account.refuse_taker(side, limit, lots)
            if refused:
                self._settle(intent.client_id, OrderState.REJECTED, 0, refused)
                return
        left = lots
        book_side = self._asks if side > 0 else self._bids
        while left and book_side.best and (limit - book_side.best) * side >= 0:
            ticks = book_side.best
            queue = book_side.queues.get(ticks)
            done = book_side.take_others(ticks, min(left, queue[0].ahead) if queue else left)
            if done:
                left -= done
                self.events.on_trade(PublicTrade(self._id, side, ticks, done, self._now))
                self._trade(side, ticks, done, intent.client_id, maker=False)
            if queue and left:
                reason = "self_trade"
                break
        filled = lots - left
        whole = filled == intent.quantity_lots
        state = OrderState.FILLED if whole else OrderState.EXPIRED
        self._settle(intent.client_id, state, filled, "" if whole else reason or "ioc")
        if filled:
            self._book_changed(self._now)

    def _mark(self) -> None:
        book, perp = self.book, self._perp
        if perp is not None and book.best_bid and book.best_ask:
            perp.mark_ticks = (book.best_bid + book.best_ask) // 2

    def amend(self, amend: Amend, now_ns: int) -> None:
        """New price and remaining lots. Smaller at the same price keeps the queue place, else it is lost.

        Answers OPEN; CANCELED "post_only" when the new price would trade; OPEN "amend_refused:<reason>"
        when the order stays as it was; the final state when the order is gone.
        """
        self._now = now_ns
        order = self._orders.get(amend.client_id)
        if order is None:
            self._answer_settled(amend.client_id)
            return
        ticks, lots, side = amend.price_ticks, amend.quantity_lots, order.side
        reason = self._filtered(ticks, lots, order.reduce_only)
        if not reason and self._crosses(side, ticks):
            self._remove(order, OrderState.CANCELED, "post_only")
            self._book_changed(now_ns)
            return
        if not reason and not order.reduce_only:
            self._mark()
            reason = self.account.reserve(side, order.ticks, order.lots, ticks, lots)
        if reason:
            self._tell(order.client_id, OrderState.OPEN, order.filled, "amend_refused:" + reason)
            return
        book_side = self._bids if side > 0 else self._asks
        if ticks == order.ticks and lots <= order.lots:
            book_side.shrink(order, order.lots - lots)
        else:
            book_side.remove(order)
            order.ticks, order.lots = ticks, lots
            self._join(order)
        self._tell_open(order)
        self._book_changed(now_ns)

    def cancel(self, client_id: str, now_ns: int) -> None:
        """Cancel an order. Answers CANCELED, or the final state again when it was gone already."""
        self._now = now_ns
        order = self._orders.get(client_id)
        if order is None:
            self._answer_settled(client_id)
            return
        self._remove(order, OrderState.CANCELED)
        self._book_changed(now_ns)

    def _answer_settled(self, client_id: str) -> None:
        known = self._settled.get(client_id)
        if known is not None:
            self._tell(client_id, known[0], known[1], "already_settled")
            return
        tokens = sum((f.quantity for f in self._trades if f.client_id == client_id), Decimal(0))
        self._tell(client_id, OrderState.CANCELED, self.instrument.lots(tokens), "unknown_order")
