"""Calls against the golden cases, their laws, their limits and what they refuse."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.pricing.options import (
    CallValue,
    call,
    european,
    exercise_boundary,
    never_exercised_early,
    perpetual_boundary,
)

TAIL = (1.25, 1.0, 1.0, 0.05)  # strike, years, sigma, rate of the goldens' deal

spots = st.floats(0.05, 20)
lives = st.floats(1e-4, 3)
sigmas = st.floats(0.1, 3)
rates = st.floats(0, 0.3)
carries = st.floats(-1.5, 0.5)


def _see(worst, case, tolerances):
    got = call(case["S"], case["K"], case["T"], case["sigma"], case["r"], case["b"], case["style"])
    for name, tolerance in tolerances(case).items():
        worst.see(f"{case['id']} {name}", getattr(got, name), case[name], tolerance)


def test_every_european_golden_case_to_1e_9_relative(golden, worst):
    cases = [c for c in golden("options")["cases"] if c["style"] == "european"]
    for case in cases:
        _see(worst, case, lambda c: {n: max(1e-10, 1e-9 * abs(c[n])) for n in CallValue._fields})
    worst.check(183 * 5)


def test_every_american_golden_case_far_inside_the_stated_tolerances(golden, worst):
    # Stated: price 5e-5, delta 1e-3, gamma 2e-2. Vega and theta of the goldens are differences of their own
    # prices, which at carry -300 % leaves 2e-5 in theta; the rest agrees to about 1e-6.
    allowed = {"price": 5e-7, "delta": 2e-6, "gamma": 2e-5, "vega": 2e-6, "theta": 3e-5}
    for case in golden("options")["cases"]:
        if case["style"] == "american":
            _see(worst, case, lambda c: {n: t * max(1.0, abs(c[n])) for n, t in allowed.items()})
    worst.check(160 * 5)


def test_the_exercise_boundary_is_where_the_golden_table_has_it(golden, worst):
    # The table stops where time value has fallen below what its own engine resolves, about 1e-6: 0.2 % early.
    for row in golden("options")["early_exercise_boundary_K1.25_sigma1_r0.05"]:
        years = row["days"] / 365
        boundary = exercise_boundary(1.25, years, 1.0, 0.05, row["f"])
        where = f"f={row['f']} days={row['days']}"
        worst.see(where, boundary / 1.25, row["Sstar_over_K"], 2.5e-3 * row["Sstar_over_K"])
        assert boundary / 1.25 > row["Sstar_over_K"]
        table = row["Sstar_over_K"] * 1.25
        worst.see(
            f"{where} time value", call(table, 1.25, years, 1.0, 0.05, row["f"]).price, table - 1.25, 3e-6
        )
        perpetual = perpetual_boundary(1.25, 1.0, 0.05, row["f"])
        worst.see(f"{where} perpetual", perpetual / 1.25, row["perpetual_Sstar_over_K"], 1e-9)
        assert boundary < perpetual
        for spot, style, key in (
            (1, "american", "am_S1"),
            (1, "european", "eur_S1"),
            (2.5, "american", "am_S2_5"),
        ):
            value = call(spot, 1.25, years, 1.0, 0.05, row["f"], style)
            worst.see(f"{where} {key}", value.price, row[key], 1e-6)
    worst.check(10 * 6)


def test_the_american_book_of_the_deal_has_the_golden_value_and_delta(golden, worst):
    for row in golden("misc")["american_book_S1_sigma1_r0.05"]:
        units = [call(1.0, k, row["days"] / 365, 1.0, 0.05, row["f"]) for k in (1.25, 1.5, 2.0)]
        worst.see(f"{row} value", 1e5 * sum(u.price for u in units), row["value"], 0.05)
        worst.see(f"{row} delta", 1e5 * sum(u.delta for u in units), row["delta"], 0.5)
    worst.check(20)


@given(spots, lives, sigmas, rates, carries)
def test_value_bounds(spot, years, sigma, rate, carry):
    q = rate - carry
    e = call(spot, 1.0, years, sigma, rate, carry, "european")
    a = call(spot, 1.0, years, sigma, rate, carry)
    forward = spot * math.exp(-q * years) - math.exp(-rate * years)
    small = 1e-6 * max(1.0, spot)
    assert max(0.0, forward) - 1e-12 * max(1, spot) <= e.price <= spot * math.exp(-q * years) * (1 + 1e-12)
    assert a.price >= max(e.price, spot - 1) - small
    assert a.price <= spot * max(1.0, math.exp(-q * years)) + small
    for value in (a, e):
        assert -1e-6 <= value.delta <= max(1.0, math.exp(-q * years)) + 1e-5
        assert value.gamma >= -1e-5
        assert value.vega >= -1e-5 * max(1.0, spot)


@given(spots, lives, sigmas, rates, carries)
def test_more_spot_volatility_or_life_is_never_worth_less(spot, years, sigma, rate, carry):
    base = call(spot, 1.0, years, sigma, rate, carry).price
    small = 2e-6 * max(1.0, spot)
    assert call(spot * 1.05, 1.0, years, sigma, rate, carry).price >= base - small
    assert call(spot, 1.0, years, sigma * 1.05, rate, carry).price >= base - small
    assert call(spot, 1.0, years * 1.05, sigma, rate, carry).price >= base - small


@given(spots, lives, sigmas, rates, carries, st.floats(1e-3, 1e3), st.sampled_from(["american", "european"]))
def test_price_is_homogeneous_in_spot_and_strike(spot, years, sigma, rate, carry, scale, style):
    one = call(spot, 1.0, years, sigma, rate, carry, style)
    scaled = call(spot * scale, scale, years, sigma, rate, carry, style)
    assert scaled.price == pytest.approx(one.price * scale, rel=1e-9, abs=1e-9 * scale)
    assert scaled.delta == pytest.approx(one.delta, rel=1e-9, abs=1e-9)
    assert scaled.gamma * scale == pytest.approx(one.gamma, rel=1e-7, abs=1e-7)


@given(spots, lives, sigmas, rates, carries)
def test_put_call_parity(spot, years, sigma, rate, carry):
    # A put on S struck at K is a call on K struck at S with rate and yield exchanged (Grabbe 1983).
    q = rate - carry
    put = call(1.0, spot, years, sigma, q, q - rate, "european").price
    value = call(spot, 1.0, years, sigma, rate, carry, "european").price
    forward = spot * math.exp(-q * years) - math.exp(-rate * years)
    assert value - put == pytest.approx(forward, abs=1e-12 * max(1.0, spot))


@given(spots, lives, sigmas, rates, carries, st.sampled_from(["american", "european"]))
def test_the_pricing_equation_holds_wherever_the_option_lives(spot, years, sigma, rate, carry, style):
    v = call(spot, 1.0, years, sigma, rate, carry, style)
    if style == "american":
        assume(spot < exercise_boundary(1.0, years, sigma, rate, carry))
    terms = (v.theta, 0.5 * (sigma * spot) ** 2 * v.gamma, carry * spot * v.delta, -rate * v.price)
    assert sum(terms) == pytest.approx(0.0, abs=1e-11 * (1 + sum(map(abs, terms))))


@given(spots, st.floats(0.05, 2), st.floats(0.3, 2), rates, carries)
def test_theta_is_the_change_of_price_with_time(spot, years, sigma, rate, carry):
    h = 1e-4 * years
    before = call(spot, 1.0, years + h, sigma, rate, carry).price
    after = call(spot, 1.0, years - h, sigma, rate, carry).price
    theta = call(spot, 1.0, years, sigma, rate, carry).theta
    assert (after - before) / (2 * h) == pytest.approx(theta, abs=1e-2 * max(0.1, abs(theta)))


@pytest.mark.parametrize("style", ["american", "european"])
@pytest.mark.parametrize(("spot", "price", "delta"), [(1.0, 0.0, 0.0), (1.25, 0.0, 0.5), (2.0, 0.75, 1.0)])
def test_at_expiry_it_is_worth_its_intrinsic_value(style, spot, price, delta):
    assert call(spot, 1.25, 0.0, 1.0, 0.05, -0.3, style) == CallValue(price, delta, 0.0, 0.0, 0.0)


def test_without_volatility_it_is_the_best_discounted_forward():
    e = call(2.0, 1.0, 1.0, 0.0, 0.05, -0.3, "european")
    assert e.price == pytest.approx(2 * math.exp(-0.35) - math.exp(-0.05))
    assert e.theta == pytest.approx(0.35 * 2 * math.exp(-0.35) - 0.05 * math.exp(-0.05))
    assert call(2.0, 1.0, 1.0, 0.0, 0.05, -0.3) == CallValue(1.0, 1.0, 0.0, 0.0, 0.0)
    # Small yield, large rate: wait until the yield of the spot has grown to the interest on the strike.
    waited = call(1.2, 1.0, 10.0, 0.0, 0.3, 0.1)
    at = math.log(0.3 / (0.2 * 1.2)) / 0.1
    assert waited.price == pytest.approx(1.2 * math.exp(-0.2 * at) - math.exp(-0.3 * at))
    assert waited.theta == 0.0
    assert call(1.2, 1.0, 10.0, 0.01, 0.3, 0.1).price == pytest.approx(waited.price, abs=3e-4)


@pytest.mark.parametrize("style", ["american", "european"])
def test_a_worthless_token_or_a_free_strike(style):
    assert call(0.0, 1.0, 1.0, 1.0, 0.05, -0.3, style) == CallValue(0.0, 0.0, 0.0, 0.0, 0.0)
    free = call(2.0, 0.0, 1.0, 1.0, 0.05, 0.05, style)
    assert (free.price, free.delta) == (2.0, 1.0)


def test_american_is_european_where_waiting_is_free():
    for carry in (0.05, 0.1095):
        assert call(2.0, *TAIL, carry) == european(2.0, *TAIL, carry)
        assert exercise_boundary(*TAIL, carry) == math.inf
        assert perpetual_boundary(1.25, 1.0, 0.05, carry) == math.inf
    assert call(2.0, *TAIL, 0.0).price > european(2.0, *TAIL, 0.0).price + 1e-4
    assert never_exercised_early(0.05, 0.05)
    assert not never_exercised_early(0.05, 0.04)


def test_boundary_limits():
    assert exercise_boundary(1.25, 0.0, 1.0, 0.05, -0.3) == 1.25
    assert exercise_boundary(1.25, 1.0, 0.0, 0.05, -0.3) == 1.25
    assert exercise_boundary(1.25, 1.0, 0.0, 0.3, 0.1) == pytest.approx(1.875)
    assert exercise_boundary(1.25, 1e-9, 1.0, 0.05, -0.3) == pytest.approx(1.25, rel=1e-3)
    with pytest.raises(ValueError, match="sigma"):
        perpetual_boundary(1.25, 0.0, 0.05, -0.3)


ORDER = ("spot", "strike", "years", "sigma", "rate", "carry")


@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1.0])
def test_nonsense_is_refused_by_name(name, bad):
    arguments = dict(zip(ORDER, (1.0, 1.25, 1.0, 1.0, 0.05, 0.0), strict=True)) | {name: bad}
    if name == "carry" and bad == -1.0:
        assert call(**arguments).price > 0
        return
    if name == "rate" and bad == -1.0:
        assert call(**arguments).price > 0  # carry 0, yield -1: the closed form
        return
    with pytest.raises(ValueError, match=f"^{name}: "):
        call(**arguments)


def test_other_refusals_say_why():
    with pytest.raises(ValueError, match=r"^style: .*'bermudan'"):
        call(1.0, *TAIL, 0.0, "bermudan")
    with pytest.raises(ValueError, match=r"^rate: .*two exercise boundaries"):
        call(1.0, 1.25, 1.0, 1.0, -0.1, -0.05)
    assert call(1.0, 1.25, 1.0, 1.0, -0.1, -0.05, "european").price > 0
    with pytest.raises(ValueError, match=r"^rate: .*e\^50"):
        call(1.0, 1.25, 100.0, 1.0, 0.6, 0.6)
    with pytest.raises(ValueError, match=r"^carry: .*e\^50"):
        call(1.0, 1.25, 100.0, 1.0, 0.0, -0.6)
