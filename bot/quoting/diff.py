"""From desired quotes and live orders to the fewest requests that make them agree.

Rule 1: what is still good is held: price within tolerance of the desired one, size not below its share, depth
and spread owed still met by what rests. A held order keeps its place in the queue and costs no message.
Rule 2: an order that waits for an answer is not touched, takes the level next to it and counts at its worst.
Rule 3: a young order is held too, unless it is dangerous (near the reference) or useless (out of the band).
Rule 4: amend before cancel and place; requests are listed cancels, amends, places.
Rule 5: at no moment, whatever is still under way, may a bid reach an own ask, or orders exceed balances and
room: what does not fit yet is left for the next turn, after the venue's answer.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from bot.model.order import Amend, Side
from bot.quoting.ladder import Ladder, LadderInputs, Levels
from bot.quoting.levels import LadderPlan
from bot.quoting.live import AmendRights, LiveOrder, LiveQuotes
from bot.quoting.sides import Frame, Place, SideDiff

__all__ = ["NOTHING", "Actions", "AmendRights", "LiveOrder", "LiveQuotes", "Place", "diff"]

_BPS = 1e-4
_FACTOR_MAX = 1.02  # a level's price moves at most this much per unit of reference (depths are below 2 %)


class Actions(NamedTuple):
    """Requests to send, in this order. `retry_ns` = when to look again though nothing moves (0 = no need)."""

    cancels: tuple[str, ...] = ()
    amends: tuple[Amend, ...] = ()
    places: tuple[Place, ...] = ()
    retry_ns: int = 0

    @property
    def messages(self) -> int:
        """Requests these actions cost."""
        return len(self.cancels) + len(self.amends) + len(self.places)


NOTHING = Actions()


def diff(plan: LadderPlan, inputs: LadderInputs, desired: Ladder, quotes: LiveQuotes, now_ns: int) -> Actions:
    """The requests that bring `quotes` to `desired`; NOTHING when all of them are still good.

    In the latter case `quotes` learns for which prices that stays so (`LiveQuotes.needs_refresh`).
    """
    tick = plan.tick
    reference, mid = inputs.reference / tick, inputs.mid / tick
    slack = _slack(plan, desired, quotes, reference, mid)
    if slack is None:
        return _refresh(plan, inputs, desired, quotes, now_ns)
    if not desired.clamped:
        low, high = slack
        quotes.promise(
            (reference - low / _FACTOR_MAX) * tick,
            (reference + high / _FACTOR_MAX) * tick,
            *_mid_bounds(plan, quotes, mid),
        )
    return NOTHING


def _slack(
    plan: LadderPlan, desired: Ladder, quotes: LiveQuotes, reference: float, mid: float
) -> tuple[float, float] | None:
    """Ticks by which the reference may fall and rise with every quote still good; None = not all are good."""
    below = above = reference
    bids, asks = quotes.bids, quotes.asks
    if desired.bids or bids:
        room = _side_slack(plan, desired.bids, bids, reference, 1)
        if room is None or bids[-1].ticks < mid * (1.0 - plan.depth_share):
            return None
        below, above = room
    if desired.asks or asks:
        room = _side_slack(plan, desired.asks, asks, reference, -1)
        if room is None or asks[-1].ticks > mid * (1.0 + plan.depth_share):
            return None
        below, above = min(below, room[0]), min(above, room[1])
    if bids and asks and asks[0].ticks - bids[0].ticks > _width(plan, desired, mid):
        return None
    return below, above


def _side_slack(
    plan: LadderPlan, levels: Levels, live: list[LiveOrder], reference: float, sign: int
) -> tuple[float, float] | None:
    if len(levels) != len(live):
        return None
    quote = plan.quote
    slope = quote.refresh_tolerance_depth_share * sign
    base = (quote.refresh_tolerance_bps * _BPS + slope) * reference
    size_min = quote.refresh_size_share_min
    below = above = inf
    value = 0
    for (ticks, lots), order in zip(levels, live):  # noqa: B905 (checked above)
        price, rest = order.ticks, order.lots
        off = price - ticks
        tolerance = base - slope * ticks
        if off > tolerance or -off > tolerance or order.pending > 1:
            return None
        if rest != lots and (rest < lots * size_min or lots < rest * size_min):
            return None
        if tolerance - off < below:
            below = tolerance - off
        if tolerance + off < above:
            above = tolerance + off
        value += price * rest
    owed = plan.bid_owed if sign > 0 else plan.ask_owed
    if value < owed and value < min(owed, sum([t * n for t, n in levels])) * (1 - 1e-9):
        return None
    return below, above


def _width(plan: LadderPlan, desired: Ladder, mid: float) -> int:
    """Widest own touch in ticks that may be held: what is owed, or what is desired where that is wider."""
    owed = plan.spread_ticks(mid)
    if not (desired.bids and desired.asks):
        return owed
    return max(owed, desired.asks[0][0] - desired.bids[0][0])


def _mid_bounds(plan: LadderPlan, quotes: LiveQuotes, mid: float) -> tuple[float, float]:
    """The mids (USDT) between which what rests stays in the band and inside the spread owed.

    The band's inner edge counts (where the ladder would move the deepest level) until that is passed.
    """
    bids, asks = quotes.bids, quotes.asks
    low, high = 0.0, inf
    if bids:
        inner = bids[-1].ticks / (1.0 - plan.depth_share_max)
        high = (inner if mid <= inner else bids[-1].ticks / (1.0 - plan.depth_share)) * plan.tick
    if asks:
        inner = asks[-1].ticks / (1.0 + plan.depth_share_max)
        low = (inner if mid >= inner else asks[-1].ticks / (1.0 + plan.depth_share)) * plan.tick
    spread = asks[0].ticks - bids[0].ticks if bids and asks else 0
    if 0 < spread <= plan.spread_ticks(mid):
        low = max(low, spread / plan.spread_share * plan.tick)
    return low, high


def _refresh(
    plan: LadderPlan, inputs: LadderInputs, desired: Ladder, quotes: LiveQuotes, now_ns: int
) -> Actions:
    tick = plan.tick
    mid = inputs.mid / tick
    reference = inputs.reference / tick
    frame = Frame(plan, inputs, quotes.instrument_id, reference, mid, quotes.rights, now_ns, False)
    bids, asks = _both(frame, desired, quotes)
    if bids.touch and asks.touch and asks.touch - bids.touch > _width(plan, desired, mid):
        bids, asks = _both(frame._replace(strict=True), desired, quotes)
    retry = [s.retry_ns for s in (bids, asks) if s.retry_ns]
    quotes.invalidate()
    return Actions(
        (*bids.cancels, *asks.cancels),
        (*bids.amends, *asks.amends),
        (*bids.places, *asks.places),
        min(retry, default=0),
    )


def _both(frame: Frame, desired: Ladder, quotes: LiveQuotes) -> tuple[SideDiff, SideDiff]:
    bids = SideDiff(frame, Side.BUY, desired.bids, quotes.bids)
    asks = SideDiff(frame, Side.SELL, desired.asks, quotes.asks)
    bids.run(quotes.asks)
    asks.run(quotes.bids)
    return bids, asks
