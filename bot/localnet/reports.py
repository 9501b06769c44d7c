"""What the simulation tells about one instrument, turned into orders and trades as clients know them.

Rule 1: an order that takes and then rests is two orders to the simulation and one to everybody else.
Rule 2: listeners hear what happened after the account has booked it, and never call back from inside.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.clock import Clock
from bot.localnet.orders import Event, FundingRow, Order, OrderRequest, Tif, Trade
from bot.model.facts import Fill, FundingPaid, OrderUpdated
from bot.model.instrument import Kind
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import OrderState, Side
from bot.sim.account import PerpAccount, SpotAccount
from bot.sim.exchange import SimExchange

KEPT = 10_000
TAPE = 500


class Listener(Protocol):
    """Whoever streams what happens at a desk."""

    def on_book(self, desk: DeskReports) -> None:
        """The public book changed."""
        ...

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """Somebody traded."""
        ...

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """One of the account's orders moved."""
        ...

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """A funding payment was booked."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What a desk accepts beyond ticks and lots."""

    notional_min: Decimal
    orders_max: int = 200


class DeskReports:
    """Orders, trades, tape and account of one instrument. Takes over `exchange.events`."""

    def __init__(self, exchange: SimExchange, clock: Clock, rules: Rules) -> None:
        self.exchange, self.instrument, self.book = exchange, exchange.instrument, exchange.book
        self.rules = rules
        self.listeners: list[Listener] = []
        self.orders: dict[int, Order] = {}
        self.by_client: dict[str, Order] = {}
        self.trades: deque[Trade] = deque(maxlen=KEPT)
        self.funding: deque[FundingRow] = deque(maxlen=KEPT)
        self.tape: deque[tuple[int, PublicTrade]] = deque(maxlen=TAPE)
        self._clock = clock
        self._legs: dict[str, Order] = {}
        self._refused = ""
        self._swapping = False
        self._realised = Decimal(0)
        first = clock.now_ns() // 1_000_000_000 * 1_000
        self._order_id = self._trade_id = self._print_id = first + (0 if self.spot else 500_000_000)
        exchange.events = self

    @property
    def spot(self) -> bool:
        """Spot or perpetual."""
        return self.instrument.kind is Kind.SPOT

    @property
    def perp_account(self) -> PerpAccount:
        """The margin account; TypeError on spot."""
        account = self.exchange.account
        if not isinstance(account, PerpAccount):
            raise TypeError(f"{self.instrument.id} has no margin account")
        return account

    @property
    def spot_account(self) -> SpotAccount:
        """The spot account; TypeError on a perpetual."""
        account = self.exchange.account
        if not isinstance(account, SpotAccount):
            raise TypeError(f"{self.instrument.id} has no spot account")
        return account

    @property
    def now_ms(self) -> int:
        """Milliseconds UTC."""
        return self._clock.now_ns() // 1_000_000

    def open_orders(self) -> list[Order]:
        """What rests, oldest first."""
        return [order for order in self._legs.values() if order.open]

    def find(self, order_id: str | int | None, client_id: str | None) -> Order | None:
        """An order by the venue's id, else by the client's."""
        if order_id:
            try:
                return self.orders.get(int(order_id))
            except ValueError:
                return None
        return self.by_client.get(client_id or "")

    def _reject(self, order: Order, reason: str) -> Order:
        order.state, order.reason = OrderState.REJECTED, reason
        return order

    def _remember(self, order: Order) -> None:
        self.orders[order.id] = order
        if len(self.orders) > KEPT:
            for key in [key for key, old in self.orders.items() if not old.open][: KEPT // 10]:
                gone = self.orders.pop(key)
                if self.by_client.get(gone.client_id) is gone:
                    del self.by_client[gone.client_id]

    def on_book(self, book: OrderBook) -> None:
        """From the simulation."""
        for listener in self.listeners:
            listener.on_book(self)

    def on_trade(self, trade: PublicTrade) -> None:
        """From the simulation."""
        self._print_id += 1
        self.tape.append((self._print_id, trade))
        for listener in self.listeners:
            listener.on_public_trade(self, trade)

    def on_fill(self, fill: Fill) -> None:
        """From the simulation: one of our legs traded, or the exchange closed a position by itself."""
        instrument = self.instrument
        ticks, lots = instrument.ticks(fill.price), instrument.lots(fill.quantity)
        order = self._legs.get(fill.client_id or "") or self._auto_close(fill.side, ticks, lots)
        if not order.announced:
            self._announce(order)
        order.filled += lots
        order.cost_quanta += ticks * lots
        order.fee += fill.fee
        order.updated_ms = self.now_ms
        if order.left == 0:
            order.state = OrderState.FILLED
        self._trade_id += 1
        realised = self._realised_now()
        trade = Trade(self._trade_id, order, fill.side, ticks, lots, fill.fee, fill.maker, order.updated_ms,
                      realised - self._realised)  # fmt: skip
        self._realised = realised
        self.trades.append(trade)
        self._tell(order, Event.TRADED, trade)

    def _realised_now(self) -> Decimal:
        return Decimal(0) if self.spot else self.perp_account.realised_usdt

    def _auto_close(self, side: Side, ticks: int, lots: int) -> Order:
        self._order_id += 1
        request = OrderRequest(f"autoclose-{self._order_id}", side, None, lots, Tif.IOC, reduce_only=True)
        order = Order(self._order_id, request, ticks, lots, self.now_ms, self.now_ms)
        self._remember(order)
        return order

    def _announce(self, order: Order) -> None:
        order.announced = True
        order.state = OrderState.OPEN
        self.by_client[order.client_id] = order
        self._tell(order, Event.NEW)

    def on_order(self, update: OrderUpdated) -> None:
        """From the simulation: the state of one of our legs."""
        order = self._legs.get(update.client_id)
        if order is None or self._swapping:
            return
        if update.state is OrderState.OPEN:
            if update.reason.startswith("amend_refused:"):
                self._refused = update.reason.partition(":")[2]
            elif not order.announced:
                self._announce(order)
        elif update.state is OrderState.EXPIRED and order.note == "taking" and update.reason == "ioc":
            order.note = "rests"
        elif update.state is OrderState.REJECTED and not order.announced:
            self._legs.pop(order.leg, None)
            self._reject(order, update.reason)
        elif update.reason != "already_settled":
            self._end(order, update.state, update.reason)

    def _end(self, order: Order, state: OrderState, reason: str) -> None:
        self._legs.pop(order.leg, None)
        if order.state is OrderState.FILLED:
            return
        if not order.announced:
            self._announce(order)
        order.state = OrderState.EXPIRED if state is OrderState.REJECTED else state
        order.reason, order.updated_ms = reason, self.now_ms
        self._tell(order, Event.CANCELED if order.state is OrderState.CANCELED else Event.EXPIRED)

    def on_funding(self, payment: FundingPaid) -> None:
        """From the simulation."""
        self._trade_id += 1
        row = FundingRow(self._trade_id, self.now_ms, payment.rate, payment.position, payment.usdt)
        self.funding.append(row)
        for listener in self.listeners:
            listener.on_funding(self, row)

    def _tell(self, order: Order, event: Event, trade: Trade | None = None) -> None:
        for listener in self.listeners:
            listener.on_order(self, order, event, trade)
