"""Splitting a hedge over venues."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.risk.split import Route, place, split

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "golden_misc.json").read_text())["venue_split"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: str(c["X"]))
def test_golden(case: dict[str, list[float]]) -> None:
    routes = [Route(a, k, cap) for a, k, cap in zip(case["a"], case["k"], case["cap"], strict=True)]
    assert split(case["X"], routes) == pytest.approx(case["x"], rel=1e-9)  # type: ignore[arg-type]


def test_caps_that_do_not_hold_it_are_filled() -> None:
    routes = [Route(1e-4, 1e-8, 100), Route(2e-4, 1e-8, 50)]
    assert split(1_000, routes) == [100, 50]
    assert split(0, routes) == [0, 0]
    assert split(5, []) == []


def test_routes_without_impact_fill_in_order_of_cost() -> None:
    routes = [Route(3e-4, 0, 100), Route(1e-4, 0, 100), Route(2e-4, 0, 100)]
    assert split(150, routes) == pytest.approx([0, 100, 50])


ROUTES = st.lists(
    st.builds(Route, st.floats(-0.002, 0.002), st.floats(1e-10, 1e-6), st.floats(0, 1e6)),
    min_size=1,
    max_size=5,
)


@given(ROUTES, st.floats(0, 1))
def test_the_sum_holds_the_caps_hold_and_marginal_costs_agree(routes: list[Route], share: float) -> None:
    room = sum(r.cap for r in routes)
    quantity = share * room
    parts = split(quantity, routes)
    assert sum(parts) == pytest.approx(quantity, rel=1e-6, abs=1e-6)
    assert all(-1e-9 <= x <= r.cap + 1e-9 for x, r in zip(parts, routes, strict=True))
    inner = [r.a + r.k * x for x, r in zip(parts, routes, strict=True) if 1e-3 < x < r.cap - 1e-3]
    if inner:
        level = max(inner)
        assert min(inner) == pytest.approx(level, abs=1e-7)
        for x, r in zip(parts, routes, strict=True):
            if x <= 1e-3 and r.cap > 1e-3:
                assert r.a >= level - 1e-6
            if x >= r.cap - 1e-3 and r.cap > 1e-3:
                assert r.a + r.k * r.cap <= level + 1e-6


LOTTED = st.lists(
    st.builds(
        Route,
        st.floats(-0.002, 0.002),
        st.floats(1e-10, 1e-6),
        st.integers(0, 50_000).map(float),
        st.sampled_from([1.0, 10.0, 0.1]),
        st.sampled_from([0.0, 5.0, 25.0]),
    ),
    min_size=1,
    max_size=4,
)


@given(LOTTED, st.floats(0, 60_000), st.floats(100, 50_000))
def test_orders_are_whole_lots_of_a_sendable_size_within_caps(
    routes: list[Route], quantity: float, order: float
) -> None:
    parts, short = place(quantity, routes, order)
    for x, r in zip(parts, routes, strict=True):
        assert 0 <= x <= r.cap + 1e-9
        assert abs(x / r.lot - round(x / r.lot)) < 1e-6
        assert x == 0 or x >= r.least - 1e-9
    assert short >= 0
    assert sum(parts) + short >= quantity - 1e-6
    # Never more than one lot and one smallest order beyond what was asked.
    assert sum(parts) <= quantity + max(r.lot for r in routes) + max(r.least for r in routes) + 1e-6


def test_small_changes_go_to_the_cheapest_venues() -> None:
    routes = [Route(a, 1e-8, 1e6, 1, 5) for a in (6e-4, 5.5e-4, 6.5e-4)]
    assert place(20_000, routes, 50_000) == ([0, 20_000, 0], 0)
    two, _ = place(90_000, routes, 50_000)
    assert two[2] == 0
    assert min(two[:2]) > 0
    assert all(place(400_000, routes, 50_000)[0])


def test_a_small_cheap_venue_does_not_make_a_shortfall() -> None:
    routes = [Route(1e-4, 1e-8, 100, 1, 5), Route(9e-4, 1e-8, 1e6, 1, 5)]
    parts, short = place(5_000, routes, 50_000)
    assert short == 0
    assert sum(parts) == 5_000


def test_what_no_venue_can_take_is_reported() -> None:
    assert place(5_000, [Route(1e-4, 1e-8, 100, 1, 5)], 50_000) == ([100], 4_900)
    assert place(5_000, [], 50_000) == ([], 5_000)
    assert place(3, [Route(1e-4, 1e-8, 2, 1, 5)], 50_000) == ([0], 3)
