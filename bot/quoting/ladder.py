"""The desired two-sided quotes of one exchange, in integer ticks and lots.

Rule 1: depth is owed as a sum inside a band, so the deep levels carry it and the near levels stay small.
Rule 2: prices round outward (never better than asked for), sizes round up (never below what is owed); only
the spread owed moves the touch inward again, and never through the centre.
Rule 3: what a balance or the room to hedge cannot carry is cut from the near levels outward, the touch last:
the touch keeps the spread, the deep levels keep the depth, and a shortage changes one or two orders, not all.
Rule 4: caution widens levels only up to the edge of the obligation; to leave it is not the ladder's decision.
Rule 5: what depends on limits alone is computed once per limits (`LadderPlan`); a build is a few float
operations per level.
"""

from __future__ import annotations

from math import ceil, inf
from typing import NamedTuple

from bot.model.market import TopOfBook
from bot.quoting.levels import LadderPlan, Rows

Levels = tuple[tuple[int, int], ...]
"""(ticks, lots) pairs, best price first."""

_BPS = 1e-4
_EPS = 1e-9

TICK_TOO_WIDE = "one tick is wider than the spread owed"
POST_ONLY = "others' quotes leave no room for the spread owed"
NO_REFERENCE = "no reference price"
SHORT_USDT = "not enough USDT for the bids owed"
SHORT_TOKENS = "not enough tokens for the asks owed"
NO_ROOM_BUY = "no room to hedge more bids"
NO_ROOM_SELL = "no room to hedge more asks"


class LadderInputs(NamedTuple):
    """What a ladder is built from at one instant.

    `reference` (USDT per token) is the fair price, `mid` the venue's mid the obligation is measured from.
    `tokens` and `usdt` are what quotes may use on this exchange in all (free plus locked in quotes), `room_*`
    the tokens that quotes may buy or sell and still be hedged. `widen` ≥ 1 multiplies depths. `others` is the
    top of the book without our own size.
    """

    reference: float
    mid: float
    skew_bps: float
    tokens: float
    usdt: float
    room_buy: float
    room_sell: float
    widen: float
    bid_enabled: bool
    ask_enabled: bool
    others: TopOfBook


class Ladder(NamedTuple):
    """Desired quotes, best first. `clamped` = the touch gave way to others; `cause` = why less is quoted."""

    bids: Levels
    asks: Levels
    clamped: bool = False
    cause: str = ""


_Prices = tuple[list[int], bool, bool]
"""Ticks best first; whether they gave way to others; whether two levels may share a price."""


def build(plan: LadderPlan, inputs: LadderInputs) -> Ladder:
    """The desired quotes for these inputs. Empty sides where a side is off or nothing can be carried."""
    tick = plan.tick
    centre = inputs.reference / tick * (1.0 + inputs.skew_bps * _BPS)
    mid = inputs.mid / tick
    if not (1.0 <= centre < inf and 1.0 <= mid < inf):
        return Ladder((), (), False, NO_REFERENCE)
    rows = plan.rows(inputs.widen)
    bids, bids_gave, merge_bids = _bid_prices(plan, rows, centre, mid, inputs.others)
    asks, asks_gave, merge_asks = _ask_prices(plan, rows, centre, mid, inputs.others)
    clamped = bids_gave or asks_gave
    cause = ""
    width = plan.spread_ticks(mid)
    if asks[0] - bids[0] > width and inputs.bid_enabled and inputs.ask_enabled:
        cause = _narrow(bids, asks, centre, width, inputs.others)
        clamped = clamped or cause == POST_ONLY
    if merge_bids or merge_asks:
        bid_levels, ask_levels = _merged(bids, rows.bid_amounts), _merged(asks, rows.ask_amounts)
    else:
        bid_levels = tuple([(t, ceil(a / t)) for t, a in zip(bids, rows.bid_amounts)])  # noqa: B905
        ask_levels = tuple([(t, ceil(a / t)) for t, a in zip(asks, rows.ask_amounts)])  # noqa: B905
    bid_levels, bid_cause = _carried_bids(plan, inputs, rows, bid_levels)
    ask_levels, ask_cause = _carried_asks(plan, inputs, rows, ask_levels)
    return Ladder(bid_levels, ask_levels, clamped, cause or bid_cause or ask_cause)


def _bid_prices(plan: LadderPlan, rows: Rows, centre: float, mid: float, others: TopOfBook) -> _Prices:
    ticks = [int(centre * f) for f in rows.bid_factors]
    deepest = mid * (1.0 - plan.depth_share_max)
    cap = others.ask_ticks - 1 if others.ask_ticks else ticks[0]
    if ticks[0] <= cap and ticks[-1] >= deepest:
        return ticks, False, centre * rows.gap < 1.0
    floor = min(ceil(deepest), ticks[0])
    return [min(max(t, floor), cap) for t in ticks], ticks[0] > cap, True


def _ask_prices(plan: LadderPlan, rows: Rows, centre: float, mid: float, others: TopOfBook) -> _Prices:
    ticks = [ceil(centre * f) for f in rows.ask_factors]
    deepest = mid * (1.0 + plan.depth_share_max)
    cap = others.bid_ticks + 1
    if ticks[0] >= cap and ticks[-1] <= deepest:
        return ticks, False, centre * rows.gap < 1.0
    floor = max(int(deepest), ticks[0])
    return [max(min(t, floor), cap) for t in ticks], ticks[0] < cap, True


def _narrow(bids: list[int], asks: list[int], centre: float, width: int, others: TopOfBook) -> str:
    """Move the touch inward, in place, to the spread owed; the side with more edge gives more."""
    if width == 0:
        return TICK_TOO_WIDE
    bid, ask = bids[0], asks[0]
    excess = ask - bid - width
    bid_room = min(int(centre), others.ask_ticks - 1 if others.ask_ticks else int(centre)) - bid
    ask_room = ask - max(ceil(centre), others.bid_ticks + 1)
    up = round(((centre - bid) - (ask - centre) + excess) / 2)
    up = max(0, min(up, excess, bid_room))
    down = max(0, min(excess - up, ask_room))
    up = max(up, min(excess - down, bid_room))
    bids[0], asks[0] = bid + up, ask - down
    return "" if up + down == excess else POST_ONLY


def _merged(ticks: list[int], amounts: tuple[float, ...]) -> Levels:
    by_price: dict[int, float] = {}
    for price, amount in zip(ticks, amounts, strict=True):
        by_price[price] = by_price.get(price, 0.0) + amount
    return tuple([(price, ceil(amount / price)) for price, amount in by_price.items() if price > 0])


def _carried_bids(plan: LadderPlan, inputs: LadderInputs, rows: Rows, bids: Levels) -> tuple[Levels, str]:
    """What USDT and hedge room carry; nearly always two comparisons (the bounds are slightly too high)."""
    if not (inputs.bid_enabled and bids):
        return (), ""
    value, lots = inputs.usdt / plan.unit, inputs.room_buy / plan.lot
    rich = value >= rows.bid_total + rows.levels * bids[0][0]
    if rich and lots >= rows.bid_total / bids[-1][0] + rows.levels:
        return bids, ""
    kept = _fit(bids, value, lots, plan.amount_min)
    return kept, "" if kept == bids else NO_ROOM_BUY if rich else SHORT_USDT


def _carried_asks(plan: LadderPlan, inputs: LadderInputs, rows: Rows, asks: Levels) -> tuple[Levels, str]:
    if not (inputs.ask_enabled and asks):
        return (), ""
    lots = min(inputs.tokens, inputs.room_sell) / plan.lot
    if lots >= rows.ask_total / asks[0][0] + rows.levels:
        return asks, ""
    kept = _fit(asks, inf, lots, plan.amount_min)
    return kept, "" if kept == asks else SHORT_TOKENS if inputs.tokens < inputs.room_sell else NO_ROOM_SELL


def _fit(levels: Levels, value: float, lots: float, amount_min: float) -> Levels:
    """The levels that `value` (tick·lots) and `lots` carry: the touch first, then from the deepest inward.

    A rest too small to be an order of its own is added to its deeper neighbour, so that nothing owed is lost.
    """
    kept: list[tuple[int, int]] = []
    for ticks, wanted in (levels[0], *levels[:0:-1]):
        quantity = _affordable(wanted, lots, value, ticks)
        if quantity * ticks < amount_min or quantity == 0:
            if not kept:
                continue
            ticks, had = kept.pop()
            quantity = _affordable(quantity, lots, value, ticks)
            kept.append((ticks, had + quantity))
        else:
            kept.append((ticks, quantity))
        lots -= quantity
        value -= quantity * ticks
        if lots < 1 or value < ticks:
            break
    whole = kept and kept[0][0] == levels[0][0]
    return (kept[0], *kept[:0:-1]) if whole else tuple(kept[::-1])


def _affordable(wanted: int, lots: float, value: float, ticks: int) -> int:
    if wanted <= lots and wanted * ticks <= value:
        return wanted
    return max(0, min(wanted, int(min(lots, value / ticks) + _EPS)))
