"""Options on a grid of spots: valued in one go now and then, read back in a microsecond at any spot.

Rule 1: between nodes the book is read by cubics that keep the shape of what they interpolate: delta stays
between its nodes' deltas, gamma, vega and theta never overshoot.
Rule 2: outside the grid nothing is extrapolated: `BookCurve.at` answers None and the caller prices directly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bot.pricing.early_exercise import solve_curve, unit_values
from bot.pricing.options import Style, call, exercise_boundary, never_exercised_early

GRID_HALF_WIDTH = 0.35
GRID_NODES = 41

Row = tuple[
    str,
    float,
    float,
    tuple[float, ...],
    tuple[float, ...],
    tuple[float, ...],
    tuple[float, ...],
    tuple[float, ...],
]
"""(name, tokens, strike, price[n], delta[n], gamma[n], vega[n], theta[n]), per token."""

_JUMP = 1e-6  # width of the cell that holds the jump of gamma
_REFINED = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Tranche:
    """One open call: `tokens` of it, strike in USDT per token, `years` (of 365 days) left."""

    name: str
    tokens: float
    strike: float
    years: float
    style: Style = "american"


class OptionGrid(NamedTuple):
    """Increasing spots in USDT per token and one row per tranche."""

    spots: tuple[float, ...]
    rows: tuple[Row, ...]


class BookGreeks(NamedTuple):
    """Totals: value in USDT, delta in tokens, gamma in tokens per USDT, vega per 1.00, theta per year."""

    value: float
    delta: float
    gamma: float
    vega: float
    theta: float


def spot_nodes(
    spot: float, nodes: int = GRID_NODES, half_width: float = GRID_HALF_WIDTH
) -> tuple[float, ...]:
    """`nodes` spots from spot·(1 − half_width) to spot·(1 + half_width), equally spaced in logarithm.

    Raises ValueError unless spot > 0 and finite, nodes ≥ 2, 0 < half_width < 1.
    """
    if not 0 < spot < math.inf:
        raise ValueError(f"spot: must be finite and > 0, got {spot!r}")
    if nodes < 2:
        raise ValueError(f"nodes: at least 2, got {nodes!r}")
    if not 0 < half_width < 1:
        raise ValueError(f"half_width: must lie between 0 and 1, got {half_width!r}")
    low, high = math.log(spot * (1 - half_width)), math.log(spot * (1 + half_width))
    return tuple(math.exp(low + (high - low) * i / (nodes - 1)) for i in range(nodes))


def value_tranches(
    tranches: Sequence[Tranche], spot: float, sigma: float, rate: float, carry: float, nodes: int = GRID_NODES
) -> OptionGrid:
    """Every tranche at every node of a grid around `spot` (±35 %), per token.

    Nodes are added where the greeks turn faster than the grid: around a strike shortly before expiry, and on
    both sides of the spot where exercise begins, where gamma jumps. Raises ValueError as `call` and
    `spot_nodes` do.
    """
    spots = spot_nodes(spot, nodes)
    extra: list[float] = []
    for tranche in tranches:
        # The first call refuses bad inputs before anything is derived from them.
        call(spot, tranche.strike, tranche.years, sigma, rate, carry, tranche.style)
        extra += _turns(tranche, sigma, rate, carry, 2 * math.log(spots[1] / spots[0]))
    spots = _merged(spots, extra)
    rows: list[Row] = []
    for tranche in tranches:
        price, delta, gamma, vega, theta = _columns(tranche, spots, sigma, rate, carry)
        rows.append((tranche.name, tranche.tokens, tranche.strike, price, delta, gamma, vega, theta))
    return OptionGrid(spots, tuple(rows))


def value_book(
    tranches: Sequence[Tranche], spot: float, sigma: float, rate: float, carry: float
) -> BookGreeks:
    """Totals of the book at one spot, priced directly (microseconds European, about 1 ms American)."""
    value = delta = gamma = vega = theta = 0.0
    for one in tranches:
        unit = call(spot, one.strike, one.years, sigma, rate, carry, one.style)
        value += one.tokens * unit.price
        delta += one.tokens * unit.delta
        gamma += one.tokens * unit.gamma
        vega += one.tokens * unit.vega
        theta += one.tokens * unit.theta
    return BookGreeks(value, delta, gamma, vega, theta)


def _turns(tranche: Tranche, sigma: float, rate: float, carry: float, coarse: float) -> list[float]:
    """Spots where this tranche's greeks turn within less than `coarse` in logarithm."""
    strike, years = tranche.strike, tranche.years
    deviation = max(sigma * math.sqrt(years), 1e-6)
    turns = [strike * math.exp(z * deviation) for z in _REFINED] if deviation < coarse else []
    if tranche.style == "american":
        boundary = exercise_boundary(strike, years, sigma, rate, carry)
        turns += [boundary * (1 - _JUMP), boundary]
    return turns


def _merged(spots: tuple[float, ...], extra: Sequence[float]) -> tuple[float, ...]:
    inside = sorted({*spots, *(x for x in extra if spots[0] < x < spots[-1])})
    kept = [inside[0]]
    kept.extend(x for x in inside[1:] if x > kept[-1] * (1 + 0.1 * _JUMP))
    return tuple(kept)


def _columns(
    tranche: Tranche, spots: tuple[float, ...], sigma: float, rate: float, carry: float
) -> tuple[tuple[float, ...], ...]:
    strike, years, style = tranche.strike, tranche.years, tranche.style
    random = sigma * math.sqrt(years) >= 1e-8 and strike > 0
    if style == "european" or never_exercised_early(rate, carry) or not random:
        values = [call(s, strike, years, sigma, rate, carry, style) for s in spots]
        return tuple(zip(*values, strict=True))
    units = unit_values(solve_curve(years, sigma, rate, carry), np.array(spots) / strike)
    scales = (strike, 1.0, 1 / strike, strike, strike)
    return tuple(tuple((column * scale).tolist()) for column, scale in zip(units, scales, strict=True))


class BookCurve:
    """Totals of an option book as cubics between the nodes of a grid. Built once per valuation."""

    __slots__ = ("_coefficients", "_spots", "high", "low")

    def __init__(self, spots: Sequence[float], rows: Sequence[Row]) -> None:
        """`spots` strictly increasing, at least 2; ValueError otherwise or when a row has another length."""
        if len(spots) < 2 or any(b <= a for a, b in pairwise(spots)):
            raise ValueError("spots: at least 2, strictly increasing")
        columns = [[0.0] * len(spots) for _ in range(5)]
        for row in rows:
            tokens = row[1]
            for total, values in zip(columns, row[3:], strict=True):
                if len(values) != len(spots):
                    raise ValueError(f"tranche {row[0]}: {len(values)} values for {len(spots)} spots")
                for i, value in enumerate(values):
                    total[i] += tokens * value
        self._spots = list(spots)
        self.low, self.high = self._spots[0], self._spots[-1]
        self._coefficients = _cubics(self._spots, columns)

    def at(self, spot: float) -> BookGreeks | None:
        """Totals at `spot`, or None outside the grid (a spot that is not a number is outside)."""
        if not self.low <= spot <= self.high:
            return None
        i = bisect_right(self._spots, spot, 1, len(self._spots) - 1) - 1
        t = spot - self._spots[i]
        a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3 = self._coefficients[i]
        return BookGreeks(
            ((a3 * t + a2) * t + a1) * t + a0,
            ((b3 * t + b2) * t + b1) * t + b0,
            ((c3 * t + c2) * t + c1) * t + c0,
            ((d3 * t + d2) * t + d1) * t + d0,
            ((e3 * t + e2) * t + e1) * t + e0,
        )


def _cubics(spots: list[float], columns: list[list[float]]) -> list[tuple[float, ...]]:
    _, delta, gamma, vega, theta = columns
    slopes = [delta, gamma, *(_shape_slopes(spots, c) for c in (gamma, vega, theta))]
    table = []
    for i in range(len(spots) - 1):
        step = spots[i + 1] - spots[i]
        cell: list[float] = []
        for k, column in enumerate(columns):
            left, right = slopes[k][i], slopes[k][i + 1]
            rise = (column[i + 1] - column[i]) / step
            if (
                k == 1
            ):  # gamma jumps where exercise begins; an unlimited slope would carry delta past its nodes
                left, right = _limited(left, rise), _limited(right, rise)
            cell += (
                column[i],
                left,
                (3 * rise - 2 * left - right) / step,
                (left + right - 2 * rise) / step**2,
            )
        table.append(tuple(cell))
    return table


def _limited(slope: float, rise: float) -> float:
    """A node's slope cut to what keeps a cubic with this mean rise monotone (Fritsch-Carlson 1980)."""
    if slope * rise <= 0:
        return 0.0
    return slope if abs(slope) <= 3 * abs(rise) else 3 * rise


def _shape_slopes(x: list[float], y: list[float]) -> list[float]:
    """Node slopes of the shape-preserving cubic (Fritsch-Butland 1984); the secant at the ends."""
    steps = [b - a for a, b in pairwise(x)]
    rises = [(b - a) / h for a, b, h in zip(y, y[1:], steps, strict=False)]
    slopes = [rises[0]]
    for i in range(1, len(rises)):
        before, after = rises[i - 1], rises[i]
        if before * after <= 0:
            slopes.append(0.0)
            continue
        w1, w2 = 2 * steps[i] + steps[i - 1], steps[i] + 2 * steps[i - 1]
        slopes.append((w1 + w2) / (w1 / before + w2 / after))
    slopes.append(rises[-1])
    return slopes
