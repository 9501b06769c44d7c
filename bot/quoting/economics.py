"""What a level of the ladder earns, and the closed-form quotes it is compared with.

Rule 1: `q` in the closed forms is the unhedged delta in lots, never spot inventory: inventory that perpetuals
neutralise carries no price risk.
Rule 2: distances from the fair price are fractions of it unless a name says otherwise; money is USDT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import e, exp, log1p, sqrt

_WORTHLESS = 1e-7


@dataclass(frozen=True, slots=True)
class TwoSided:
    """A reference price and quotes around it, in price units."""

    reservation: float
    half_spread: float
    bid: float
    ask: float


def avellaneda_stoikov(
    *, price: float, q: float, gamma: float, sigma: float, tau: float, k: float
) -> TwoSided:
    """Avellaneda-Stoikov (2008) quotes: `r = S - q g s^2 t`, `spread = g s^2 t + (2/g) ln(1 + g/k)`.

    `sigma` in price units per √time, `tau` the time left, `gamma` > 0 risk aversion, `k` > 0 the decay of the
    fill rate with distance in price units.
    """
    variance = gamma * sigma * sigma * tau
    reservation = price - q * variance
    half = variance / 2 + log1p(gamma / k) / gamma
    return TwoSided(reservation, half, reservation - half, reservation + half)


@dataclass(frozen=True, slots=True)
class Glft:
    """Stationary quotes of an inventory-averse maker: offsets in price units, skew per unit of inventory."""

    c1: float
    c2: float
    half_spread: float
    skew_per_unit: float

    def quotes(self, price: float, q: float) -> TwoSided:
        """Bid and ask at inventory `q`."""
        centre = price - q * self.skew_per_unit
        return TwoSided(centre, self.half_spread, centre - self.half_spread, centre + self.half_spread)


def glft(*, gamma: float, xi: float, sigma: float, rate: float, k: float, lot: float = 1.0) -> Glft:
    """Guéant-Lehalle-Fernandez-Tapia (2013), infinite horizon, general `xi` (Guéant 2016, eq. 4.6-4.7).

    c1 = ln(1 + xi D/k)/(xi D), c2 = √(g/(2 A D k) (1 + xi D/k)^(k/(xi D) + 1)); `xi = gamma` is the CARA
    case, `xi` → 0 risk-neutral fills. `rate` = A, fills per unit of time at distance zero; `lot` = D.
    """
    step = xi * lot
    if step < 1e-12:
        c1, growth = 1 / k, e
    else:
        c1 = log1p(step / k) / step
        growth = exp((k / step + 1) * log1p(step / k))
    c2 = sqrt(gamma / (2 * rate * lot * k) * growth)
    return Glft(c1, c2, c1 + lot / 2 * sigma * c2, sigma * c2)


def edge(depth: float, *, rho: float, k: float, fee: float = 0.0) -> float:
    """Expected gain per USDT filled at `depth`: (1 − rho) depth − rho/k − fee.

    Sweeps reach a depth Exp(k) and move the price for good by `rho` of it.
    """
    return (1 - rho) * depth - rho / k - fee


def break_even(*, rho: float, k: float, fee: float = 0.0) -> float:
    """The depth at which a level earns nothing: rho/((1 − rho) k) + fee/(1 − rho)."""
    return rho / ((1 - rho) * k) + fee / (1 - rho)


def best_depth(*, rho: float, k: float, fee: float = 0.0) -> float:
    """The depth that earns most per sweep, exp(−k d) edge(d): break-even + 1/k."""
    return break_even(rho=rho, k=k, fee=fee) + 1 / k


@dataclass(frozen=True, slots=True)
class Sizing:
    """Bounds of an allocation: `total` and `touch_min` in USDT, level bounds as shares of `total`."""

    total: float
    touch_min: float
    share_max: float
    share_min: float


def allocate(
    depths: Sequence[float], sizing: Sizing, *, rho: float, k: float, fee: float = 0.0
) -> list[float]:
    """USDT per level that maximises expected edge per sweep within the bounds (a greedy fill is exact here).

    Every level gets its minimum, the rest goes to the levels of highest exp(−k d) edge(d) up to the maximum;
    where that is worth nothing (to 0.001 bp) to the deepest, which fills least. Raises ValueError when minima
    exceed the total or maxima cannot hold it.
    """
    total = sizing.total
    sizes = [sizing.share_min * total for _ in depths]
    sizes[0] = max(sizes[0], sizing.touch_min)
    rest = total - sum(sizes)
    cap = sizing.share_max * total
    if rest < -1e-9 * total or cap * len(sizes) < total * (1 - 1e-12):
        raise ValueError(
            f"{len(sizes)} levels with shares {sizing.share_min}..{sizing.share_max} cannot hold"
        )
    worth = [exp(-k * d) * edge(d, rho=rho, k=k, fee=fee) for d in depths]
    worth = [0.0 if 0.0 <= w < _WORTHLESS else w for w in worth]
    for level in sorted(range(len(sizes)), key=lambda i: (-worth[i], -i)):
        extra = min(rest, max(0.0, cap - sizes[level]))
        sizes[level] += extra
        rest -= extra
    return sizes


@dataclass(frozen=True, slots=True)
class LadderRisk:
    """Per sweep of unlimited size: expected and root-mean-square fill in USDT, expected edge in USDT."""

    fill_mean: float
    fill_rms: float
    edge: float


def ladder_risk(
    depths: Sequence[float], sizes: Sequence[float], *, rho: float, k: float, fee: float = 0.0
) -> LadderRisk:
    """What one sweep of depth Exp(k) does to a ladder of `sizes` USDT at `depths` (ascending)."""
    reached = [exp(-k * d) for d in depths]
    mean = sum(p * w for p, w in zip(reached, sizes, strict=True))
    filled, square = 0.0, 0.0
    for level, size in enumerate(sizes):
        filled += size
        beyond = reached[level + 1] if level + 1 < len(reached) else 0.0
        square += (reached[level] - beyond) * filled * filled
    gain = sum(p * w * edge(d, rho=rho, k=k, fee=fee) for p, w, d in zip(reached, sizes, depths, strict=True))
    return LadderRisk(mean, sqrt(square), gain)


def jump_loss(depths: Sequence[float], sizes: Sequence[float], jump: float) -> float:
    """USDT lost when the price jumps by `jump` (a fraction) through every level above that depth."""
    return sum(w * (jump - d) for d, w in zip(depths, sizes, strict=True) if d < jump)
