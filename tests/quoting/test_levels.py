"""The compiled constants: what limits and instrument become in ticks and lots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.limits import ObligationLimits, QuoteLimits
from bot.quoting.levels import LadderPlan
from quoting.quoting_cases import instrument, plan


def test_units_by_hand() -> None:
    made = plan(usdt=50_000)
    assert made.unit == pytest.approx(1e-5)  # 0.0001 USDT per tick × 0.1 tokens per lot
    assert made.bid_owed * made.unit == pytest.approx(50_000)
    assert made.amount_min * made.unit == pytest.approx(5)
    assert made.spread_share == pytest.approx(0.001)
    # a level held until it is 1 bp + 5 % of its depth off still stands inside 200 bp
    assert made.depth_share_max * 1.05 + 1e-4 == pytest.approx(0.02)


def test_level_table_by_hand() -> None:
    rows = plan(usdt=100_000).rows(1.0)
    assert rows.levels == 10
    assert rows.bid_factors[0] == pytest.approx(0.99955)
    assert rows.ask_factors[-1] == pytest.approx(1.0185)
    assert rows.bid_total * 1e-5 == pytest.approx(108_000)
    assert rows.gap == pytest.approx(3.5e-4)


def test_tiny_levels_grow_to_the_smallest_order() -> None:
    quote = QuoteLimits(level_depths_bps=(5, 50), level_weights=(0.001, 0.999))
    made = LadderPlan.compile(instrument(), ObligationLimits(bid_usdt=1_000, ask_usdt=1_000), quote)
    assert made.rows(1.0).bid_amounts[0] * made.unit == pytest.approx(5)


def test_levels_of_no_weight_are_left_out_and_weights_need_not_sum_to_one() -> None:
    quote = QuoteLimits(level_depths_bps=(5, 50, 100), level_weights=(0.2, 0, 0.2))
    made = LadderPlan.compile(instrument(), ObligationLimits(bid_usdt=1_000, ask_usdt=1_000), quote)
    assert made.rows(1.0).levels == 2
    assert made.rows(1.0).ask_total * made.unit == pytest.approx(1_080)


@pytest.mark.parametrize(
    ("mid_ticks", "ticks"), [(20_000.0, 19), (10_010.0, 9), (1_500.0, 1), (1_000.0, 1), (999.0, 0)]
)
def test_spread_in_ticks_keeps_room_for_drift_where_it_can(mid_ticks: float, ticks: int) -> None:
    assert plan().spread_ticks(mid_ticks) == ticks


@given(st.floats(1.0, 10.0))
def test_widening_never_leaves_the_obligation(widen: float) -> None:
    made = plan()
    rows = made.rows(widen)
    assert rows.ask_factors[0] - rows.bid_factors[0] <= 0.001
    assert rows.bid_factors[-1] >= 1 - made.depth_share_max - 1e-12
    assert rows.bid_total == pytest.approx(made.rows(1.0).bid_total)
    assert list(rows.bid_factors) == sorted(rows.bid_factors, reverse=True)
