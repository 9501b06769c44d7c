"""The options held, read from their last valuation at any spot and time.

Rule 1: before the first valuation the book is unknown (None), never zero; with no tranche left it is zero.
Rule 2: inside the grid a read is an interpolation of about a microsecond; outside, the book is priced
directly where the valuation says how long its tranches live, else it is unknown: nothing is extrapolated.
Rule 3: between valuations only value moves with time, by theta; greeks are those of the valuation.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bot.model.facts import OptionsValued
from bot.pricing.option_grid import BookCurve, BookGreeks, Tranche, value_book

YEAR_NS = 365 * 86_400 * 1_000_000_000

TrancheRow = tuple[str, float, float, float, float, float, float, float]
"""(name, strike, tokens, price, delta, gamma, vega, theta), per token."""


class OptionBook:
    """Holds the last `OptionsValued` as curves over the spot."""

    __slots__ = ("_curve", "_rows", "_tranches", "valued")

    def __init__(self) -> None:
        self.valued: OptionsValued | None = None
        self._curve: BookCurve | None = None
        self._rows: tuple[BookCurve, ...] | None = None
        self._tranches: tuple[Tranche, ...] = ()

    def replace(self, valued: OptionsValued) -> None:
        """Take a valuation over, whole. Raises ValueError when it is malformed; the old one then stays."""
        if valued.years and len(valued.years) != len(valued.tranches):
            raise ValueError(f"years: {len(valued.years)} for {len(valued.tranches)} tranches")
        curve = BookCurve(valued.spots, valued.tranches) if valued.tranches else None
        self._tranches = tuple(
            Tranche(row[0], row[1], row[2], years, valued.style)
            for row, years in zip(valued.tranches, valued.years, strict=False)
        )
        self.valued, self._curve, self._rows = valued, curve, None

    def totals_at(self, spot: float, now_ns: int) -> BookGreeks | None:
        """Totals at `spot` USDT per token (finite, ≥ 0 or ValueError); None before a valuation.

        None also for a spot outside the grid when the valuation carries no `years`. Value is drifted by theta
        for the time since the valuation, not below zero.
        """
        valued = self.valued
        if valued is None:
            return None
        if not 0 <= spot < math.inf:
            raise ValueError(f"spot: must be finite and not negative, got {spot!r}")
        if self._curve is None:
            return BookGreeks(0.0, 0.0, 0.0, 0.0, 0.0)
        greeks = self._curve.at(spot)
        if greeks is None:
            if not self._tranches:
                return None
            greeks = value_book(self._tranches, spot, valued.sigma, valued.rate, valued.carry)
        value, delta, gamma, vega, theta = greeks
        value += theta * (now_ns - valued.valued_ns) / YEAR_NS
        return BookGreeks(max(0.0, value), delta, gamma, vega, theta)

    def rows_at(self, spot: float) -> tuple[TrancheRow, ...] | None:
        """Price and greeks per token of every tranche at `spot`, for display; None where `totals_at` is."""
        valued = self.valued
        if valued is None:
            return None
        if self._rows is None:
            self._rows = tuple(
                BookCurve(valued.spots, [(row[0], 1.0, row[2], row[3], row[4], row[5], row[6], row[7])])
                for row in valued.tranches
            )
        rows = []
        for i, (row, curve) in enumerate(zip(valued.tranches, self._rows, strict=True)):
            unit = curve.at(spot)
            if unit is None:
                if not self._tranches:
                    return None
                one = replace(self._tranches[i], tokens=1.0)
                unit = value_book((one,), spot, valued.sigma, valued.rate, valued.carry)
            rows.append((row[0], row[2], row[1], *unit))
        return tuple(rows)

    def age_s(self, now_ns: int) -> float | None:
        """Seconds since the valuation; None before the first."""
        return None if self.valued is None else (now_ns - self.valued.valued_ns) / 1e9
