"""Our orders at one market as the venue's reports make them: each change is told once, each trade once.

Rule 1: filled quantity only grows, a settled order stays settled (a late fill may still complete it).
Rule 2: a trade counts once, by the venue's trade id, whatever told it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.clock import Clock
from bot.model.facts import Fill, OrderUpdated
from bot.model.instrument import Instrument
from bot.model.order import OrderIntent, OrderState, TimeInForce
from bot.venues.translate import OrderReport, TradeReport

KEPT = 20_000
_S = OrderState


@dataclass(slots=True)
class OwnOrder:
    """One order. Lots and ticks; `traded` = what single trades told, `filled` = what the order says."""

    client_id: str
    intent: OrderIntent | None
    sent_ns: int
    state: OrderState = _S.SENT
    order_id: str = ""
    lots: int = 0
    price_ticks: int = 0
    filled: int = 0
    traded: int = 0
    venue_ms: int = 0
    told: tuple[OrderState, int, int] | None = None

    @property
    def left(self) -> int:
        """Lots that may still trade."""
        return max(0, self.lots - self.filled)


class OwnOrders:
    """All orders of one market that this run has seen."""

    def __init__(self, instrument: Instrument, clock: Clock) -> None:
        self.instrument, self._clock = instrument, clock
        self.by_client: dict[str, OwnOrder] = {}
        self.client_of: dict[str, str] = {}
        self._trades: dict[str, None] = {}

    def sent(self, intent: OrderIntent) -> OwnOrder:
        """A new order that is about to be sent."""
        order = OwnOrder(intent.client_id, intent, self._clock.now_ns())
        order.lots, order.price_ticks = intent.quantity_lots, intent.price_ticks
        self.by_client[intent.client_id] = order
        self._forget()
        return order

    def named(self, client_id: str, order_id: str) -> None:
        """The venue's id of an order became known."""
        order = self._known(client_id)
        if order_id:
            order.order_id = order_id
            self.client_of[order_id] = client_id

    def _known(self, client_id: str) -> OwnOrder:
        order = self.by_client.get(client_id)
        if order is None:
            order = self.by_client[client_id] = OwnOrder(client_id, None, self._clock.now_ns())
        return order

    def order(self, report: OrderReport, *, again: bool = False) -> OrderUpdated | None:
        """What a report adds to what was told; None = nothing. `again` tells it although it is known."""
        self.named(report.client_id, report.order_id)
        order = self.by_client[report.client_id]
        filled = max(order.filled, self.instrument.lots(report.filled, "nearest"))
        state = self._state(order, report, filled)
        if state is None:
            return self.last(order) if again else None
        if report.state is _S.OPEN and report.price is not None and report.venue_ms >= order.venue_ms:
            order.price_ticks = self.instrument.ticks(report.price)
        order.filled, order.venue_ms = filled, max(order.venue_ms, report.venue_ms)
        return self._tell(order, state, report.reason, again=again)

    def _state(self, order: OwnOrder, report: OrderReport, filled: int) -> OrderState | None:
        """The state after a report; None when it is older than what is known."""
        state = report.state
        ioc = order.intent is not None and order.intent.time_in_force is TimeInForce.IOC
        if state is _S.CANCELED and ioc:
            state = _S.EXPIRED
        if order.state.settled:
            if state is _S.FILLED or (state is _S.OPEN and order.state is _S.DEAD):
                return state
            return order.state if filled > order.filled else None
        return state

    def local(self, client_id: str, state: OrderState, reason: str) -> OrderUpdated | None:
        """A state known without a report: refused in the answer, unknown, an amend that did not happen."""
        order = self._known(client_id)
        if order.state.settled and not state.settled:
            return self.last(order, reason)
        return self._tell(order, state, reason, again=True)

    def last(self, order: OwnOrder, reason: str = "already_settled") -> OrderUpdated:
        """What was told last, once more."""
        return self._update(order, reason)

    def _tell(self, order: OwnOrder, state: OrderState, reason: str, *, again: bool) -> OrderUpdated | None:
        order.state = state
        told = (state, order.filled, 0 if state.settled else order.price_ticks)
        if told == order.told and not again:
            return None
        order.told = told
        return self._update(order, reason)

    def _update(self, order: OwnOrder, reason: str) -> OrderUpdated:
        price = 0 if order.state.settled or order.state is _S.UNKNOWN else order.price_ticks
        return OrderUpdated(
            seen_ns=self._clock.now_ns(),
            venue_ns=order.venue_ms * 1_000_000,
            instrument=self.instrument.id,
            client_id=order.client_id,
            state=order.state,
            filled_lots=order.filled,
            reason=reason,
            price_ticks=price,
        )

    def trade(self, report: TradeReport, origin: Literal["stream", "backfill"]) -> Fill | None:
        """A trade as a fill; None when it was told before."""
        if report.trade_id in self._trades:
            return None
        self._trades[report.trade_id] = None
        fill = self.fill(report, origin)
        order = self.by_client.get(fill.client_id or "")
        if order is not None:
            order.traded += self.instrument.lots(report.quantity, "nearest")
            order.filled = max(order.filled, order.traded)
        return fill

    def fill(self, report: TradeReport, origin: Literal["stream", "backfill"]) -> Fill:
        """A trade as a fill, told or not."""
        client_id = None if report.external else report.client_id or self.client_of.get(report.order_id)
        return Fill(
            seen_ns=self._clock.now_ns(),
            venue_ns=report.venue_ms * 1_000_000,
            instrument=self.instrument.id,
            trade_id=report.trade_id,
            client_id=client_id,
            side=report.side,
            price=report.price,
            quantity=report.quantity,
            fee=report.fee,
            fee_currency=report.fee_currency,
            maker=report.maker,
            origin="external" if client_id is None else origin,
        )

    def unsettled(self) -> list[OwnOrder]:
        """Orders that may rest or trade, oldest first."""
        return [order for order in self.by_client.values() if not order.state.settled]

    def tokens(self, lots: int) -> Decimal:
        """Lots in tokens."""
        return self.instrument.tokens(lots)

    def _forget(self) -> None:
        """Bounded memory: the oldest settled orders and trades go first."""
        if len(self.by_client) > KEPT:
            old = [key for key, order in self.by_client.items() if order.state.settled][: KEPT // 10]
            for key in old:
                gone = self.by_client.pop(key)
                self.client_of.pop(gone.order_id, None)
        if len(self._trades) > 5 * KEPT:
            for key in list(self._trades)[:KEPT]:
                del self._trades[key]
