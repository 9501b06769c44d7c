"""Perpetuals: basis and funding-rate processes, and the calendar of settlements.

Rule 1: funding is annualised inside and per interval outside; positive = longs pay shorts.
Rule 2: settlement times are real: multiples of the interval since midnight UTC.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bot.sim.params import EXCHANGES, YEAR_S, PerpParams

Floats = npt.NDArray[np.float64]
NS = 1_000_000_000
FundingTerms = tuple[float, float, int]
"""(rate per interval, interval in hours, next settlement in UTC nanoseconds)."""

_HOUR_NS = 3_600 * NS
_CHUNK_EXPONENT = 30.0  # e^30 keeps the scaled sums of `ou_path` well inside a double


def ou_path(start: Floats, decay: float, shocks: Floats) -> Floats:
    """x_t = decay·x_{t−1} + shocks_t for t = 1…n, without a Python loop over t.

    `start` has shape (k,), `shocks` and the result (n, k); 0 < decay < 1. Works on scaled sums
    x_t = decay^t·(x_0 + Σ decay^−s·shock_s), in chunks short enough for the powers to stay finite.
    """
    path = np.empty_like(shocks)
    chunk = max(1, min(len(shocks), int(_CHUNK_EXPONENT / -math.log(decay))))
    for first in range(0, len(shocks), chunk):
        part = shocks[first : first + chunk]
        powers = decay ** np.arange(1, len(part) + 1)[:, None]
        path[first : first + chunk] = powers * (start + np.cumsum(part / powers, axis=0))
        start = path[min(first + chunk, len(shocks)) - 1]
    return path


class OuProcess:
    """Three Ornstein-Uhlenbeck processes with equal parameters and a common part, sampled exactly.

    `values` holds the current three numbers; each has stationary standard deviation `sd`.
    """

    def __init__(self, sd: float, decay: float, correlation: float, seed: np.random.SeedSequence) -> None:
        self._rng = np.random.default_rng(seed)
        self._decay = decay
        self._shock_sd = sd * math.sqrt(1 - decay**2)
        self._common, self._own = math.sqrt(correlation), math.sqrt(1 - correlation)
        self.values: Floats = np.zeros(len(EXCHANGES))

    def draw(self, steps: int) -> Floats:
        """The next `steps` values, shape (steps, 3); moves `values` to the last."""
        noise = self._rng.standard_normal((steps, 1 + len(EXCHANGES)))
        shocks = self._shock_sd * (self._common * noise[:, :1] + self._own * noise[:, 1:])
        path = ou_path(self.values, self._decay, shocks)
        self.values = path[-1].copy()
        return path


def basis_process(params: PerpParams, step_s: float, seed: np.random.SeedSequence) -> OuProcess:
    """Relative basis F/S − 1 of the three perps, one value a step."""
    decay = math.exp(-step_s / params.basis_time_s)
    return OuProcess(params.basis_sd_bps / 1e4, decay, params.correlation, seed)


class FundingProcess:
    """Annualised funding rates of the three perps, one value per `funding_update_s`."""

    def __init__(self, params: PerpParams, seed: np.random.SeedSequence) -> None:
        decay = math.exp(-params.funding_reversion_per_year * params.funding_update_s / YEAR_S)
        self._mean = params.funding_mean_annual
        self._deviation = OuProcess(params.funding_sd_annual, decay, params.correlation, seed)
        start = params.funding_start_annual
        self.set([self._mean if start is None else start] * len(EXCHANGES))

    def set(self, rates_annual: list[float]) -> None:
        """Put the three annual rates somewhere (start, restore)."""
        self._deviation.values = np.array(rates_annual) - self._mean

    @property
    def rates_annual(self) -> list[float]:
        """The three annual rates now."""
        rates: list[float] = (self._deviation.values + self._mean).tolist()
        return rates

    def advance(self) -> list[float]:
        """Move one update on; returns the three annual rates."""
        self._deviation.draw(1)
        return self.rates_annual


class FundingCalendar:
    """When funding settles, and what a rate a year is per interval."""

    def __init__(self, interval_h: float) -> None:
        self.interval_h = interval_h
        self.interval_ns = round(interval_h * _HOUR_NS)

    def next_ns(self, now_ns: int) -> int:
        """The first settlement after `now_ns` (UTC nanoseconds)."""
        return (now_ns // self.interval_ns + 1) * self.interval_ns

    def rate(self, annual: float) -> float:
        """Rate a year → rate per interval."""
        return annual * self.interval_h / (365 * 24)
