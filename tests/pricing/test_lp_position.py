"""Pool positions against 40-digit golden cases and the laws of the curve."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.lp_position import (
    LpValue,
    arbitrage_share,
    from_pool,
    hold_loss,
    hold_loss_v2,
    lvr_usdt_per_year,
    v2,
    v2_liquidity,
    v3,
    v3_liquidity,
)
from bot.pricing.tick_math import price_at_tick

prices = st.floats(1e-3, 1e3)


def _position(case):
    liquidity, price = float(case["L"]), float(case["P"])
    if case["kind"].startswith("v2"):
        return v2(liquidity, price)
    return v3(liquidity, price, float(case["Pa"]), float(case["Pb"]))


def test_every_golden_position_to_1e_12_of_its_size(golden, worst):
    keys = {"token": "x", "usdt": "y", "value": "value", "delta": "delta", "gamma": "gamma"}
    for case in golden("lp")["cases"]:
        got = _position(case)
        # Near a bound an amount is a small rest of a large one: the yardstick is the position, not the rest.
        size, price = max(float(case["value"]), 1.0), float(case["P"])
        scale = {"token": size / price, "usdt": size, "value": size, "delta": size / price}
        for name, key in keys.items():
            want = float(case[key])
            worst.see(
                f"{case['id']} {name}", getattr(got, name), want, 1e-12 * scale.get(name, abs(want) or 1e-300)
            )
    worst.check(64 * 5)


def test_golden_benchmarks_lvr_and_holding(golden, worst):
    for case in golden("lp")["cases"]:
        got, price = _position(case), float(case["P"])
        if "lvr_rate_sigma1" in case:
            want = float(case["lvr_rate_sigma1"])
            worst.see(
                f"{case['id']} lvr", lvr_usdt_per_year(got.gamma, price, 1.0), want, 1e-12 * want + 1e-300
            )
        if "il_fraction" in case:
            ratio = price / float(case["P0"])
            worst.see(f"{case['id']} il", hold_loss_v2(ratio), float(case["il_fraction"]), 1e-14)
            opened = v2(float(case["L"]), float(case["P0"]))
            worst.see(f"{case['id']} hold", hold_loss(got, opened, price), float(case["il_fraction"]), 1e-14)
    worst.check(32 + 18 * 3)


def test_golden_tick_ranges_in_both_orders_of_the_pair(golden, worst):
    orders = set()
    for case in golden("lp")["cases"]:
        if case["kind"] != "v3_ticks":
            continue
        orders.add(case["token_is_token0"])
        raw = [price_at_tick(case[k]) for k in ("tick", "tick_lower", "tick_upper")]
        prices = from_pool(*raw, case["token_is_token0"])
        for name, key in (("price", "P"), ("lower", "Pa"), ("upper", "Pb")):
            worst.see(
                f"{case['id']} {name}", getattr(prices, name), float(case[key]), 1e-11 * float(case[key])
            )
        deposit = float(case["deposit_token_max"]), float(case["deposit_usdt_max"])
        want = float(case["L"])
        worst.see(f"{case['id']} L", v3_liquidity(*deposit, prices), want, 1e-10 * want)
    assert orders == {False} or orders == {False, True}
    worst.check(6 * 4)


def test_golden_share_of_lvr_that_arbitrage_keeps(golden, worst):
    for row in golden("misc")["lvr_fees"]:
        worst.see(str(row), arbitrage_share(row["fee"], row["block_s"], row["sigma"]), row["P_trade"], 1e-12)
    worst.check(36)


def test_the_deal_pool():
    assert v2(500_000.0, 1.0) == LpValue(500_000.0, 500_000.0, 1_000_000.0, 500_000.0, -250_000.0)
    assert lvr_usdt_per_year(-250_000.0, 1.0, 1.0) == 125_000.0
    assert v2_liquidity(500_000.0, 500_000.0) == 500_000.0


@given(prices, st.floats(1e-3, 0.99), st.floats(1.01, 1e3), st.floats(1.0, 1e9))
def test_delta_is_the_slope_of_value_and_gamma_of_delta(price, below, above, liquidity):
    lower, upper = price * below, price * above
    h = 1e-4 * min(1 - below, above - 1) * price
    low, mid, high = (v3(liquidity, p, lower, upper) for p in (price - h, price, price + h))
    assert mid.delta == mid.token
    assert (high.value - low.value) / (2 * h) == pytest.approx(
        mid.delta, rel=1e-4, abs=1e-6 * mid.value / price
    )
    slope = (high.delta - low.delta) / (2 * h)
    assert slope == pytest.approx(mid.gamma, rel=1e-4)


@given(prices, st.floats(1.001, 100.0), st.floats(1.0, 1e9))
def test_value_is_continuous_at_the_edges_of_the_range(lower, width, liquidity):
    upper = lower * width
    for edge in (lower, upper):
        inside, outside = (v3(liquidity, edge * (1 + s), lower, upper).value for s in (-1e-12, 1e-12))
        assert inside == pytest.approx(outside, rel=1e-9)
        assert v3(liquidity, edge, lower, upper).gamma == 0.0
    assert v3(liquidity, lower / 2, lower, upper).usdt == 0.0
    assert v3(liquidity, upper * 2, lower, upper).token == 0.0


@given(prices, st.floats(1.0, 1e9))
def test_an_unbounded_range_is_a_constant_product_position(price, liquidity):
    assert v3(liquidity, price, 0.0, math.inf) == pytest.approx(v2(liquidity, price), rel=1e-14)


@given(prices, st.floats(1e-3, 1.5), st.floats(1.6, 1e3))
def test_the_order_of_the_pair_does_not_matter(price, below, above):
    lower, upper = price * below, price * above
    assert from_pool(1 / price, 1 / upper, 1 / lower, False) == pytest.approx(
        (price, lower, upper), rel=1e-15
    )
    assert from_pool(price, lower, upper, True) == (price, lower, upper)
    assert from_pool(2.0, 0.0, math.inf, False) == (0.5, 0.0, math.inf)


@given(prices, st.floats(1e-3, 1.0), st.floats(1.001, 1e3), st.floats(0.01, 1e7), st.floats(0.01, 1e7))
def test_liquidity_for_amounts_spends_no_more_than_there_is(price, below, above, token, usdt):
    prices_ = from_pool(price, price * below, price * above, True)
    spent = v3(v3_liquidity(token, usdt, prices_), *prices_)
    assert spent.token <= token * (1 + 1e-9)
    assert spent.usdt <= usdt * (1 + 1e-9)
    assert spent.token == pytest.approx(token, rel=1e-6) or spent.usdt == pytest.approx(usdt, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-1.0, 1.0, 0.5, 2.0), "liquidity"),
        ((math.nan, 1.0, 0.5, 2.0), "liquidity"),
        ((1.0, 0.0, 0.5, 2.0), "price"),
        ((1.0, math.inf, 0.5, 2.0), "price"),
        ((1.0, math.nan, 0.5, 2.0), "price"),
        ((1.0, 1.0, 2.0, 0.5), "lower, upper"),
        ((1.0, 1.0, -1.0, 0.5), "lower, upper"),
        ((1.0, 1.0, math.nan, 0.5), "lower, upper"),
    ],
)
def test_nonsense_is_refused_by_name(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        v3(*arguments)
    if name != "lower, upper":
        with pytest.raises(ValueError, match=f"^{name}: "):
            v2(*arguments[:2])
