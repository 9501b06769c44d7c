"""The fair price against its golden example, and everything that must have no weight."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.fair_value import NO_FAIR, BasisEwma, FairSettings, FairValue, TopInput, fair_value

GOOD = TopInput(0.9995, 8_000.0, 1.0005, 8_000.0, 0.0)


def test_the_golden_example(golden):
    case = golden("misc")["fair_price"]
    tops = [
        TopInput(i["bid"], i["bq"], i["ask"], i["aq"], i["age_ms"] / 1e3, i.get("basis_ewma", 0.0))
        for i in case["inputs"]
    ]
    settings = FairSettings(case["tau_ms"] / 1e3, case["stale_ms"] / 1e3, case["outlier"])
    fair = fair_value(tops, settings)
    assert settings == FairSettings()
    assert fair.price == pytest.approx(case["fair"], rel=1e-14)
    assert fair.inputs == 3
    far = max(abs(i["fair"] / case["weighted_median"] - 1) for i in case["inputs"] if i["w"] > 0)
    assert fair.dispersion_bps == pytest.approx(1e4 * far, rel=1e-9)
    for i, top in zip(case["inputs"], tops, strict=True):
        alone = fair_value([top], settings)
        assert alone.price == (None if i["w"] == 0 else pytest.approx(i["fair"], rel=1e-14))


@pytest.mark.parametrize(
    "dead",
    [
        GOOD._replace(age_s=2.0001),
        GOOD._replace(age_s=math.nan),
        GOOD._replace(bid=1.0005),  # locked
        GOOD._replace(bid=1.001),  # crossed
        GOOD._replace(bid_size=0.0),
        GOOD._replace(ask_size=0.0),
        GOOD._replace(bid=0.0),
        GOOD._replace(ask=math.inf),
        GOOD._replace(bid=math.nan),
        GOOD._replace(ask_size=math.nan),
        GOOD._replace(bid_size=math.inf),
        GOOD._replace(basis=None),
        GOOD._replace(basis=math.nan),
        GOOD._replace(basis=-1.0),
    ],
)
def test_a_dead_input_has_no_weight(dead):
    assert fair_value([dead]) == NO_FAIR
    other = GOOD._replace(bid=1.0495, ask=1.0505)
    assert fair_value([dead, other]) == fair_value([other])


def test_no_input_is_no_price():
    assert fair_value([]) == FairValue(None, 0, None)


def test_the_smaller_side_of_the_touch_pulls_the_mid():
    assert fair_value([GOOD]).price == pytest.approx(1.0)
    heavy_bid = fair_value([GOOD._replace(bid_size=80_000.0)])
    assert heavy_bid.price == pytest.approx((0.9995 * 8 + 1.0005 * 80) / 88)


def test_an_outlier_is_left_out_but_shows_in_the_dispersion():
    tops = [GOOD, GOOD._replace(bid=0.9996, ask=1.0004), GOOD._replace(bid=1.0095, ask=1.0105)]
    fair = fair_value(tops)
    assert fair.price == pytest.approx(1.0, abs=1e-9)
    assert fair.inputs == 3
    assert fair.dispersion_bps == pytest.approx(100.0, rel=1e-6)


def test_an_older_or_wider_input_counts_less():
    fresh = GOOD._replace(bid=1.0005, ask=1.0015)
    old = fair_value([fresh, GOOD._replace(age_s=1.0)]).price
    wide = fair_value([fresh, GOOD._replace(bid=0.998, ask=1.002)]).price
    assert 1.0005 < old < 1.001
    assert 1.0005 < wide < 1.001
    assert fair_value([GOOD._replace(age_s=-0.2)]) == fair_value([GOOD])  # a venue's clock ahead of ours


tops = st.builds(
    lambda mid, half, bid_size, ask_size, age: TopInput(mid - half, bid_size, mid + half, ask_size, age),
    st.floats(0.9, 1.1),
    st.floats(1e-5, 0.01),
    st.floats(1, 1e6),
    st.floats(1, 1e6),
    st.floats(0, 3),
)


@given(st.lists(tops, max_size=6))
def test_the_fair_price_lies_among_its_inputs_in_any_order(inputs):
    fair = fair_value(inputs)
    back = fair_value(inputs[::-1])
    alone = [p for p in (fair_value([top]).price for top in inputs) if p is not None]
    assert fair.inputs == len(alone)
    if not alone:
        assert fair == NO_FAIR
        return
    assert min(alone) * (1 - 1e-12) <= fair.price <= max(alone) * (1 + 1e-12)
    if len(alone) % 2:
        assert back.price == pytest.approx(fair.price, rel=1e-12)


def test_the_basis_moves_slowly_and_freezes():
    basis = BasisEwma(tau_s=600.0)
    assert basis.updated(None, 1.0, 1.0) is basis
    basis = basis.updated(0.999, 1.0, 1.0)
    assert basis.value == pytest.approx(math.log(0.999))
    for frozen in ((None, 1.0), (1.0, None), (math.nan, 1.0), (1.0, 0.0), (math.inf, 1.0)):
        assert basis.updated(*frozen, 60.0) is basis
    assert basis.updated(1.0, 1.0, math.nan) is basis
    assert basis.updated(1.0, 1.0, -1.0) is basis
    assert basis.updated(1.0, 1.0, 600.0).value == pytest.approx(math.log(0.999) / math.e)


def test_the_basis_depends_on_elapsed_time_not_on_the_number_of_updates():
    one = BasisEwma(0.0).updated(1.01, 1.0, 60.0)
    many = BasisEwma(0.0)
    for _ in range(60):
        many = many.updated(1.01, 1.0, 1.0)
    assert many.value == pytest.approx(one.value, rel=1e-12)


def test_a_basis_without_a_time_constant_is_refused():
    for tau in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="tau_s"):
            BasisEwma(tau_s=tau)


def test_one_huge_tight_book_far_away_does_not_make_the_price() -> None:
    sound = [TopInput(0.9998, 500.0, 1.0002, 500.0, 0.0), TopInput(0.9999, 400.0, 1.0003, 400.0, 0.0)]
    mad = TopInput(0.69999, 1e9, 0.70001, 1e9, 0.0)
    price, inputs, dispersion = fair_value([*sound, mad])
    assert price == pytest.approx(1.0, abs=2e-4)
    assert inputs == 3
    assert dispersion == pytest.approx(3_000, rel=0.01)
