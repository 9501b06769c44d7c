"""How far net delta may stray before a hedge pays: no-trade bands under proportional costs.

Rule 1: a band is a half-width H in tokens: nothing is traded while |X| ≤ H.
Rule 2: `cost` is one-way and a fraction of notional, `aversion` is risk aversion per USDT, time is in years.
Rule 3: floors, caps and how far back to trade are the caller's policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

# E of the overshoot of a random walk over a barrier per √step: −ζ(½)/√(2π) (Broadie-Glasserman-Kou 1997).
OVERSHOOT = 0.5826


@dataclass(frozen=True, slots=True)
class BandInputs:
    """What a band depends on.

    `gamma` in tokens per USDT (options + pool, netted), `spot` in USDT, `fill_variance` of inventory from
    fills in tokens² per year. Raises ValueError naming the field that is out of range.
    """

    cost: float
    aversion: float
    gamma: float
    spot: float
    sigma: float
    fill_variance: float = 0.0

    def __post_init__(self) -> None:
        for name in ("aversion", "spot", "sigma"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}: must be finite and > 0, got {getattr(self, name)!r}")
        for name in ("cost", "fill_variance"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: must be finite and not negative, got {getattr(self, name)!r}")
        if not math.isfinite(self.gamma):
            raise ValueError(f"gamma: must be finite, got {self.gamma!r}")

    @property
    def variance(self) -> float:
        """Variance rate of unhedged delta between hedges, Γ²σ²S² + fills, tokens² per year."""
        return (self.gamma * self.sigma * self.spot) ** 2 + self.fill_variance


def whalley_wilmott(inputs: BandInputs) -> float:
    """H = (3 c S Γ² / 2a)^⅓ (Whalley-Wilmott 1997, undiscounted): price moves only, no fills."""
    return _cube_root(1.5 * inputs.cost * inputs.spot * inputs.gamma**2 / inputs.aversion)


def combined_band(inputs: BandInputs) -> float:
    """H* = (3 c v / 2 a σ² S)^⅓: the band when both price moves and fills push the delta.

    Delta reflected in [−H, H] is uniform: its variance is H²/3 and turnover v/2H; H* minimises
    (a/2)σ²S²·H²/3 + c·S·v/2H. Without fills it is Whalley-Wilmott's.
    """
    risk = inputs.aversion * inputs.sigma**2 * inputs.spot
    return _cube_root(1.5 * inputs.cost * inputs.variance / risk)


def centre_band(inputs: BandInputs, order_cost: float) -> float:
    """The band when every hedge also costs a fixed `order_cost` in USDT and therefore trades back to zero.

    Root of (a/6)σ²S²·H = 2k·v/H³ + c·S·v/H²; 0 when nothing costs or moves.
    Raises ValueError if order_cost < 0.
    """
    if not 0 <= order_cost < math.inf:
        raise ValueError(f"order_cost: must be finite and not negative, got {order_cost!r}")
    risk = inputs.aversion / 6 * (inputs.sigma * inputs.spot) ** 2
    fixed, proportional = 2 * order_cost * inputs.variance, inputs.cost * inputs.spot * inputs.variance
    # risk·H⁴ = fixed + proportional·H: between the larger of the two pure roots and their sum.
    parts = math.sqrt(math.sqrt(fixed / risk)), _cube_root(proportional / risk)
    low, high = max(parts), sum(parts)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if risk * middle**4 > fixed + proportional * middle:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def centre_cost(inputs: BandInputs, order_cost: float, band: float) -> float:
    """Yearly cost plus risk, USDT, of trading to the centre at `band`: (a/2)σ²S²·H²/6 + k·v/H² + c·S·v/H."""
    v = inputs.variance
    risk = inputs.aversion / 12 * (inputs.sigma * inputs.spot * band) ** 2
    return risk + order_cost * v / band**2 + inputs.cost * inputs.spot * v / band


class Monitored(NamedTuple):
    """A band watched at intervals: its effective half-width, variance of delta, yearly turnover."""

    effective: float
    variance: float
    turnover: float


def monitored(band: float, variance: float, interval_years: float) -> Monitored:
    """Effect of looking only every `interval_years`: delta overshoots, as if H were H + 0.5826·√(v·dt)."""
    effective = band + OVERSHOOT * math.sqrt(variance * interval_years)
    turnover = variance / (2 * effective) if effective > 0 else 0.0
    return Monitored(effective, effective**2 / 3, turnover)


def trigger(band: float, variance: float, interval_years: float) -> float:
    """The |X| to act at so that, watched every `interval_years`, it acts like `band` (never below 0)."""
    return max(0.0, band - OVERSHOOT * math.sqrt(variance * interval_years))


class Zakamouline(NamedTuple):
    """Half-width H1 + H0 in tokens around the delta at `sigma_long` / `sigma_short`; K: vol shift."""

    h0: float
    h1: float
    k: float
    sigma_long: float
    sigma_short: float


def zakamouline(inputs: BandInputs, years: float, rate: float) -> Zakamouline:
    """Band and hedging vol of one vanilla (Zakamouline 2006, fitted). Raises ValueError if years ≤ 0."""
    if not 0 < years < math.inf:
        raise ValueError(f"years: must be finite and > 0, got {years!r}")
    c, a, s, sigma = inputs.cost, inputs.aversion, inputs.spot, inputs.sigma
    gamma = abs(inputs.gamma)
    scale = (math.exp(-rate * years) / sigma) ** 0.25
    h0 = c / (a * s * sigma**2 * years)
    h1 = 1.12 * c**0.31 * years**0.05 * scale * math.sqrt(gamma / a)
    k = -4.76 * c**0.78 * years**-0.02 * scale * (a * s**2 * gamma) ** 0.15
    return Zakamouline(h0, h1, k, sigma * math.sqrt(max(0.0, 1 + k)), sigma * math.sqrt(1 - k))


class Leland(NamedTuple):
    """Leland's number A and the volatilities at which a long / short gamma position breaks even."""

    number: float
    sigma_long: float
    sigma_short: float


def leland(sigma: float, cost: float, interval_years: float) -> Leland:
    """Cost-adjusted volatility of rehedging every interval (Leland 1985): σ²(1 ∓ A), A = √(2/π)·2c/(σ√dt)."""
    if not (sigma > 0 and interval_years > 0 and cost >= 0):
        raise ValueError("sigma, interval_years: must be > 0, cost: must not be negative")
    number = math.sqrt(2 / math.pi) * 2 * cost / (sigma * math.sqrt(interval_years))
    return Leland(number, sigma * math.sqrt(max(0.0, 1 - number)), sigma * math.sqrt(1 + number))


def _cube_root(x: float) -> float:
    return math.exp(math.log(x) / 3) if x > 0 else 0.0
