"""The fair price: one number out of all venues' tops of book.

Rule 1: own resting size is taken out of the tops before they come here.
Rule 2: an input that is stale, crossed, one-sided or not finite has no weight; with none left, no price.
Rule 3: of three inputs or more one that stands alone never makes the price, however large its book.
Rule 4: plain Python on a handful of numbers: this runs at every sample of the market.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class TopInput(NamedTuple):
    """One instrument's top: prices in USDT, sizes in tokens, age in seconds.

    `basis` is the averaged ln(perp / spot fair), 0 for spot; None = a perp of unknown basis: not used.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    age_s: float
    basis: float | None = 0.0


class FairValue(NamedTuple):
    """Price in USDT (None: no live input), number of live inputs, the largest deviation from their median."""

    price: float | None
    inputs: int
    dispersion_bps: float | None


@dataclass(frozen=True, slots=True)
class FairSettings:
    """Decay of weight with age, age from which an input is dead, deviation from which it is an outlier."""

    decay_s: float = 0.5
    stale_s: float = 2.0
    outlier: float = 0.003


DEFAULT = FairSettings()
NO_FAIR = FairValue(None, 0, None)


def fair_value(tops: Iterable[TopInput], settings: FairSettings = DEFAULT) -> FairValue:
    """Weighted mean of the inputs within `outlier` of their weighted median (of the others', if it has none).

    Input: the size-weighted mid (b·Qa + a·Qb)/(Qa + Qb), over 1 + basis for a perp. Weight:
    exp(−age/decay)·min(Qb, Qa)/(spread/mid)². Never raises on market data.
    """
    live = []
    total = 0.0
    decay_s, stale_s = settings.decay_s, settings.stale_s
    for bid, bid_size, ask, ask_size, age_s, basis in tops:
        # Written so that nan fails: every comparison with it is false.
        if not (0 < bid < ask < math.inf and 0 < bid_size < math.inf and 0 < ask_size < math.inf):
            continue
        if not age_s <= stale_s or basis is None or not -1 < basis < 1:
            continue
        mid = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
        spread = (ask - bid) / mid
        decay = math.exp(-age_s / decay_s) if age_s > 0 else 1.0
        weight = decay * min(bid_size, ask_size) / (spread * spread)
        total += weight
        live.append((mid / (1 + basis), weight))
    if not live:
        return NO_FAIR
    live.sort()
    median = _median(live, total)
    near = _within(live, median, settings.outlier)
    if len(near) == 1 and len(live) > 2:
        others = [one for one in live if one is not near[0]]
        median = _median(others, total - near[0][1])
        near = _within(others, median, settings.outlier)
    top = bottom = 0.0
    for price, weight in near:
        top += weight * price
        bottom += weight
    spread = max(live[-1][0] - median, median - live[0][0])
    return FairValue(top / bottom, len(live), 1e4 * spread / median)


def _median(live: list[tuple[float, float]], total: float) -> float:
    """The price at which half of the weight is reached, of (price, weight) pairs in order of price."""
    half, below = 0.5 * total, 0.0
    for price, weight in live:
        below += weight
        if below >= half:
            return price
    return live[-1][0]


def _within(live: list[tuple[float, float]], median: float, outlier: float) -> list[tuple[float, float]]:
    reach = outlier * median
    return [one for one in live if -reach <= one[0] - median <= reach]


@dataclass(frozen=True, slots=True)
class BasisEwma:
    """Slow average of ln(perp mid / spot fair) of one perp; `value` is None before the first observation."""

    value: float | None = None
    tau_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.tau_s < math.inf:
            raise ValueError(f"tau_s: must be finite and > 0, got {self.tau_s!r}")

    def updated(self, perp_mid: float | None, spot_fair: float | None, dt_s: float) -> BasisEwma:
        """After `dt_s` seconds more. None for a side that is stale, or not a price: the basis stays as it is.

        `spot_fair` must come from spot inputs only, else the perps' own price would feed their basis.
        """
        if perp_mid is None or spot_fair is None or not dt_s >= 0:
            return self
        if not (0 < perp_mid < math.inf and 0 < spot_fair < math.inf):
            return self
        seen = math.log(perp_mid / spot_fair)
        if self.value is None:
            return BasisEwma(seen, self.tau_s)
        share = -math.expm1(-dt_s / self.tau_s)
        return BasisEwma(self.value + share * (seen - self.value), self.tau_s)
