"""The pool positions as the chain last showed them, valued at the fair price.

Rule 1: a reading replaces the whole; before the first one everything is unknown (None), never zero.
Rule 2: tokens and USDT are those the pool holds at its OWN price, for they are what is owned now: a swap by
others moves the delta in the block it happens in. The fair price only values them.
Rule 3: uncollected fees and what the owner's wallet holds beside the positions are exposure like the
principal, so collecting and withdrawing change nothing.
Rule 4: a position that disappears from a reading is named by `vanished`; whether it was closed or only not
found is for the caller to find out before the reading is taken over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from bot.model.facts import LpReading, PoolObserved
from bot.pricing.lp_position import LpValue, v2, v3

MOVES = (-0.05, -0.02, -0.01, 0.01, 0.02, 0.05)
"""Moves of the pool's price for which the delta is foretold."""


class LpTotals(NamedTuple):
    """All positions and the wallet beside them.

    `token`, `usdt`: principal. `fees_*`: uncollected; `wallet_*`: beside (0 where not watched). `value` in
    USDT and `delta` in tokens count all three; `gamma` (tokens per USDT) is the positions' at the pool's
    price. `in_range`: no position with liquidity is out of its range.
    """

    token: float
    usdt: float
    value: float
    delta: float
    gamma: float
    fees_token: float
    fees_usdt: float
    wallet_token: float
    wallet_usdt: float
    in_range: bool


class Outlook(NamedTuple):
    """What a move of the pool's price would do.

    `to_lower`, `to_upper`: the nearest bound as a share of the price (negative = already left; None = no
    bound). `deltas`: (move, delta in tokens) at each of `MOVES`, exact with the bounds, fees and wallet in.
    """

    to_lower: float | None
    to_upper: float | None
    deltas: tuple[tuple[float, float], ...]


class LpBook:
    """Holds the last `PoolObserved`."""

    __slots__ = ("_at_zero", "reading")

    def __init__(self) -> None:
        self.reading: PoolObserved | None = None
        self._at_zero: LpTotals | None = None

    def replace(self, reading: PoolObserved) -> None:
        """Take a reading over, whole. Raises ValueError (and keeps the last one) when it makes no sense."""
        self._at_zero = _totals(reading)
        self.reading = reading

    def vanished(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Positions held last that still had liquidity or fees and are not among `ids`, in their order."""
        if self.reading is None:
            return ()
        seen = set(ids)
        return tuple(p.position_id for p in self.reading.positions if p.position_id not in seen and _holds(p))

    def value_at(self, price: float) -> LpTotals | None:
        """Totals valued at `price` (USDT per token, finite, > 0 or ValueError); None before a reading."""
        held = self._at_zero
        if held is None:
            return None
        if not 0 < price < math.inf:
            raise ValueError(f"price: must be finite and > 0, got {price!r}")
        return held._replace(value=held.delta * price + held.value)

    def outlook(self) -> Outlook | None:
        """Bounds ahead and deltas after moves of the pool's price; None before the first reading."""
        reading, held = self.reading, self._at_zero
        if reading is None or held is None:
            return None
        beside = held.fees_token + held.wallet_token
        deltas = tuple((move, beside + math.fsum(_tokens_after(reading, move))) for move in MOVES)
        price, held_in = reading.price, [p for p in reading.positions if p.liquidity > 0]
        below = [1 - p.lower / price for p in held_in if p.lower > 0]
        above = [p.upper / price - 1 for p in held_in if p.upper < math.inf]
        return Outlook(min(below, default=None), min(above, default=None), deltas)

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


def own_price(position: LpReading, pool_price: float) -> float:
    """The price this position stands at: the pool's, or the V2 pair's own, which may differ from it."""
    if position.kind == "v2" and position.token_amount > 0 and position.usdt_amount > 0:
        return position.usdt_amount / position.token_amount
    return pool_price


def _totals(reading: PoolObserved) -> LpTotals:
    """Sums of a reading; `value` holds the USDT alone, for the tokens' price comes later."""
    _refuse(reading)
    token = usdt = gamma = fees_token = fees_usdt = 0.0
    in_range = True
    for position in reading.positions:
        price = own_price(position, reading.price)
        token += position.token_amount
        usdt += position.usdt_amount
        gamma += position_at(position, price).gamma
        fees_token += position.fees_token
        fees_usdt += position.fees_usdt
        if position.liquidity > 0 and not position.lower <= price <= position.upper:
            in_range = False
    wallet = reading.wallet_token or 0.0, reading.wallet_usdt or 0.0
    delta, cash = token + fees_token + wallet[0], usdt + fees_usdt + wallet[1]
    return LpTotals(token, usdt, cash, delta, gamma, fees_token, fees_usdt, *wallet, in_range)


def _refuse(reading: PoolObserved) -> None:
    if not 0 < reading.price < math.inf:
        raise ValueError(f"pool price must be finite and > 0, got {reading.price!r}")
    amounts: dict[str, tuple[float, ...]] = {
        "wallet": (reading.wallet_token or 0.0, reading.wallet_usdt or 0.0)
    }
    for p in reading.positions:
        amounts[f"position {p.position_id}"] = (p.token_amount, p.usdt_amount, p.fees_token, p.fees_usdt)
    for name, numbers in amounts.items():
        if not all(0 <= number < math.inf for number in numbers):
            raise ValueError(f"{name}: amounts must be finite and not negative, got {numbers}")


def _tokens_after(reading: PoolObserved, move: float) -> Iterable[float]:
    for position in reading.positions:
        yield position_at(position, own_price(position, reading.price) * (1 + move)).token


def _holds(position: LpReading) -> bool:
    return position.liquidity > 0 or position.fees_token > 0 or position.fees_usdt > 0
