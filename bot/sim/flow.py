"""Taker flow: market orders that sweep a book to a depth, drawn in blocks.

Rule 1: arrival times, depths and sizes do not depend on what rests in the book: two runs with one seed and
different quotes meet the same takers (common random numbers).
Rule 2: depth is a distance from the fair price at arrival, as in the intensity A·exp(−k·depth) of
Avellaneda-Stoikov 2008; the part that stays in the price is `impact_share`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.sim.params import DAY_S, FlowParams

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Sweeps(NamedTuple):
    """Takers of one block in order of arrival, one array element each.

    `step` counts from 0 within the block; `venue` 0-2 are the spot books, 3-5 the perps; `side` +1 buys;
    `depth` is a fraction of fair; `notional_usdt` what the taker wants; `impact` the signed log move of the
    fair price it causes.
    """

    step: Ints
    venue: Ints
    side: Ints
    depth: Floats
    notional_usdt: Floats
    impact: Floats


class TakerFlow:
    """Draws the sweeps of all six books."""

    def __init__(self, params: FlowParams, step_s: float, seed: np.random.SeedSequence) -> None:
        self._params = params
        self._step_s = step_s
        self._rates = np.array(params.spot_sweeps_per_side_day + params.perp_sweeps_per_side_day) / DAY_S
        # One stream per book, so that switching one exchange off leaves the takers of the others alone.
        self._rngs = [np.random.default_rng(child) for child in seed.spawn(len(self._rates))]

    def draw(self, steps: int) -> Sweeps:
        """The takers of the next `steps` steps, sorted by arrival."""
        parts = [self._draw_venue(venue, steps) for venue in range(len(self._rates))]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        arrival, venue, side, depth, notional, impact = (column[order] for column in columns)
        return Sweeps(
            step=np.minimum(arrival.astype(np.int64), steps - 1),
            venue=venue.astype(np.int64),
            side=side.astype(np.int64),
            depth=depth,
            notional_usdt=notional,
            impact=impact,
        )

    def _draw_venue(self, venue: int, steps: int) -> tuple[Floats, ...]:
        params, rng = self._params, self._rngs[venue]
        perp = venue >= len(params.spot_sweeps_per_side_day)
        mean = (params.perp_depth_mean_bps if perp else params.depth_mean_bps) / 1e4
        notional = params.perp_notional_mean_usdt if perp else params.notional_mean_usdt
        median = notional * math.exp(-(params.notional_log_sd**2) / 2)
        count = int(rng.poisson(2 * self._rates[venue] * steps * self._step_s))
        arrival = rng.uniform(0.0, steps, count)
        side = np.where(rng.random(count) < 0.5, 1.0, -1.0)
        depth = rng.exponential(mean, count)
        size = median * np.exp(params.notional_log_sd * rng.standard_normal(count)) * (1 + depth / mean)
        impact = np.zeros(count) if perp else params.impact_share * depth * side
        return arrival, np.full(count, float(venue)), side, depth, size, impact
