"""The market half of a simulated exchange: other makers, outside takers, and what they trade with our orders.

Rule 1: every public method is one event at `now_ns`; the book is told once, after it is consistent again.
Rule 2: what the public book does not show neither trades nor refuses an order.
Rule 3: a trade of ours is booked in the account before anybody hears of it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from bot.model.facts import Fill, FundingPaid, OrderUpdated
from bot.model.instrument import Instrument
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import OrderState, Side
from bot.sim.account import PerpAccount, SimAccount
from bot.sim.matching import BookSide, Levels, Resting

TRADES_KEPT = 100_000
"""Own trades an exchange can still be asked for."""
SETTLED_KEPT = 100_000
"""Settled client ids an exchange still recognises (at least; at most twice as many are held)."""


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


class TradingBook:
    """Public book of one instrument, driven by others' quotes and outside takers.

    `book` holds other makers and our resting orders. `events` may be replaced at any time.
    `report_lag_ns` is added to `seen_ns` of what is reported: the time a report takes to reach us.
    """

    def __init__(self, instrument: Instrument, account: SimAccount, events: ExchangeEvents) -> None:
        self.instrument, self.account, self.events = instrument, account, events
        self.book = OrderBook(instrument.id)
        self.report_lag_ns = 0
        self.trade_count = 0
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

    def set_others(self, bids: Levels, asks: Levels, now_ns: int) -> None:
        """Replace all levels of the other makers by (ticks, lots) pairs; nothing trades.

        Levels that would cross our resting orders are withheld until ours have moved.
        """
        changed = self._bids.replace(bids, self._asks.own_best)
        if self._asks.replace(asks, self._bids.own_best) or changed:
            self._book_changed(now_ns)

    def set_level(self, side: Side, ticks: int, lots: int, now_ns: int) -> None:
        """Set one level of the other makers (0 lots removes it); nothing trades."""
        if side > 0:
            changed = self._bids.set_level(ticks, lots, self._asks.own_best)
        else:
            changed = self._asks.set_level(ticks, lots, self._bids.own_best)
        if changed:
            self._book_changed(now_ns)

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

    def sweep(self, side: Side, limit_ticks: int, lots: int, now_ns: int) -> int:
        """An outside taker buys (or sells) up to `lots` no worse than `limit_ticks`; returns the lots done.

        Consumes in price-time priority, our resting orders at their place in the queue.
        """
        self._now = now_ns
        book_side = self._asks if side > 0 else self._bids
        left = lots
        while left > 0 and book_side.best and (limit_ticks - book_side.best) * side >= 0:
            ticks = book_side.best
            done = self._trade_level(book_side, ticks, left)
            if done:
                self.events.on_trade(PublicTrade(self._id, side, ticks, done, now_ns))
            left -= done
        if left < lots:
            self._book_changed(now_ns)
        return lots - left

    def _trade_level(self, book_side: BookSide, ticks: int, lots: int) -> int:
        left = lots
        for order in tuple(book_side.queues.get(ticks, ())):
            if order.ahead:
                left -= book_side.take_others(ticks, min(order.ahead, left))
            if left == 0:
                return lots
            left -= self._fill_resting(order, left)
        if left:
            left -= book_side.take_others(ticks, left)
        return lots - left

    def own_crossed(self, fair_ticks: float) -> list[tuple[str, Side, int, int]]:
        """Our resting orders a trader who knows `fair_ticks` would take: (client id, our side, ticks, lots).

        Bids above and asks below fair, best price first, then time.
        """
        crossed: list[tuple[str, Side, int, int]] = []
        for book_side in (self._bids, self._asks):
            sign = book_side.sign
            if book_side.own_best and (book_side.own_best - fair_ticks) * sign > 0:
                for ticks in sorted(book_side.queues, reverse=sign > 0):
                    if (ticks - fair_ticks) * sign <= 0:
                        break
                    crossed += [(o.client_id, o.side, ticks, o.lots) for o in book_side.queues[ticks]]
        return crossed

    def hit(self, client_id: str, lots: int | None, now_ns: int) -> int:
        """An outside taker picks off one resting order of ours (all of it when `lots` is None).

        Returns the lots done, 0 when the order is gone. Size ahead of us in the queue is taken to have
        left already: a stale order is hit because the others have moved.
        """
        order = self._orders.get(client_id)
        if order is None:
            return 0
        self._now = now_ns
        side, ticks = order.side, order.ticks
        done = self._fill_resting(order, order.lots if lots is None else lots)
        if done:
            self.events.on_trade(PublicTrade(self._id, Side(-side), ticks, done, now_ns))
        self._book_changed(now_ns)
        return done

    def pick_off(self, side: Side, ticks: int, lots: int | None, now_ns: int) -> int:
        """Hit our resting orders of `side` (ours) that a fair price of `ticks` crosses; returns lots done.

        Best price first, then time, up to `lots` in all (None = every crossed order).
        """
        done = 0
        for client_id, own_side, _, _ in self.own_crossed(ticks):
            if own_side is side and (lots is None or done < lots):
                done += self.hit(client_id, None if lots is None else lots - done, now_ns)
        return done

    def _side(self, side: Side) -> BookSide:
        return self._bids if side > 0 else self._asks

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
            self._tell(order.client_id, OrderState.OPEN, order.filled)
        else:
            del self._orders[order.client_id]
            self._settle(order.client_id, OrderState.FILLED, order.filled)
        return lots

    def _closable(self, side: Side) -> int:
        """Lots a reduce-only order of `side` may still trade (≤ 0: none)."""
        return -side * self._perp.position_lots if self._perp is not None else 0

    def _trade(self, side: Side, ticks: int, lots: int, client_id: str | None, *, maker: bool) -> None:
        instrument, now = self.instrument, self._now
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
