"""One side of the difference between desired quotes and live orders, once something has to change.

Rule 1: levels and orders are matched best price first; what is left over of both is paired and replaced.
Rule 2: nothing here changes a live order; requests are collected and the caller sends them.
Rule 3: a request is only made when it is safe at once; what is not waits for the next turn.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from bot.model.instrument import InstrumentId
from bot.model.order import Amend, Side
from bot.quoting.ladder import LadderInputs, Levels
from bot.quoting.levels import LadderPlan
from bot.quoting.live import AmendRights, LiveOrder, Pending

_EPS = 1e-9
_DANGER_SHARE = 0.5  # an order nearer to the reference than this share of the touch's depth is dangerous


class Place(NamedTuple):
    """A quote to send: post-only, price in ticks, quantity in lots."""

    side: Side
    ticks: int
    lots: int


class Frame(NamedTuple):
    """What both sides share in one turn; prices in ticks, `strict` = the touch must stand where desired."""

    plan: LadderPlan
    inputs: LadderInputs
    instrument: InstrumentId
    reference: float
    mid: float
    rights: AmendRights
    now_ns: int
    strict: bool


class Means:
    """What no live order can claim, at its worst: `value` in tick·lots (infinite for asks) and `lots`."""

    __slots__ = ("lots", "value")

    def __init__(self, frame: Frame, side: Side, live: list[LiveOrder]) -> None:
        plan, inputs = frame.plan, frame.inputs
        claimed = sum([max(o.lots, o.to_lots) if o.pending else o.lots for o in live])
        if side > 0:
            locked = sum([_worst_value(o) if o.pending else o.ticks * o.lots for o in live])
            self.value = inputs.usdt / plan.unit - locked
            self.lots = inputs.room_buy / plan.lot - claimed
        else:
            self.value = inf
            self.lots = min(inputs.tokens, inputs.room_sell) / plan.lot - claimed

    def affordable(self, ticks: int, lots: int, instead: LiveOrder | None) -> int:
        """Lots of `lots` that free means carry, with what the order they replace has claimed already."""
        value, room = max(0.0, self.value), max(0.0, self.lots)
        if instead is not None:
            value, room = value + instead.ticks * instead.lots, room + instead.lots
        if lots <= room and ticks * lots <= value:
            return lots
        return min(lots, int(min(value / ticks, room) + _EPS))

    def can_become(self, order: LiveOrder, ticks: int, lots: int) -> bool:
        """Whether means allow a size worth a message: smaller, or at least half of what is missing."""
        return self.affordable(ticks, lots, order) * 2 >= lots + min(order.lots, lots)


def _worst_value(order: LiveOrder) -> int:
    return max(order.ticks * order.lots, order.to_ticks * order.to_lots)


class SideDiff:
    """Works one side through: `run`, then read the requests, `retry_ns` and `touch` (best price shown)."""

    def __init__(self, frame: Frame, side: Side, levels: Levels, live: list[LiveOrder]) -> None:
        self.frame, self.side, self.levels, self.live = frame, side, levels, live
        plan, quote = frame.plan, frame.plan.quote
        self._sign = int(side)
        # tolerance = bps of the reference + a share of the depth; linear in the level's price
        self._tolerance_slope = quote.refresh_tolerance_depth_share * side
        self._tolerance = (quote.refresh_tolerance_bps * 1e-4 + self._tolerance_slope) * frame.reference
        self._size_min = quote.refresh_size_share_min
        self._life_ns = round(quote.order_life_s_min * 1e9)
        self._band_edge = frame.mid * (1 - side * plan.depth_share)
        self._danger = frame.reference * (1 - side * plan.levels[0][0] * _DANGER_SHARE)
        self._owed = plan.bid_owed if side > 0 else plan.ask_owed
        self._limit = 0  # best own price on the other side: ours must stay short of it (0 = none)
        self._means = Means(frame, side, live)
        self.cancels: list[str] = []
        self.amends: list[Amend] = []
        self.places: list[Place] = []
        self.retry_ns = 0
        self.touch: int | None = None

    def run(self, opposite: list[LiveOrder]) -> None:
        """Match and collect; `opposite` are the live orders of the other side."""
        if opposite:
            prices = [o.to_ticks for o in opposite]
            prices.append(opposite[0].ticks)
            self._limit = min(prices) if self.side > 0 else max(prices)
        pairs, left, need = self._match()
        wrong, urgent = self._ill_sized(pairs, need)
        for order, ticks, lots in wrong:
            if (not urgent and self._young(order)) or not self._means.can_become(order, ticks, lots):
                continue
            if lots < order.lots:
                ticks = order.ticks  # a smaller size keeps its place in the queue
            self._replace(order, ticks, lots)
        if pairs:
            self._see(pairs[0][0].to_ticks)  # pairs are best first
        self._pair_up(left, need)

    def _match(self) -> tuple[list[tuple[LiveOrder, int, int]], list[LiveOrder], list[tuple[int, int]]]:
        """(order, ticks, lots) that agree in price; orders left over; levels still needed."""
        sign, live, levels = self._sign, self.live, self.levels
        pairs: list[tuple[LiveOrder, int, int]] = []
        left: list[LiveOrder] = []
        need: list[tuple[int, int]] = []
        if any([o.pending for o in live]):
            live = [o for o in live if o.pending is not Pending.CANCEL]
            live.sort(key=lambda o: -sign * o.to_ticks)
        if live and levels and self._touch_is_off(live[0].to_ticks - levels[0][0], len(live)):
            left, need, live, levels = live[:1], [levels[0]], live[1:], levels[1:]
        base, slope, edge = self._tolerance, self._tolerance_slope, self._band_edge
        i, count = 0, len(live)
        for ticks, lots in levels:
            tolerance = base - slope * ticks
            while i < count and sign * (live[i].to_ticks - ticks) > tolerance:
                left.append(live[i])
                i += 1
            if i < count:
                order = live[i]
                price = order.to_ticks
                if (
                    sign * (ticks - price) <= tolerance
                    and (price == ticks or sign * (price - edge) >= 0)
                    and order.pending is not Pending.DOUBT
                ):
                    pairs.append((order, ticks, lots))
                    i += 1
                    continue
            need.append((ticks, lots))
        return pairs, left + live[i:], need

    def _touch_is_off(self, off: int, count: int) -> bool:
        """Whether the best order itself must move to the touch, rather than its neighbour take its place.

        With one order missing (the touch was just filled) the neighbours stay where they are.
        """
        if self.frame.strict:
            return off != 0
        if count != len(self.levels):
            return False
        return abs(off) > self._tolerance - self._tolerance_slope * self.levels[0][0]

    def _ill_sized(
        self, pairs: list[tuple[LiveOrder, int, int]], need: list[tuple[int, int]]
    ) -> tuple[list[tuple[LiveOrder, int, int]], bool]:
        """Pairs whose size must change: too small, too large, or missing for the depth owed (urgent)."""
        share = self._size_min
        wrong: list[tuple[LiveOrder, int, int]] = []
        small: list[tuple[int, LiveOrder, int, int]] = []
        held = sum([t * n for t, n in need])
        missing = 0
        for order, ticks, lots in pairs:
            held += order.to_ticks * order.to_lots
            rest = order.lots
            if rest == lots or order.pending:
                continue
            if rest < lots * share or lots < rest * share:
                wrong.append((order, ticks, lots))
                missing += ticks * (lots - rest)
            elif rest < lots:
                small.append((ticks * (lots - rest), order, ticks, lots))
        owed = self._owed * (1 - _EPS)
        if held >= owed or held >= (owed := min(owed, sum([t * n for t, n in self.levels]) * (1 - _EPS))):
            return wrong, False
        held += missing
        small.sort(key=lambda row: -row[0])
        for gap, order, ticks, lots in small:
            if held >= owed:
                break
            wrong.append((order, ticks, lots))
            held += gap
        return wrong, True

    def _pair_up(self, left: list[LiveOrder], need: list[tuple[int, int]]) -> None:
        """Give each order left over a level by rank; one that cannot be touched now keeps it unfilled."""
        for rank, order in enumerate(left):
            if not order.settled or (self.levels and self._young(order)):
                self._see(order.to_ticks)
            elif rank < len(need):
                self._replace(order, *need[rank])
            else:
                self._cancel(order)
        for ticks, lots in need[len(left) :]:
            self._place(ticks, lots)

    def _young(self, order: LiveOrder) -> bool:
        """Held for its minimum life; notes when to look again. Not if dangerous, useless or in the way."""
        until = order.sent_ns + self._life_ns
        if until <= self.frame.now_ns or self._dangerous(order):
            return False
        if self.frame.strict and order is self.live[0]:
            return False
        if self._sign * (order.ticks - self._band_edge) < 0:
            return False
        self.retry_ns = min(until, self.retry_ns or until)
        return True

    def _dangerous(self, order: LiveOrder) -> bool:
        return self._sign * (order.ticks - self._danger) > 0

    def _replace(self, order: LiveOrder, ticks: int, lots: int) -> None:
        if order.pending is Pending.DOUBT:
            self._cancel(order)
            return
        if self._reaches_own(ticks):
            self._hold_back(order)
            return
        rights, shrinks = self.frame.rights, ticks == order.ticks and lots < order.lots
        if rights.price or (rights.size_down and shrinks):
            self._amend(order, ticks, lots)
            return
        self._cancel(order)
        self._place(ticks, lots)

    def _amend(self, order: LiveOrder, ticks: int, lots: int) -> None:
        lots = self._means.affordable(ticks, lots, order)
        if ticks == order.ticks and lots == order.lots:
            self._see(ticks)
            return
        if lots * ticks < self.frame.plan.amount_min or lots < 1:
            self._hold_back(order)
            return
        self._means.value -= max(0, ticks * lots - order.ticks * order.lots)
        self._means.lots -= max(0, lots - order.lots)
        self.amends.append(Amend(order.client_id, self.frame.instrument, ticks, lots))
        self._see(ticks)

    def _place(self, ticks: int, lots: int) -> None:
        fits = self._means.affordable(ticks, lots, None)
        too_small = fits < lots * self._size_min or fits * ticks < self.frame.plan.amount_min
        if too_small or self._reaches_own(ticks):
            return
        self._means.value -= ticks * fits
        self._means.lots -= fits
        self.places.append(Place(self.side, ticks, fits))
        self._see(ticks)

    def _hold_back(self, order: LiveOrder) -> None:
        """The replacement is not safe yet: keep the old order unless it is dangerous itself."""
        if self._dangerous(order):
            self._cancel(order)
        else:
            self._see(order.to_ticks)

    def _cancel(self, order: LiveOrder) -> None:
        if self._dangerous(order):
            self.cancels.insert(0, order.client_id)
        else:
            self.cancels.append(order.client_id)

    def _reaches_own(self, ticks: int) -> bool:
        return self._limit > 0 and self._sign * (self._limit - ticks) <= 0

    def _see(self, ticks: int) -> None:
        """Note the best price this side will show."""
        if self.touch is None or self._sign * (ticks - self.touch) > 0:
            self.touch = ticks
