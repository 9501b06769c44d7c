"""Volatility from prices: estimators, noise, and the slow blend that hedges use.

Rule 1: estimators return variance per bar or per series; `annual` turns it into volatility per √year.
Rule 2: series are equally spaced, oldest first; too short a series raises ValueError, it never reads as calm.
Rule 3: the hedge volatility moves slowly on purpose: each point of it moves the hedge.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

SECONDS_PER_YEAR = 365 * 86_400


class Bar(NamedTuple):
    """Open, high, low, close in USDT, of mid or fair prices (last trades bounce and widen the range)."""

    open: float
    high: float
    low: float
    close: float


def annual(variance: float, periods_per_year: float) -> float:
    """Volatility per √year from the variance of one period."""
    return math.sqrt(variance * periods_per_year)


def ewma_variance(returns: Sequence[float], decay: float) -> float:
    """v ← decay·v + (1 − decay)·r² from the first squared return on; `decay` = 2^(−dt / half-life)."""
    _need(len(returns), 1, "returns")
    variance = returns[0] ** 2
    for r in returns[1:]:
        variance = decay * variance + (1 - decay) * r * r
    return variance


def ewma_rate(previous: float | None, log_return: float, dt_s: float, tau_s: float) -> float:
    """One step of an EWMA on irregular ticks: variance per second, each return weighing 1 − exp(−dt/tau)."""
    if not (dt_s > 0 and tau_s > 0):
        raise ValueError(f"dt_s, tau_s: must be > 0, got {dt_s!r}, {tau_s!r}")
    rate = log_return * log_return / dt_s
    return rate if previous is None else previous - math.expm1(-dt_s / tau_s) * (rate - previous)


def close_close(closes: Sequence[float]) -> float:
    """Sample variance of log returns of closes, per bar."""
    _need(len(closes), 3, "closes")
    return _variance([math.log(b / a) for a, b in pairwise(closes)])


def parkinson(bars: Sequence[Bar]) -> float:
    """Variance per bar from high and low (Parkinson 1980)."""
    _need(len(bars), 1, "bars")
    return math.fsum(math.log(b.high / b.low) ** 2 for b in bars) / (4 * math.log(2) * len(bars))


def garman_klass(bars: Sequence[Bar]) -> float:
    """Variance per bar from open, high, low, close (Garman-Klass 1980)."""
    _need(len(bars), 1, "bars")
    share = 2 * math.log(2) - 1
    squares = (0.5 * math.log(b.high / b.low) ** 2 - share * math.log(b.close / b.open) ** 2 for b in bars)
    return math.fsum(squares) / len(bars)


def rogers_satchell(bars: Sequence[Bar]) -> float:
    """Drift-free variance per bar (Rogers-Satchell 1991)."""
    _need(len(bars), 1, "bars")
    total = 0.0
    for open_, high, low, close in bars:
        up, down, end = math.log(high / open_), math.log(low / open_), math.log(close / open_)
        total += up * (up - end) + down * (down - end)
    return total / len(bars)


def yang_zhang(bars: Sequence[Bar]) -> float:
    """Variance per bar including gaps between bars (Yang-Zhang 2000); the first bar gives only its close."""
    _need(len(bars), 3, "bars")
    used = bars[1:]
    n = len(used)
    gaps = [math.log(b.open / a.close) for a, b in zip(bars, used, strict=False)]
    moves = [math.log(b.close / b.open) for b in used]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return _variance(gaps) + k * _variance(moves) + (1 - k) * rogers_satchell(used)


def realised_variance(log_prices: Sequence[float]) -> float:
    """Sum of squared returns of the whole series (noise included: it grows with the number of samples)."""
    _need(len(log_prices), 2, "log_prices")
    return math.fsum((b - a) ** 2 for a, b in pairwise(log_prices))


def two_scales(log_prices: Sequence[float], subgrids: int) -> float:
    """Integrated variance of the series without microstructure noise (Zhang-Mykland-Aït-Sahalia 2005, TSRV).

    `subgrids` of 10 to 20 suits some hundred samples (about N^⅔ in theory). May come out negative on a short
    series.
    """
    n = len(log_prices) - 1
    if not 2 <= subgrids <= n:
        raise ValueError(f"subgrids: must lie between 2 and {n}, got {subgrids!r}")
    slow = math.fsum((b - a) ** 2 for a, b in zip(log_prices, log_prices[subgrids:], strict=False)) / subgrids
    share = (n - subgrids + 1) / subgrids / n
    return (slow - share * realised_variance(log_prices)) / (1 - share)


def first_order_corrected(log_prices: Sequence[float]) -> float:
    """Integrated variance with one autocovariance added back (Zhou 1996): Σr² + 2Σ r·r₋₁."""
    return realised_variance(log_prices) + 2 * _lagged_products(log_prices)


def roll_noise(log_prices: Sequence[float]) -> float:
    """Variance of microstructure noise, −cov(r, r₋₁) (Roll 1984); negative when returns trend."""
    _need(len(log_prices), 3, "log_prices")
    return -_lagged_products(log_prices) / (len(log_prices) - 2)


def sampling_noise(log_prices: Sequence[float]) -> float:
    """Variance of microstructure noise as realised variance / 2n: an upper estimate."""
    return realised_variance(log_prices) / (2 * (len(log_prices) - 1))


def winsorised(returns: Sequence[float], width: float = 8.0) -> list[float]:
    """Returns cut to the median ± `width` robust deviations (1.4826 · median absolute deviation)."""
    _need(len(returns), 1, "returns")
    centre = statistics.median(returns)
    deviation = 1.4826 * statistics.median(abs(r - centre) for r in returns)
    if deviation == 0:
        return list(returns)
    low, high = centre - width * deviation, centre + width * deviation
    return [min(max(r, low), high) for r in returns]


@dataclass(frozen=True, slots=True)
class VolEstimates:
    """Annual volatilities; None = not available (too little data, stale)."""

    two_scales_1d: float | None = None
    ewma_3d: float | None = None
    yang_zhang_30d: float | None = None


@dataclass(frozen=True, slots=True)
class HedgeVolSettings:
    """Weights of the squared estimates; clamp, daily slew and dead band in volatility (0.02 = 2 points)."""

    weights: tuple[float, float, float] = (0.2, 0.4, 0.4)
    lowest: float = 0.4
    highest: float = 2.5
    slew_per_day: float = 0.05
    dead_band: float = 0.02


HEDGE_VOL = HedgeVolSettings()


def hedge_vol(
    previous: float | None, estimates: VolEstimates, dt_s: float, settings: HedgeVolSettings = HEDGE_VOL
) -> float | None:
    """The volatility to hedge options at, `dt_s` after `previous` was.

    √ of the weighted mean of squares of the estimates at hand, clamped; then at most `slew_per_day` from
    `previous`, and `previous` itself while the target is within `dead_band` of it.
    None before the first estimate.
    """
    if dt_s < 0:
        raise ValueError(f"dt_s: must not be negative, got {dt_s!r}")
    target = _blend(estimates, settings)
    if target is None:
        return previous
    if previous is None:
        return target
    gap = target - previous
    if abs(gap) < settings.dead_band:
        return previous
    step = settings.slew_per_day * dt_s / 86_400
    return previous + min(max(gap, -step), step)


def _blend(estimates: VolEstimates, settings: HedgeVolSettings) -> float | None:
    values = (estimates.two_scales_1d, estimates.ewma_3d, estimates.yang_zhang_30d)
    pairs = [
        (w, v)
        for w, v in zip(settings.weights, values, strict=True)
        if v is not None and w > 0 and 0 <= v < math.inf
    ]
    if not pairs:
        return None
    square = math.fsum(w * v * v for w, v in pairs) / math.fsum(w for w, _ in pairs)
    return min(max(math.sqrt(square), settings.lowest), settings.highest)


def _lagged_products(log_prices: Sequence[float]) -> float:
    returns = [b - a for a, b in pairwise(log_prices)]
    return math.fsum(a * b for a, b in pairwise(returns))


def _variance(values: Sequence[float]) -> float:
    _need(len(values), 2, "values")
    return statistics.variance(values)


def _need(have: int, least: int, what: str) -> None:
    if have < least:
        raise ValueError(f"{what}: at least {least} needed, got {have}")
