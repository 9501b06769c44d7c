"""Hedge bands against the golden table, their optimality and their scaling."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.bands import (
    BandInputs,
    centre_band,
    centre_cost,
    combined_band,
    leland,
    monitored,
    trigger,
    whalley_wilmott,
    zakamouline,
)


def test_every_golden_band(golden, worst):
    for row in golden("misc")["bands"]:
        bare = BandInputs(row["c"], row["a"], row["gamma"], row["S"], row["sigma"])
        noisy = replace(bare, fill_variance=row["fill_var_per_year"])
        shift = zakamouline(bare, row["T"], row["r"])
        want = row["zakamouline"]
        pairs = {
            "ww": (whalley_wilmott(bare), row["ww"]),
            "no fills": (combined_band(bare), row["general_no_fills"]),
            "fills": (combined_band(noisy), row["general_with_fill_noise"]),
            "H0": (shift.h0, want["H0"]),
            "H1": (shift.h1, want["H1"]),
            "K": (shift.k, want["K"]),
            "sigma long": (shift.sigma_long, want["sigma_long"]),
            "sigma short": (shift.sigma_short, want["sigma_short"]),
            "centre": (centre_band(noisy, 1.0), row["trade_to_centre"]["H"]),
            "centre cost": (
                centre_cost(noisy, 1.0, row["trade_to_centre"]["H"]),
                row["trade_to_centre"]["cost_rate"],
            ),
        }
        for name, (got, wanted) in pairs.items():
            worst.see(
                f"c={row['c']} a={row['a']} gamma={row['gamma']} {name}", got, wanted, 1e-9 * abs(wanted)
            )
    worst.check(27 * 10)


def test_golden_leland(golden, worst):
    for row in golden("misc")["leland"]:
        got = leland(row["sigma"], row["c"], row["dt_years"])
        for name, key in (("number", "A"), ("sigma_long", "sigma_long"), ("sigma_short", "sigma_short")):
            worst.see(f"{row} {name}", getattr(got, name), row[key], 1e-12)
    worst.check(24)


def test_golden_reflected_delta_and_its_correction_for_discrete_watching(golden, worst):
    check = golden("misc")["reflecting_band_check"]
    for row in check["rows"]:
        theory = monitored(row["H"], check["v"], 0.0)
        worst.see(f"H={row['H']} variance", theory.variance, row["var_theory"], 1e-9 * row["var_theory"])
        worst.see(
            f"H={row['H']} turnover", theory.turnover, row["turnover_theory"], 1e-9 * row["turnover_theory"]
        )
        # The simulated column is watched every dt; the correction must explain it to 3 %.
        seen = monitored(row["H"], check["v"], check["dt"])
        worst.see(f"H={row['H']} seen variance", seen.variance, row["var_mc"], 0.03 * row["var_mc"])
        worst.see(f"H={row['H']} seen turnover", seen.turnover, row["turnover_mc"], 0.03 * row["turnover_mc"])
    worst.check(12)


def test_the_trigger_makes_a_watched_band_act_like_the_wanted_one():
    act_at = trigger(100.0, 1e6, 1e-4)
    assert act_at < 100.0
    assert monitored(act_at, 1e6, 1e-4).effective == pytest.approx(100.0)
    assert trigger(1.0, 1e6, 1e-4) == 0.0


costs, aversions = st.floats(1e-5, 1e-2), st.floats(1e-7, 1e-3)
gammas = st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1)
inputs = st.builds(
    BandInputs, costs, aversions, gammas, st.floats(0.05, 20), st.floats(0.1, 3), st.floats(0, 1e13)
)


@given(inputs)
def test_the_band_is_where_cost_and_risk_are_least(x):
    def burden(h):
        risk = x.aversion / 6 * (x.sigma * x.spot * h) ** 2
        return risk + x.cost * x.spot * x.variance / (2 * h)

    h = combined_band(x)
    assert burden(h) <= min(burden(h * 0.98), burden(h * 1.02))
    centre = centre_band(x, 1.0)
    least = centre_cost(x, 1.0, centre)
    assert least <= min(centre_cost(x, 1.0, centre * 0.98), centre_cost(x, 1.0, centre * 1.02))


@given(inputs, st.floats(1.1, 10))
def test_dearer_hedges_widen_it_and_aversion_narrows_it(x, factor):
    h = combined_band(x)
    assert combined_band(replace(x, cost=x.cost * factor)) > h
    assert combined_band(replace(x, aversion=x.aversion * factor)) < h


@given(inputs, st.floats(0.1, 100))
def test_n_times_the_book_at_an_nth_of_the_aversion_has_n_times_the_band(x, n):
    bare = replace(x, fill_variance=0.0)
    scaled = replace(bare, gamma=bare.gamma * n, aversion=bare.aversion / n)
    assert combined_band(scaled) == pytest.approx(n * combined_band(bare), rel=1e-9)
    assert whalley_wilmott(bare) == pytest.approx(combined_band(bare), rel=1e-9)
    years_rate = (1.0, 0.05)
    one, many = zakamouline(bare, *years_rate), zakamouline(scaled, *years_rate)
    assert many.h0 + many.h1 == pytest.approx(n * (one.h0 + one.h1), rel=1e-9)


def test_fill_noise_keeps_a_band_open_when_gammas_cancel():
    flat = BandInputs(5e-4, 1e-5, 0.0, 1.0, 1.0)
    assert whalley_wilmott(flat) == combined_band(flat) == centre_band(flat, 1.0) == 0.0
    assert combined_band(replace(flat, fill_variance=9.344e11)) > 30_000
    assert monitored(0.0, 0.0, 1.0) == (0.0, 0.0, 0.0)


GOOD = {"cost": 5e-4, "aversion": 1e-5, "gamma": -1e5, "spot": 1.0, "sigma": 1.0, "fill_variance": 0.0}


@pytest.mark.parametrize(
    ("name", "bad"),
    [(n, b) for n in GOOD for b in (math.nan, math.inf)]
    + [("cost", -1e-9), ("fill_variance", -1.0), ("aversion", 0.0), ("spot", 0.0), ("sigma", 0.0)],
)
def test_nonsense_is_refused_by_name(name, bad):
    with pytest.raises(ValueError, match=f"^{name}: "):
        BandInputs(**GOOD | {name: bad})


def test_other_refusals():
    x = BandInputs(**GOOD)
    with pytest.raises(ValueError, match="order_cost"):
        centre_band(x, -1.0)
    with pytest.raises(ValueError, match="years"):
        zakamouline(x, 0.0, 0.05)
    with pytest.raises(ValueError, match="sigma"):
        leland(0.0, 1e-4, 1e-3)
