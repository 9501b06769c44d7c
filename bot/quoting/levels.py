"""The constants of a ladder: level table, obligation and instrument compiled once per limits.

Rule 1: everything is in ticks and lots (amounts in tick·lots = ticks × lots): nothing is converted later.
Rule 2: no level may be planned so deep that it could leave the obligation before its next refresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import NamedTuple

from bot.model.instrument import Instrument
from bot.model.limits import ObligationLimits, QuoteLimits

_BPS = 1e-4
_TOUCH_USE = 0.95  # a widened touch may take this much of the half spread that is owed
_SPREAD_DRIFT = 0.999  # the mid may fall by 10 bp while a spread of exactly the limit is held
_ROWS_MAX = 8
_EPS = 1e-9


class Rows(NamedTuple):
    """Levels at one widening: price factors on the centre, amounts in tick·lots, their sums, least gap."""

    bid_factors: tuple[float, ...]
    ask_factors: tuple[float, ...]
    bid_amounts: tuple[float, ...]
    ask_amounts: tuple[float, ...]
    bid_total: float
    ask_total: float
    gap: float
    levels: int


@dataclass(frozen=True, slots=True)
class LadderPlan:
    """Constants of one instrument's ladder under the limits in force; make a new one when the limits change.

    `unit` is the USDT value of one tick·lot, `spread_share` the own spread allowed as a fraction of mid,
    `depth_share` the depth owed and `depth_share_max` the deepest quote that may be held until the next
    refresh without leaving it. `amount_min` is the smallest order, `*_owed` the depth owed, in tick·lots.
    """

    instrument: Instrument
    obligation: ObligationLimits
    quote: QuoteLimits
    tick: float
    lot: float
    unit: float
    spread_share: float
    depth_share: float
    depth_share_max: float
    amount_min: float
    bid_owed: float
    ask_owed: float
    levels: tuple[tuple[float, float], ...]
    _rows: dict[float, Rows]

    @classmethod
    def compile(cls, instrument: Instrument, obligation: ObligationLimits, quote: QuoteLimits) -> LadderPlan:
        """Check the level table and precompute. ValueError when depths and weights do not form a ladder."""
        tick, lot = float(instrument.tick), float(instrument.lot)
        unit = tick * lot
        held_bps = obligation.depth_bps - quote.refresh_tolerance_bps
        return cls(
            instrument=instrument,
            obligation=obligation,
            quote=quote,
            tick=tick,
            lot=lot,
            unit=unit,
            spread_share=obligation.spread_bps_max * _BPS,
            depth_share=obligation.depth_bps * _BPS,
            depth_share_max=held_bps / (1 + quote.refresh_tolerance_depth_share) * _BPS,
            amount_min=float(instrument.notional_usdt_min) / unit,
            bid_owed=obligation.bid_usdt / unit,
            ask_owed=obligation.ask_usdt / unit,
            levels=_checked_levels(quote),
            _rows={},
        )

    def rows(self, widen: float) -> Rows:
        """The level table for one widening factor (kept: only a few factors are in use)."""
        known = self._rows.get(widen)
        if known is not None:
            return known
        if len(self._rows) >= _ROWS_MAX:
            self._rows.clear()
        made = self._rows[widen] = self._make_rows(widen)
        return made

    def _make_rows(self, widen: float) -> Rows:
        touch = self.levels[0][0]
        touch_max = max(touch, self.spread_share / 2 * _TOUCH_USE)
        weights: dict[float, float] = {}
        for depth, weight in self.levels:
            wide = min(depth * widen, self.depth_share_max)
            if depth == touch:
                wide = min(wide, touch_max)
            weights[wide] = weights.get(wide, 0.0) + weight
        depths = sorted(weights)
        share = 1 + self.quote.depth_buffer_share
        bids = tuple(max(weights[d] * share * self.bid_owed, self.amount_min) for d in depths)
        asks = tuple(max(weights[d] * share * self.ask_owed, self.amount_min) for d in depths)
        return Rows(
            bid_factors=tuple(1 - d for d in depths),
            ask_factors=tuple(1 + d for d in depths),
            bid_amounts=bids,
            ask_amounts=asks,
            bid_total=sum(bids),
            ask_total=sum(asks),
            gap=min((b - a for a, b in pairwise(depths)), default=inf),
            levels=len(depths),
        )

    def spread_ticks(self, mid_ticks: float) -> int:
        """Widest own spread in whole ticks that meets the obligation at this mid; 0 = a tick is too wide."""
        allowed = self.spread_share * mid_ticks
        return int(allowed * _SPREAD_DRIFT) or int(allowed + _EPS)


def _checked_levels(quote: QuoteLimits) -> tuple[tuple[float, float], ...]:
    depths, weights = quote.level_depths_bps, quote.level_weights
    if len(depths) != len(weights):
        raise ValueError(f"quote.level_depths_bps has {len(depths)} levels, level_weights {len(weights)}")
    if any(b <= a for a, b in pairwise(depths)):
        raise ValueError("quote.level_depths_bps must grow from level to level")
    total = sum(weights)
    if total <= 0:
        raise ValueError("quote.level_weights are all zero: nothing would be quoted")
    return tuple((d * _BPS, w / total) for d, w in zip(depths, weights, strict=True) if w > 0)
