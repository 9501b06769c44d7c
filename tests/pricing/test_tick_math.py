"""Ticks and √prices against the contract's reference vectors."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    Q96,
    price_at_sqrt_ratio,
    price_at_tick,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)


@pytest.mark.parametrize(
    ("tick", "ratio"),
    [
        (MIN_TICK, MIN_SQRT_RATIO),
        (MIN_TICK + 1, 4_295_343_490),
        (0, Q96),
        (MAX_TICK - 1, 1_461_373_636_630_004_318_706_518_188_784_493_106_690_254_656_249),
        (MAX_TICK, MAX_SQRT_RATIO),
        (50, 79_426_470_787_362_580_746_886_972_461),
        (-50, 79_030_349_367_926_598_376_800_521_322),
        (100, 79_625_275_426_524_748_796_330_556_128),
        (250, 80_224_679_980_005_306_637_834_519_095),
        (-250_000, 295_440_463_448_801_648_376_846),
        (250_000, 21_246_587_762_933_397_357_449_903_968_194_344),
    ],
)
def test_the_reference_vectors(tick, ratio):
    assert sqrt_ratio_at_tick(tick) == ratio


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_tick_starts_at_its_own_ratio_and_ends_before_the_next(tick):
    start, end = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)
    assert start < end
    assert tick_at_sqrt_ratio(start) == tick
    assert tick_at_sqrt_ratio(end - 1) == tick


def test_the_ends_of_the_range():
    assert tick_at_sqrt_ratio(MIN_SQRT_RATIO) == MIN_TICK
    assert tick_at_sqrt_ratio(MAX_SQRT_RATIO - 1) == MAX_TICK - 1


def test_golden_sqrt_prices_lie_in_their_ticks(golden):
    cases = [c for c in golden("lp")["cases"] if c["kind"] == "v3_ticks"]
    for case in cases:
        floor = int(case["sqrtPriceX96_floor"])
        assert 0 <= sqrt_ratio_at_tick(case["tick"]) - floor <= 1
        assert tick_at_sqrt_ratio(floor + 1) == case["tick"]
    assert len(cases) == 6


def test_prices_are_in_whole_units():
    assert price_at_tick(0) == 1.0
    assert price_at_tick(-6932) == pytest.approx(0.5, rel=1e-4)
    assert price_at_tick(0, 18, 6) == 1e12
    assert price_at_sqrt_ratio(2 * Q96, 6, 18) == pytest.approx(4e-12)
    for tick in (-100_000, -1, 3, 99_999):
        assert price_at_sqrt_ratio(sqrt_ratio_at_tick(tick)) == pytest.approx(1.0001**tick, rel=1e-10)
        assert math.isclose(price_at_tick(tick), 1.0001**tick, rel_tol=1e-10)


def test_what_the_contract_reverts_is_refused():
    for tick in (MIN_TICK - 1, MAX_TICK + 1):
        with pytest.raises(ValueError, match="tick"):
            sqrt_ratio_at_tick(tick)
    for ratio in (0, MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO):
        with pytest.raises(ValueError, match="sqrt_price"):
            tick_at_sqrt_ratio(ratio)
