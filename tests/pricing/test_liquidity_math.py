"""Integer amounts against what real contracts paid, and their rounding."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.liquidity_math import (
    Q96,
    amount0_delta,
    amount1_delta,
    amounts_for_liquidity,
    liquidity_for_amounts,
    v2_share,
)
from bot.pricing.tick_math import sqrt_ratio_at_tick

ticks = st.integers(-400_000, 400_000)
liquidities = st.integers(0, 10**30)


def test_principal_of_every_recorded_position_to_the_wei(golden):
    seen = 0
    for step in golden("pancake_truth_token0")["steps"]:
        price = step["v3"]["sqrtPriceX96"]
        for name, record in step["positions"].items():
            if not record.get("position") or record.get("principal") is None:
                continue
            lower, upper, liquidity = record["position"][5:8]
            ratios = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
            got = amounts_for_liquidity(price, *ratios, liquidity)
            assert list(got) == record["principal"], (step["label"], name)
            seen += 1
    assert seen >= 60


@given(ticks, ticks, liquidities)
def test_each_rounding_is_within_two_wei_of_the_exact_amount_on_its_side(a, b, liquidity):
    low, high = sorted((sqrt_ratio_at_tick(a), sqrt_ratio_at_tick(b)))
    exact0 = Fraction(liquidity * (high - low) * Q96, low * high)
    exact1 = Fraction(liquidity * (high - low), Q96)
    for delta, exact in ((amount0_delta, exact0), (amount1_delta, exact1)):
        down, up = delta(low, high, liquidity, False), delta(high, low, liquidity, True)
        assert exact - 2 < down <= exact <= up < exact + 2


@given(ticks, ticks, ticks, st.integers(0, 10**28))
def test_a_round_trip_never_favours_us(price, a, b, liquidity):
    root = sqrt_ratio_at_tick(price)
    lower, upper = sqrt_ratio_at_tick(min(a, b)), sqrt_ratio_at_tick(max(a, b) + 1)
    paid = amounts_for_liquidity(root, lower, upper, liquidity, round_up=True)
    got = amounts_for_liquidity(root, lower, upper, liquidity)
    assert all(0 <= p - g <= 2 for p, g in zip(paid, got, strict=True))
    back = liquidity_for_amounts(root, lower, upper, *got)
    assert back <= liquidity
    redeemed = amounts_for_liquidity(root, lower, upper, back)
    assert all(r <= g for r, g in zip(redeemed, got, strict=True))


def test_below_and_above_the_range_only_one_token_counts():
    lower, upper = sqrt_ratio_at_tick(-100), sqrt_ratio_at_tick(100)
    assert amounts_for_liquidity(sqrt_ratio_at_tick(-200), lower, upper, 10**24)[1] == 0
    assert amounts_for_liquidity(sqrt_ratio_at_tick(200), lower, upper, 10**24)[0] == 0
    assert liquidity_for_amounts(sqrt_ratio_at_tick(-200), lower, upper, 10**18, 0) > 0
    assert liquidity_for_amounts(sqrt_ratio_at_tick(200), lower, upper, 0, 10**18) > 0
    assert liquidity_for_amounts(Q96, lower, upper, 10**18, 0) == 0


def test_v2_share_is_rounded_down():
    assert v2_share(10, 100, 1, 3) == (3, 33)
    assert v2_share(10, 100, 3, 3) == (10, 100)


def test_nonsense_is_refused_by_name():
    with pytest.raises(ValueError, match="liquidity"):
        amount0_delta(Q96, 2 * Q96, -1, True)
    with pytest.raises(ValueError, match="sqrt_a"):
        amount1_delta(0, Q96, 1, True)
    with pytest.raises(ValueError, match="amount0"):
        liquidity_for_amounts(Q96, Q96, 2 * Q96, -1, 0)
    for liquidity, supply in ((4, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="liquidity"):
            v2_share(1, 1, liquidity, supply)
