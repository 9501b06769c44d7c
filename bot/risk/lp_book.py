"""The pool positions as the chain last showed them, valued at the fair price.

Rule 1: a reading replaces the whole; before the first one everything is unknown (None), never zero.
Rule 2: amounts follow the liquidity at the FAIR price, not the pool's: between arbitrages the pool lags by up
to its fee, and all marks must stand on one price.
Rule 3: a position that disappears from a reading is named by `vanished`; whether it was closed or only not
found is for the caller to find out before the reading is taken over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from bot.model.facts import LpReading, PoolObserved
from bot.pricing.lp_position import LpValue, v2, v3


class LpTotals(NamedTuple):
    """All positions at one price.

    `token`, `usdt`: principal. `fees_*`: uncollected. `value` in USDT and `delta` in tokens include the fees;
    `gamma` in tokens per USDT. `in_range`: no position with liquidity is out of its range.
    """

    token: float
    usdt: float
    value: float
    delta: float
    gamma: float
    fees_token: float
    fees_usdt: float
    in_range: bool


class LpBook:
    """Holds the last `PoolObserved`."""

    __slots__ = ("reading",)

    def __init__(self) -> None:
        self.reading: PoolObserved | None = None

    def replace(self, reading: PoolObserved) -> None:
        """Take a reading over, whole."""
        self.reading = reading

    def vanished(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Positions held last that still had liquidity or fees and are not among `ids`, in their order."""
        if self.reading is None:
            return ()
        seen = set(ids)
        return tuple(p.position_id for p in self.reading.positions if p.position_id not in seen and _holds(p))

    def value_at(self, price: float) -> LpTotals | None:
        """Totals at `price` (USDT per token, finite, > 0 or ValueError); None before the first reading."""
        if self.reading is None:
            return None
        if not 0 < price < math.inf:
            raise ValueError(f"price: must be finite and > 0, got {price!r}")
        token = usdt = gamma = fees_token = fees_usdt = 0.0
        in_range = True
        for position in self.reading.positions:
            value = position_at(position, price)
            token += value.token
            usdt += value.usdt
            gamma += value.gamma
            fees_token += position.fees_token
            fees_usdt += position.fees_usdt
            if position.liquidity > 0 and not position.lower <= price <= position.upper:
                in_range = False
        delta = token + fees_token
        total = delta * price + usdt + fees_usdt
        return LpTotals(token, usdt, total, delta, gamma, fees_token, fees_usdt, in_range)

    def age_s(self, now_ns: int) -> float | None:
        """Seconds since the reading was seen; None before the first."""
        return None if self.reading is None else (now_ns - self.reading.seen_ns) / 1e9


def position_at(position: LpReading, price: float) -> LpValue:
    """One position's principal at `price`, from its liquidity. Raises ValueError as `v2` and `v3` do."""
    if position.kind == "v2":
        return v2(position.liquidity, price)
    if position.kind == "v3":
        return v3(position.liquidity, price, position.lower, position.upper)
    raise ValueError(f"position {position.position_id}: unknown kind {position.kind!r}")


def _holds(position: LpReading) -> bool:
    return position.liquidity > 0 or position.fees_token > 0 or position.fees_usdt > 0
