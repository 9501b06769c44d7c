"""Value and greeks of one call option, European or American, under constant volatility, rate and carry.

Rule 1: prices in USDT per token, years of 365 days, sigma per √year, rate and carry continuous per year;
`carry` is the annual perp funding (positive: longs pay), so the yield is q = rate − carry.
Rule 2: theta is per year (dV/dt), vega per 1.00 of volatility.
Rule 3: a nonsensical input raises ValueError naming the argument; every legal limit (no time, no volatility,
no price) has a value.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from bot.pricing.early_exercise import perpetual_ratio, solve_curve, unit_values

Style = Literal["american", "european"]

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_DEVIATION_MIN = 1e-8  # below it the option has no randomness left that a double could show
_EXPONENT_MAX = 50.0
_YIELD_MIN = 1e-9


class CallValue(NamedTuple):
    """Per token: price in USDT, delta, gamma per USDT, vega per 1.00 of sigma, theta per year."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def call(
    spot: float,
    strike: float,
    years: float,
    sigma: float,
    rate: float,
    carry: float,
    style: Style = "american",
) -> CallValue:
    """Value and greeks of a call on one token with physical delivery.

    European: generalised Black-Scholes-Merton (Black 1976, Merton 1973). American: equal to the European when
    carry ≥ 0 and rate − carry ≤ 0 (never exercised early), else by the exercise curve (`early_exercise`);
    in the exercise region price = spot − strike, delta 1, other greeks 0.
    At expiry: intrinsic, delta 1 / 0.5 / 0. Raises ValueError on non-finite or negative input, an unknown
    style, |rate| or |rate − carry| × years > 50, or an American call with rate < 0 and carry < 0.
    """
    _check(spot, strike, years, sigma, rate, carry)
    if style == "american":
        return _american(spot, strike, years, sigma, rate, carry)
    if style == "european":
        return european(spot, strike, years, sigma, rate, carry)
    raise ValueError(f"style: expected 'american' or 'european', got {style!r}")


def european(spot: float, strike: float, years: float, sigma: float, rate: float, carry: float) -> CallValue:
    """The European closed form, inputs taken as already checked (finite, not negative)."""
    deviation = sigma * math.sqrt(years)
    if deviation < _DEVIATION_MIN or spot <= 0 or strike <= 0:
        return _certain(spot, strike, years, rate, carry, (years,))
    q = rate - carry
    plus = (math.log(spot / strike) + carry * years) / deviation + 0.5 * deviation
    cdf_plus = 0.5 * math.erfc(-plus * _ROOT_HALF)
    cdf_minus = 0.5 * math.erfc((deviation - plus) * _ROOT_HALF)
    discount = math.exp(-q * years)
    stock = spot * discount
    bond = strike * math.exp(-rate * years) * cdf_minus
    density = _DENSITY * math.exp(-0.5 * plus * plus)
    delta = discount * cdf_plus
    vega = stock * density * math.sqrt(years)
    return CallValue(
        spot * delta - bond,
        delta,
        discount * density / (spot * deviation),
        vega,
        -0.5 * vega * sigma / years + q * spot * delta - rate * bond,
    )


def exercise_boundary(strike: float, years: float, sigma: float, rate: float, carry: float) -> float:
    """Spot in USDT per token from which an American call should be exercised at once; inf = never early.

    At expiry it is the strike. Raises ValueError as `call` does.
    """
    _check(0.0, strike, years, sigma, rate, carry)
    if years == 0:
        return strike
    if never_exercised_early(rate, carry):
        return math.inf
    _check_single_boundary(rate, carry)
    if sigma * math.sqrt(years) < _DEVIATION_MIN:
        return strike * max(1.0, rate / (rate - carry))
    return strike * solve_curve(years, sigma, rate, carry).critical


def perpetual_boundary(strike: float, sigma: float, rate: float, carry: float) -> float:
    """Upper bound of `exercise_boundary`: that of the call that never expires (McKean 1965); inf = never.

    Raises ValueError on non-finite or negative input and for sigma = 0.
    """
    _check(0.0, strike, 0.0, sigma, rate, carry)
    if sigma == 0:
        raise ValueError("sigma: must be > 0 for a perpetual option")
    if never_exercised_early(rate, carry):
        return math.inf
    _check_single_boundary(rate, carry)
    return strike * perpetual_ratio(sigma, rate, carry)


def never_exercised_early(rate: float, carry: float) -> bool:
    """Whether the American call equals the European: without a yield (to 1e-9) waiting is free."""
    return rate - carry <= _YIELD_MIN and carry >= -_YIELD_MIN


def _american(spot: float, strike: float, years: float, sigma: float, rate: float, carry: float) -> CallValue:
    if never_exercised_early(rate, carry):
        return european(spot, strike, years, sigma, rate, carry)
    _check_single_boundary(rate, carry)
    if sigma * math.sqrt(years) < _DEVIATION_MIN or spot <= 0 or strike <= 0:
        return _certain(spot, strike, years, rate, carry, _certain_times(spot, strike, years, rate, carry))
    values = unit_values(solve_curve(years, sigma, rate, carry), np.array([spot / strike]))
    price, delta, gamma, vega, theta = (float(row[0]) for row in values)
    return CallValue(price * strike, delta, gamma / strike, vega * strike, theta * strike)


def _certain_times(spot: float, strike: float, years: float, rate: float, carry: float) -> tuple[float, ...]:
    """Candidates for the best exercise time when the spot moves by its carry and nothing else."""
    income, cost = (rate - carry) * spot, rate * strike
    if carry > 0 and 0 < income < cost:
        return 0.0, min(years, math.log(cost / income) / carry), years
    return 0.0, years


def _certain(
    spot: float, strike: float, years: float, rate: float, carry: float, times: tuple[float, ...]
) -> CallValue:
    """A call without randomness, exercised at the best of `times`: discounted forward intrinsic."""
    q = rate - carry
    gain, at = max((spot * math.exp(-q * t) - strike * math.exp(-rate * t), -t) for t in times)
    time = -at
    discount = math.exp(-q * time)
    if gain < 0:
        return CallValue(0.0, 0.0, 0.0, 0.0, 0.0)
    if gain == 0:
        return CallValue(0.0, 0.5 * discount if spot > 0 else 0.0, 0.0, 0.0, 0.0)
    last = time == years > 0
    theta = q * spot * discount - rate * strike * math.exp(-rate * time) if last else 0.0
    return CallValue(gain, discount, 0.0, 0.0, theta)


def _check(spot: float, strike: float, years: float, sigma: float, rate: float, carry: float) -> None:
    # One comparison chain for the usual case: nan fails every comparison.
    inf = math.inf
    if not (0 <= spot < inf and 0 <= strike < inf and 0 <= years < inf and 0 <= sigma < inf):
        for name, value in (("spot", spot), ("strike", strike), ("years", years), ("sigma", sigma)):
            if not 0 <= value < inf:
                raise ValueError(f"{name}: must be finite and not negative, got {value!r}")
    if not (-inf < rate < inf and -inf < carry < inf):
        name, value = ("rate", rate) if not -inf < rate < inf else ("carry", carry)
        raise ValueError(f"{name}: must be finite, got {value!r}")
    if abs(rate) * years > _EXPONENT_MAX:
        raise ValueError(f"rate: {rate!r} over {years!r} years discounts by more than e^{_EXPONENT_MAX:.0f}")
    if abs(rate - carry) * years > _EXPONENT_MAX:
        raise ValueError(f"carry: {carry!r} over {years!r} years grows by more than e^{_EXPONENT_MAX:.0f}")


def _check_single_boundary(rate: float, carry: float) -> None:
    if rate < 0:
        raise ValueError(
            f"rate: an American call with rate {rate!r} and carry {carry!r} both below zero may have two "
            "exercise boundaries and is not priced; use rate >= 0"
        )
