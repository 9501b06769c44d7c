"""Liquidation of linear perps against the golden cases and by its own definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.liquidation import liquidation_distance, liquidation_price, margin_to_survive


def test_the_golden_cases(golden, worst):
    for row in golden("misc")["liquidation"]:
        position = row["qty"] if row["side"] == "long" else -row["qty"]
        price = liquidation_price(position, row["entry"], row["wallet"], row["mmr"])
        worst.see(f"{row} price", price, row["liq_price"], 1e-12)
        distance = liquidation_distance(position, row["entry"], price)
        worst.see(f"{row} distance", distance, abs(row["distance"]), 1e-12)
    worst.check(6)


@pytest.mark.parametrize(
    ("tokens", "move", "margin_k"),
    [
        (-849_356, 0.25, 239),
        (-849_356, 0.5, 457),
        (-849_356, 1.0, 892),
        (-849_356, 2.0, 1_763),
        (2_150_644, 0.25, 578),
        (2_150_644, 0.5, 1_102),
        (2_150_644, 0.75, 1_626),
        (550_644, 0.5, 282),
        (550_644, 0.75, 416),
    ],
)
def test_margin_to_survive_the_moves_of_the_deal(tokens, move, margin_k):
    assert margin_to_survive(tokens, 1.0, move, 0.025) == pytest.approx(1_000 * margin_k, abs=600)


positions = st.floats(1, 1e7) | st.floats(-1e7, -1)


@given(positions, st.floats(0.01, 100), st.floats(0, 0.95), st.floats(0, 0.2))
def test_the_margin_for_a_move_is_gone_exactly_at_that_move(position, mark, move, maintenance):
    wallet = margin_to_survive(position, mark, move, maintenance)
    price = liquidation_price(position, mark, wallet, maintenance)
    assert price is not None
    assert liquidation_distance(position, mark, price) == pytest.approx(move, abs=1e-9)
    equity = wallet + position * (price - mark)
    assert equity == pytest.approx(maintenance * abs(position) * price, abs=1e-6 * abs(position) * mark)


def test_what_cannot_be_liquidated():
    assert liquidation_price(0.0, 1.0, 0.0, 0.02) is None
    assert liquidation_price(100.0, 1.0, 100.0, 0.02) is None
    assert liquidation_distance(100.0, 1.0, None) == math.inf
    assert liquidation_distance(0.0, 1.0, 1.0) == math.inf
    assert margin_to_survive(100.0, 1.0, 3.0, 0.02) == 100.0


def test_past_the_price_the_distance_is_negative():
    assert liquidation_distance(-1.0, 1.2, 1.1) == pytest.approx(1.1 / 1.2 - 1)
    assert liquidation_distance(1.0, 0.9, 1.0) < 0
    assert liquidation_price(-1.0, 1.0, -5.0, 0.02) == 0.0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((math.nan, 1.0, 1.0, 0.02), "position"),
        ((1.0, 0.0, 1.0, 0.02), "price"),
        ((1.0, math.nan, 1.0, 0.02), "price"),
        ((1.0, 1.0, math.inf, 0.02), "wallet"),
        ((1.0, 1.0, 1.0, 1.0), "maintenance"),
        ((1.0, 1.0, 1.0, -0.1), "maintenance"),
    ],
)
def test_nonsense_is_refused_by_name(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        liquidation_price(*arguments)
    with pytest.raises(ValueError, match=r"^move: "):
        margin_to_survive(1.0, 1.0, -0.1, 0.02)
