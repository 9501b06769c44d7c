"""One side of a simulated order book: other makers' size, our orders in their queues, what the public sees.

Rule 1: integers only (ticks, lots); this file knows no money, no account and no time.
Rule 2: price-time priority: others' size that stood at a price when our order joined trades before it. When
others shrink at a price, the size behind us leaves first (the cautious reading: no place is won for free).
Rule 3: the public level is what is shown of the others plus what is ours; others' levels that would cross our
resting orders are hidden: they neither show nor trade until our orders have moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.model.order import Side

Levels = Iterable[tuple[int, int]]
"""(ticks, lots) pairs of one side, in any order."""

Row = tuple[Side, int, int]
"""(side, ticks, lots) of one level of a recorded message."""

_SEARCH_ALL = 32  # a side with fewer levels is searched whole for its best
_SCAN = 64  # ticks tried one by one on a longer side before it is searched whole


class Resting:
    """One of our orders in the book. `ahead` = others' lots at its price that trade before it.

    `joined` numbers the moments at which orders took their place in a queue; the lower one trades first.
    """

    __slots__ = ("ahead", "client_id", "filled", "joined", "lots", "reduce_only", "side", "ticks")

    def __init__(self, client_id: str, side: Side, ticks: int, lots: int, reduce_only: bool) -> None:
        self.client_id, self.side, self.ticks, self.lots = client_id, side, ticks, lots
        self.reduce_only = reduce_only
        self.filled = 0
        self.ahead = 0
        self.joined = 0


class BookSide:
    """Bids or asks. `levels` is the public dict of the order book and is only ever changed in place.

    `others` are the shown levels of other makers, `hidden` the withheld ones, `own` our lots by price;
    `best` and `own_best` are 0 where there is none.
    """

    __slots__ = ("_pick", "best", "hidden", "levels", "others", "own", "own_best", "queues", "side", "sign")

    def __init__(self, side: Side, levels: dict[int, int]) -> None:
        self.side, self.sign, self.levels = side, int(side), levels
        self.others: dict[int, int] = {}
        self.hidden: dict[int, int] = {}
        self.own: dict[int, int] = {}
        self.queues: dict[int, list[Resting]] = {}
        self.best = 0
        self.own_best = 0
        self._pick: Callable[[Iterable[int]], int] = max if side > 0 else min

    def replace(self, pairs: Levels, fence: int) -> bool:
        """Replace all levels of the others; `fence` is our best opposite price (0 = none).

        True if what is shown of them changed.
        """
        new = dict(pairs)
        if 0 in new.values():
            new = {ticks: lots for ticks, lots in new.items() if lots > 0}
        if self.hidden:
            self.hidden = {}
        if new == self.others:
            return False
        best = self._pick(new) if new else 0
        if fence and best and (best - fence) * self.sign >= 0:
            new, self.hidden = _parted(new, fence, self.sign)
            best = self._pick(new) if new else 0
        if self.own:
            self._merge(new)
        else:
            self.levels.clear()
            self.levels.update(new)
        self.others = new
        own_best = self.own_best
        if best and own_best:
            self.best = best if (best - own_best) * self.sign > 0 else own_best
        else:
            self.best = best or own_best
        return True

    def _merge(self, new: dict[int, int]) -> None:
        """Show `new` and our own lots; queue places at prices where others stood shrink with them."""
        levels, own = self.levels, self.own
        levels.clear()
        levels.update(own)
        levels.update(new)
        if not own.keys().isdisjoint(new):
            for ticks in own.keys() & new.keys():
                levels[ticks] = new[ticks] + own[ticks]
        if not own.keys().isdisjoint(self.others):
            for ticks in own.keys() & self.others.keys():
                _cap(self.queues[ticks], new.get(ticks, 0))

    def set_level(self, ticks: int, lots: int, fence: int) -> bool:
        """Set one level of the others (0 removes it). True if the public level changed."""
        if fence and (ticks - fence) * self.sign >= 0:
            if lots > 0:
                self.hidden[ticks] = lots
            else:
                self.hidden.pop(ticks, None)
            lots = 0
        elif self.hidden:
            self.hidden.pop(ticks, None)
        if lots > 0:
            self.others[ticks] = lots
        elif self.others.pop(ticks, None) is None:
            return False
        if ticks in self.own:
            _cap(self.queues[ticks], lots)
            lots += self.own[ticks]
        self._show(ticks, lots)
        return True

    def set_levels(self, rows: Sequence[Row], fence: int) -> bool:
        """`set_level` for many (side, ticks, lots) rows of this side. True if the public side changed.

        HOT: a recording brings some fifty levels a message; most lie behind the touch and away from our own.
        """
        if not rows:
            return False
        prices = [row[1] for row in rows]
        crossing = fence and (self._pick(prices) - fence) * self.sign >= 0
        if crossing or self.hidden or not self.own.keys().isdisjoint(prices):
            changed = False
            for _, ticks, lots in rows:
                changed = self.set_level(ticks, lots, fence) or changed
            return changed
        others, levels, best, sign = self.others, self.levels, self.best, self.sign
        gone = False
        for _, ticks, lots in rows:
            if lots > 0:
                others[ticks] = levels[ticks] = lots
                if (ticks - best) * sign > 0 or not best:
                    best = ticks
            elif others.pop(ticks, None) is not None:
                del levels[ticks]
                gone = gone or ticks == best
        self.best = best
        if gone and best not in levels:
            self.best = self._next(best)
        return True

    def _show(self, ticks: int, lots: int) -> None:
        if lots > 0:
            self.levels[ticks] = lots
            if (ticks - self.best) * self.sign > 0 or not self.best:
                self.best = ticks
        elif self.levels.pop(ticks, None) is not None and ticks == self.best:
            self.best = self._next(ticks)

    def _next(self, ticks: int) -> int:
        levels = self.levels
        if not levels:
            return 0
        if len(levels) > _SEARCH_ALL:
            for _ in range(_SCAN):
                ticks -= self.sign
                if ticks in levels:
                    return ticks
        return self._pick(levels)

    def reveal(self, fence: int) -> bool:
        """Show the hidden levels that no longer cross our best opposite price `fence`. True if any did."""
        hidden, self.hidden = self.hidden, {}
        shown, self.hidden = _parted(hidden, fence, self.sign) if fence else (hidden, {})
        for ticks, lots in shown.items():
            self.set_level(ticks, lots, 0)
        return bool(shown)

    def add(self, order: Resting) -> None:
        """Our order joins the back of the queue at its price."""
        ticks = order.ticks
        order.ahead = self.others.get(ticks, 0)
        queue = self.queues.get(ticks)
        if queue is None:
            self.queues[ticks] = [order]
            self.own[ticks] = order.lots
            if (ticks - self.own_best) * self.sign > 0 or not self.own_best:
                self.own_best = ticks
        else:
            queue.append(order)
            self.own[ticks] += order.lots
        self.levels[ticks] = order.ahead + self.own[ticks]
        if (ticks - self.best) * self.sign > 0 or not self.best:
            self.best = ticks

    def shrink(self, order: Resting, lots: int) -> None:
        """Our order loses `lots` (traded or amended down) and keeps its place; at 0 it leaves the book."""
        order.lots -= lots
        if order.lots == 0:
            self._leave(order)
        self.own_changed(order.ticks, -lots)

    def remove(self, order: Resting) -> None:
        """Our order leaves the book with all its remaining lots (which it keeps in `order.lots`)."""
        self._leave(order)
        self.own_changed(order.ticks, -order.lots)

    def _leave(self, order: Resting) -> None:
        queue = self.queues[order.ticks]
        if len(queue) == 1:
            del self.queues[order.ticks]
        else:
            queue.remove(order)

    def own_changed(self, ticks: int, change: int) -> None:
        """Our lots at a price changed by `change`: bring the sums and the bests up to date."""
        lots = self.own[ticks] + change
        if lots > 0:
            self.own[ticks] = lots
        else:
            del self.own[ticks]
            if ticks == self.own_best:
                self.own_best = self._pick(self.own) if self.own else 0
        self._show(ticks, lots + self.others.get(ticks, 0))

    def take_others(self, ticks: int, lots: int) -> int:
        """A taker trades up to `lots` of the others at one price, from the front; returns the lots done."""
        there = self.others.get(ticks, 0)
        done = min(there, lots)
        if done == 0:
            return 0
        if done == there:
            del self.others[ticks]
        else:
            self.others[ticks] = there - done
        for order in self.queues.get(ticks, ()):
            order.ahead = order.ahead - done if order.ahead > done else 0
        self._show(ticks, self.levels[ticks] - done)
        return done


def _parted(levels: dict[int, int], fence: int, sign: int) -> tuple[dict[int, int], dict[int, int]]:
    """(levels that stay behind `fence`, levels at or beyond it)."""
    shown: dict[int, int] = {}
    hidden: dict[int, int] = {}
    for ticks, lots in levels.items():
        (hidden if (ticks - fence) * sign >= 0 else shown)[ticks] = lots
    return shown, hidden


def _cap(queue: list[Resting], lots: int) -> None:
    """Others at this price are down to `lots`: nobody has more than that before him."""
    for order in queue:
        if order.ahead > lots:
            order.ahead = lots
