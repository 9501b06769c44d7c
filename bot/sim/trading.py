"""The market half of a simulated exchange: other makers, outside takers, and what they trade with our orders.

Rule 1: every public method is one event at `now_ns`.
Rule 2: what the public book does not show neither trades nor refuses an order.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.model.market import PublicTrade
from bot.model.order import Side
from bot.sim.matching import BookSide, Levels, Row
from bot.sim.own_orders import OwnOrders


class TradingBook(OwnOrders):
    """Public book of one instrument, driven by others' quotes and outside takers."""

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

    def set_levels(self, rows: Sequence[Row], now_ns: int) -> None:
        """Set many levels of the other makers, one message of a recording; reports the book at most once."""
        bids, asks = self._bids, self._asks
        changed = bids.set_levels([row for row in rows if row[0] > 0], asks.own_best)
        if asks.set_levels([row for row in rows if row[0] < 0], bids.own_best) or changed:
            self._book_changed(now_ns)

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
