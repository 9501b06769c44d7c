"""The exercise curve and what is priced from it, against an independent engine and against itself."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import QuantLib as ql

from bot.pricing.early_exercise import ExerciseCurve, normal_cdf, perpetual_ratio, solve_curve, unit_values

CURVES = [
    (1.0, 1.0, 0.05, -0.3),
    (2.0, 0.8, 0.05, 0.0),
    (2.0, 1.0, 0.05, -3.0),
    (0.02, 1.5, 0.05, -0.3),
    (1.0, 1.0, 0.0, -0.5),
    (1.0, 2.5, 0.05, 0.03),
]


def _reference(spot: float, curve: ExerciseCurve, scheme: object) -> float:
    """QuantLib's QdFp price of a call with strike 1; one year stands for any life, as only products count."""
    years, sigma, rate, carry = curve.years, curve.sigma, curve.rate, curve.carry
    day, today = ql.Actual365Fixed(), ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today

    def flat(x: float) -> ql.YieldTermStructureHandle:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, x * years, day))

    vol = ql.BlackConstantVol(today, ql.NullCalendar(), sigma * math.sqrt(years), day)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        flat(rate - carry),
        flat(rate),
        ql.BlackVolTermStructureHandle(vol),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call, 1.0)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, scheme))
    return option.NPV()


def test_prices_agree_with_quantlib_over_a_wide_sweep():
    rng = random.Random(20_260_101)
    fast, exact = ql.QdFpAmericanEngine.accurateScheme(), ql.QdFpAmericanEngine.highPrecisionScheme()
    worst, where = 0.0, ()
    for _ in range(600):
        years, sigma = 10 ** rng.uniform(-4, 0.5), 10 ** rng.uniform(-1.2, 0.7)
        rate = rng.choice([0.0, 0.05, 10 ** rng.uniform(-3, -0.3)])
        curve = solve_curve(years, sigma, rate, rate - 10 ** rng.uniform(-3.5, 0.5))
        spot = math.exp(rng.uniform(-2, 2) * sigma * math.sqrt(years) + rng.uniform(0, 0.2))
        got = float(unit_values(curve, np.array([spot])).price[0])
        error = abs(got - _reference(spot, curve, fast))
        if error > 1e-6:  # the fast scheme's own error reaches 2e-4 deep in the exercise region
            error = abs(got - _reference(spot, curve, exact))
        if error > worst:
            worst, where = error, (spot, curve)
    assert worst < 5e-6, where


@pytest.mark.parametrize("key", CURVES)
def test_greeks_are_the_derivatives_of_the_price(key):
    years, sigma, rate, carry = key
    curve = solve_curve(*key)
    width = sigma * math.sqrt(years)
    s = np.array([m for m in np.exp(np.linspace(-1.5, 1.0, 9) * width) if m < 0.97 * curve.critical])
    h = 1e-3 * width
    low, mid, high = (unit_values(curve, s * (1 + x * h)) for x in (-1, 0, 1))
    step = 2 * h * s
    assert np.allclose((high.price - low.price) / step, mid.delta, atol=2e-6)
    assert np.allclose((high.delta - low.delta) / step, mid.gamma, atol=1e-4 * mid.gamma.max() + 1e-9)
    up, down = (unit_values(solve_curve(years, sigma + x, rate, carry), s).price for x in (1e-3, -1e-3))
    assert np.allclose((up - down) / 2e-3, mid.vega, atol=2e-5)
    step = 1e-3 * years
    more, less = (unit_values(solve_curve(years + x, sigma, rate, carry), s).price for x in (step, -step))
    assert np.allclose((less - more) / (2 * step), mid.theta, atol=2e-3 * np.abs(mid.theta).max() + 1e-4)


@pytest.mark.parametrize("key", CURVES)
def test_price_meets_intrinsic_smoothly_at_the_curve(key):
    curve = solve_curve(*key)
    edge = curve.critical
    width = key[1] * math.sqrt(key[0])
    near = unit_values(curve, np.array([edge * (1 - 1e-4 * width), edge, edge * 1.5]))
    assert near.price[0] - (edge * (1 - 1e-4 * width) - 1) == pytest.approx(0.0, abs=2e-6 * edge)
    assert near.delta[0] == pytest.approx(1.0, abs=2e-3)
    assert list(near.price[1:]) == pytest.approx([edge - 1, 1.5 * edge - 1], rel=1e-15)
    assert list(near.delta[1:]) == [1.0, 1.0]
    assert not np.stack([near.gamma, near.vega, near.theta])[:, 1:].any()
    # From below gamma ends at 2(qS - rK)/(sigma S)^2, from above it is 0.
    _, sigma, rate, carry = key
    assert near.gamma[0] == pytest.approx(2 * ((rate - carry) * edge - rate) / (sigma * edge) ** 2, rel=5e-3)


@pytest.mark.parametrize("key", CURVES)
def test_the_curve_rises_with_life_between_its_limits(key):
    years, sigma, rate, carry = key
    curve = solve_curve(*key)
    logs, _ = curve.logs(np.linspace(0.0, 1.0, 101))
    assert logs[0] == pytest.approx(math.log(max(1.0, rate / (rate - carry))), abs=1e-9)
    assert (np.diff(logs) > -1e-5).all()
    assert math.exp(logs[-1]) == pytest.approx(curve.critical, rel=1e-9)
    assert curve.critical < perpetual_ratio(sigma, rate, carry)
    assert logs[50] == pytest.approx(math.log(solve_curve(years / 4, sigma, rate, carry).critical), abs=2e-3)


def test_normal_cdf_is_that_of_the_error_function():
    x = np.array([[-40.0, -8.0, -1.0], [0.0, 1.0, 40.0]])
    expected = [0.5 * math.erfc(-v / math.sqrt(2)) for v in x.ravel()]
    assert normal_cdf(x).ravel().tolist() == pytest.approx(expected, rel=1e-13)


def test_never_exercised_has_no_perpetual_ratio():
    assert perpetual_ratio(1.0, 0.05, 0.05) == math.inf
    assert perpetual_ratio(1.0, 0.05, -0.3) == pytest.approx(2.5146178952918037)
