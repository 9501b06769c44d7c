"""Our orders on one simulated exchange: resting, trading, ending, each step booked before it is told.

Rule 1: a trade of ours is in the account before anybody hears of it; the fill is told before the state.
Rule 2: the book is told once per event, after it is consistent again.
Rule 3: ids of settled orders are remembered, so that none is accepted twice and late requests get an answer.
"""

from __future__ import annotations

from collections import deque

from bot.model.facts import Fill, OrderUpdated
from bot.model.instrument import Instrument
from bot.model.market import OrderBook
from bot.model.order import OrderState, Side
from bot.sim.account import PerpAccount, SimAccount
from bot.sim.events import ExchangeEvents
from bot.sim.matching import BookSide, Resting

TRADES_KEPT = 100_000
"""Own trades an exchange can still be asked for."""
SETTLED_KEPT = 100_000
"""Settled client ids an exchange still recognises (at least; at most twice as many are held)."""


class OwnOrders:
    """One public book with our resting orders in it, and the account behind them.

    `book` holds other makers and our resting orders. `events` may be replaced at any time.
    `report_lag_ns` is added to `seen_ns` of what is reported: the time a report takes to reach us.
    """

    def __init__(self, instrument: Instrument, account: SimAccount, events: ExchangeEvents) -> None:
        self.instrument, self.account, self.events = instrument, account, events
        self.book = OrderBook(instrument.id)
        self.report_lag_ns = 0
        self.trade_count = 0
        self.join_count = 0
        self._id = instrument.id
        self._perp = account if isinstance(account, PerpAccount) else None
        self._bids = BookSide(Side.BUY, self.book.bids)
        self._asks = BookSide(Side.SELL, self.book.asks)
        self._orders: dict[str, Resting] = {}
        self._settled: dict[str, tuple[OrderState, int]] = {}
        self._trades: deque[Fill] = deque(maxlen=TRADES_KEPT)
        self._now = 0
        self._on_hold = self._book_waits = False

    def hold_book(self) -> None:
        """Report book changes only at `release_book`: several events of one instant are one change."""
        self._on_hold = True

    def release_book(self) -> None:
        """End `hold_book`; reports the book once if it changed meanwhile."""
        self._on_hold = False
        if self._book_waits:
            self._book_waits = False
            self.events.on_book(self.book)

    def _book_changed(self, now_ns: int) -> None:
        bids, asks, book = self._bids, self._asks, self.book
        if bids.hidden:
            bids.reveal(asks.own_best)
        if asks.hidden:
            asks.reveal(bids.own_best)
        book.best_bid, book.best_ask = bids.best, asks.best
        book.seen_ns = book.venue_ns = now_ns
        if self._on_hold:
            self._book_waits = True
        else:
            self.events.on_book(book)

    def _side(self, side: Side) -> BookSide:
        return self._bids if side > 0 else self._asks

    def _join(self, order: Resting) -> None:
        """Our order takes its place at the back of the queue at its price."""
        self.join_count += 1
        order.joined = self.join_count
        (self._bids if order.side > 0 else self._asks).add(order)

    def _fill_resting(self, order: Resting, lots: int) -> int:
        side, ticks = order.side, order.ticks
        lots = min(lots, order.lots)
        if order.reduce_only:
            lots = min(lots, self._closable(side))
            if lots <= 0:
                self._remove(order, OrderState.CANCELED, "reduce_only")
                return 0
        else:
            self.account.reserve(side, ticks, order.lots, ticks, order.lots - lots)
        self._side(side).shrink(order, lots)
        order.filled += lots
        self._trade(side, ticks, lots, order.client_id, maker=True)
        if order.lots:
            self._tell_open(order)
        else:
            del self._orders[order.client_id]
            self._settle(order.client_id, OrderState.FILLED, order.filled)
        return lots

    def _closable(self, side: Side) -> int:
        """Lots a reduce-only order of `side` may still trade (≤ 0: none)."""
        return -side * self._perp.position_lots if self._perp is not None else 0

    def _trade(self, side: Side, ticks: int, lots: int, client_id: str | None, *, maker: bool) -> None:
        instrument, now = self.instrument, self._now
        if self._trades and self._trades[-1].venue_ns > now:
            now = self._trades[-1].venue_ns  # a market that restarted a little earlier: trades stay in order
        fee = self.account.fill(side, ticks, lots, instrument.maker_fee if maker else instrument.taker_fee)
        self.trade_count += 1
        fill = Fill(
            seen_ns=now + self.report_lag_ns,
            venue_ns=now,
            instrument=self._id,
            trade_id=f"t{self.trade_count}",
            client_id=client_id,
            side=side,
            price=instrument.price(ticks),
            quantity=instrument.tokens(lots),
            fee=fee,
            fee_currency="USDT",
            maker=maker,
            origin="external" if client_id is None else "stream",
        )
        self._trades.append(fill)
        self.events.on_fill(fill)

    def _remove(self, order: Resting, state: OrderState, reason: str = "") -> None:
        """Take a resting order of ours out of the book, free its hold and say so."""
        self._side(order.side).remove(order)
        if not order.reduce_only:
            self.account.reserve(order.side, order.ticks, order.lots, order.ticks, 0)
        del self._orders[order.client_id]
        self._settle(order.client_id, state, order.filled, reason)

    def _settle(self, client_id: str, state: OrderState, filled: int, reason: str = "") -> None:
        """Remember the end of an order and tell it; old ends are forgotten in blocks."""
        self._settled[client_id] = (state, filled)
        if len(self._settled) >= 2 * SETTLED_KEPT:
            self._settled = dict(list(self._settled.items())[-SETTLED_KEPT:])
        self._tell(client_id, state, filled, reason)

    def _tell(self, client_id: str, state: OrderState, filled: int, reason: str = "") -> None:
        now = self._now
        self.events.on_order(
            OrderUpdated(now + self.report_lag_ns, now, self._id, client_id, state, filled, reason)
        )

    def _tell_open(self, order: Resting) -> None:
        """The order rests, at the price now in force."""
        now, client_id, state = self._now, order.client_id, OrderState.OPEN
        seen = now + self.report_lag_ns
        self.events.on_order(
            OrderUpdated(seen, now, self._id, client_id, state, order.filled, "", order.ticks)
        )
