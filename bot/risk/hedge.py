"""From exposure to perp orders: band → targets → the next order of one perp.

Rule 1: inside the band nothing moves; outside, the targets move so that `hedged_net` comes back to a share
of it.
Rule 2: targets are absolute: computing them twice, or late, changes nothing.
Rule 3: a perp that cannot trade is pinned to what it holds, so the others take its part over.
Rule 4: one outstanding order per perp; nothing is sent while the fate of the last one is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.model.instrument import Instrument, InstrumentId
from bot.model.limits import HedgeLimits, Limits
from bot.model.market import TopOfBook
from bot.model.order import Side
from bot.model.view import Level, View
from bot.pricing.bands import BandInputs, combined_band
from bot.risk.capacity import Margin, Perp, closing_room, gross_room, growth_room, margin, position_max
from bot.risk.split import Route, place

YEAR_S = 365 * 86_400.0
_EPS = 1e-6  # ticks: a price that is whole but for rounding stays whole
_HOLD_YEARS = 1 / 365  # how long a hedge of band noise stays: weighs funding against fees
_AGE_S_MIN = 600.0  # a younger estimate of the fill rate is not scaled up further
_COLLAR_DOUBLES_S, _COLLAR_STRETCH_MAX = 3.0, 10.0  # how fast and how far an unhedged delta widens the collar
_IMPACT_FLOOR = 5e-5  # half-spread assumed at least when the slope of the order book is estimated


class FillVariance:
    """Variance rate of the fills of our quotes, tokens² per year: an EWMA of squared sizes, corrected for
    its age.
    """

    __slots__ = ("_at_ns", "_first_ns", "_sum", "_tau_s")

    def __init__(self, tau_s: float = 3_600.0) -> None:
        self._tau_s = tau_s
        self._sum = 0.0
        self._at_ns = 0
        self._first_ns = 0

    def add(self, tokens: float, now_ns: int) -> None:
        """A quote was filled by `tokens`."""
        self._decay(now_ns)
        self._sum += tokens * tokens / self._tau_s

    def per_year(self, now_ns: int) -> float:
        """Estimate now, in tokens² per year; 0 before the first fill."""
        if not self._first_ns:
            return 0.0
        age_s = max(_AGE_S_MIN, (now_ns - self._first_ns) / 1e9)
        weight = 1.0 - math.exp(-age_s / self._tau_s)
        decay = math.exp(-max(0, now_ns - self._at_ns) / 1e9 / self._tau_s)
        return self._sum * decay / weight * YEAR_S

    def _decay(self, now_ns: int) -> None:
        if not self._first_ns:
            self._first_ns = self._at_ns = now_ns
        elif now_ns > self._at_ns:
            self._sum *= math.exp(-(now_ns - self._at_ns) / 1e9 / self._tau_s)
            self._at_ns = now_ns


@dataclass(frozen=True, slots=True)
class Tradable:
    """The least that can be traded: a lot in tokens and a notional in USDT, the coarsest over all perps."""

    lot: float
    notional_usdt_min: float


def band_in_force(inputs: BandInputs, least: Tradable, limits: HedgeLimits) -> float:
    """The band in tokens: fixed by the operator, or optimal within its floor and cap; never below two lots
    or the smallest order a venue takes.
    """
    tradable = smallest_band(inputs.spot, least)
    if limits.band_tokens_fixed is not None:
        return max(tradable, limits.band_tokens_fixed)
    band = max(combined_band(inputs), limits.band_tokens_min)
    return max(tradable, min(band, limits.band_usdt_max / inputs.spot))


def smallest_band(price: float, least: Tradable) -> float:
    """The narrowest band that can be kept: two lots, or a little more than the smallest order."""
    return max(2 * least.lot, 1.1 * least.notional_usdt_min / price)


@dataclass(frozen=True, slots=True)
class Decision:
    """Change of the sum of targets wanted (tokens, signed) and what no perp had room for (≥ 0)."""

    change: float
    shortfall: float = 0.0


def pin(perps: Mapping[InstrumentId, Perp], rules: Margin) -> None:
    """Set the targets that are not free: of a perp that cannot trade (to its position, an order in doubt
    counted at half: the least worst case), and of one whose margin no longer carries its target.
    """
    for perp in perps.values():
        if not perp.usable:
            perp.target = perp.position + 0.5 * perp.working
        elif abs(perp.target) > abs(perp.position) and perp.mark is not None:
            side = 1 if perp.target > 0 else -1
            held = max(0.0, side * perp.position)
            perp.target = side * min(abs(perp.target), max(held, position_max(perp, side, rules)))


def retarget(
    perps: Mapping[InstrumentId, Perp], hedged_net: float, band: float, price: float, limits: Limits
) -> Decision:
    """Move the targets when |hedged_net| > band; otherwise leave them (hysteresis).

    Positions open the other way are closed first; then venues grow, each up to its share of the total (or
    one order); what does not fit then goes beyond the shares (an unhedged delta is worse than
    concentration) but never beyond margin.
    """
    if abs(hedged_net) <= band or price <= 0:
        return Decision(0.0)
    side = -1 if hedged_net > 0 else 1
    wanted = abs(hedged_net) - limits.hedge.hedge_to_band_share * band
    order_tokens = limits.hedge.order_usdt_max / price
    free = [p for p in perps.values() if p.usable and p.mark is not None]
    rest = _apply(free, [closing_room(p, side) for p in free], side, (wanted, order_tokens))
    gross, rules = gross_room(perps.values(), price, limits), margin(limits)
    total = abs(sum(p.target for p in perps.values()) + side * rest)
    share = max(limits.hedge.exchange_share_max * total, order_tokens) if len(perps) > 1 else math.inf
    for cap in (share, math.inf):
        if rest < min((p.lot for p in free), default=math.inf) / 2:
            break
        caps = [min(growth_room(p, side, rules), max(0.0, cap - max(0.0, side * p.target))) for p in free]
        placed_before = rest
        beyond = max(0.0, rest - gross)
        rest = beyond + _apply(free, caps, side, (rest - beyond, order_tokens))
        gross -= max(0.0, placed_before - rest)
    return Decision(side * wanted, max(0.0, rest))


def _apply(perps: list[Perp], caps: list[float], side: int, order: tuple[float, float]) -> float:
    """Place order[0] tokens over the perps, about order[1] tokens an order; returns what did not fit."""
    quantity, order_tokens = order
    routes = [_route(p, side, cap) for p, cap in zip(perps, caps, strict=True)]
    parts, rest = place(quantity, routes, order_tokens)
    for perp, tokens in zip(perps, parts, strict=True):
        if tokens:
            perp.target = round((perp.target + side * tokens) / perp.lot) * perp.lot
    return rest


def _route(perp: Perp, side: int, cap: float) -> Route:
    """Cost of a hedge on one perp: fee, half-spread, premium, and funding over the holding time (a short
    receives it when positive); the slope assumes that the size at the touch costs one more half-spread.
    """
    a = perp.taker_fee + perp.half_spread + side * (perp.basis + perp.funding_annual * _HOLD_YEARS)
    k = max(perp.half_spread, _IMPACT_FLOOR) / max(perp.top_tokens, perp.lot)
    price = perp.mark or 1.0
    return Route(a, k, cap, perp.lot, 1.05 * perp.notional_usdt_min / price)


class HedgeOrder(NamedTuple):
    """The next order of one perp: an IOC at `price_ticks` for `quantity_lots`."""

    side: Side
    price_ticks: int
    quantity_lots: int
    reduce_only: bool


def next_order(view: View, instrument: Instrument, top: TopOfBook) -> HedgeOrder | None:
    """What to send now on one perp, or None: nothing due, not allowed, in doubt, or no sane price.

    `top` is the perp's own order book. The price may stand `collar_bps` behind the touch and behind fair
    value (plus the perp's usual basis), whichever is nearer, rounded to the inside; more while delta stays
    unhedged.
    """
    perp, limits, fair = view.perps.get(instrument.id), view.limits.hedge, view.marks.fair
    if perp is None or fair is None or not (view.ready and limits.enabled and perp.healthy):
        return None
    if view.level is Level.HALTED or perp.unknown or perp.working:
        return None
    gap = perp.target - perp.position
    side = Side.BUY if gap > 0 else Side.SELL
    if view.level >= Level.REDUCING and side * view.exposure.net > 0:
        return None
    lot, price_ticks = float(instrument.lot), _limit_ticks(view, instrument, top, side)
    if price_ticks is None:
        return None
    price = price_ticks * float(instrument.tick)
    least = float(instrument.notional_usdt_min)
    # A remainder too small to be closed alone is turned over together with the rest.
    closing = perp.position * side < 0 and (
        abs(perp.position) * price >= least or abs(gap) <= abs(perp.position) + lot / 2
    )
    tokens = min(abs(gap), limits.order_usdt_max / price, abs(perp.position) if closing else math.inf)
    lots = math.floor(tokens / lot + 1e-6)
    if lots <= 0 or lots * lot * price < least:
        return None
    return HedgeOrder(side, price_ticks, lots, closing)


def _limit_ticks(view: View, instrument: Instrument, top: TopOfBook, side: Side) -> int | None:
    """Worst price in ticks, or None when the book is one-sided, crossed, old, or its touch outside the
    collar.
    """
    age_s = (view.time_ns - top.seen_ns) / 1e9
    if not 0 < top.bid_ticks < top.ask_ticks or age_s > view.limits.risk.book_age_s_max:
        return None
    # A delta that stays unhedged may pay more: standing behind a running price hedges nothing.
    patience = min(_COLLAR_STRETCH_MAX, 1.0 + view.unhedged_age_s / _COLLAR_DOUBLES_S)
    collar, tick = view.limits.hedge.collar_bps / 1e4 * patience, float(instrument.tick)
    anchor = (view.marks.fair or 0.0) * (1 + view.marks.basis.get(instrument.id, 0.0))
    if side > 0:
        worst = math.floor(min(top.ask_ticks, anchor / tick) * (1 + collar) + _EPS)
        return worst if worst >= top.ask_ticks else None
    worst = math.ceil(max(top.bid_ticks, anchor / tick) * (1 - collar) - _EPS)
    return worst if worst <= top.bid_ticks else None
