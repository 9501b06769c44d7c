"""Closed forms and level economics against golden numbers and hand-worked limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quoting.economics import (
    Sizing,
    allocate,
    avellaneda_stoikov,
    best_depth,
    break_even,
    edge,
    glft,
    jump_loss,
    ladder_risk,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "golden_misc.json").read_text())
DEPTHS = [d * 1e-4 for d in (4.5, 8, 14, 25, 45, 70, 100, 130, 160, 185)]
K = 1 / 6e-4


@pytest.mark.parametrize("case", GOLDEN["avellaneda_stoikov"])
def test_avellaneda_stoikov(case: dict[str, object]) -> None:
    keys = ("price", "q", "gamma", "sigma", "tau", "k")
    got = avellaneda_stoikov(**dict(zip(keys, case["inp"], strict=True)))  # type: ignore[call-overload]
    want: dict[str, float] = case["out"]  # type: ignore[assignment]
    assert (got.reservation, 2 * got.half_spread, got.bid, got.ask) == pytest.approx(
        (want["reservation"], want["spread"], want["bid"], want["ask"]), rel=1e-12
    )


@pytest.mark.parametrize("case", GOLDEN["glft"])
def test_glft(case: dict[str, object]) -> None:
    price, q, gamma, xi, sigma, rate, k, *lot = case["inp"]  # type: ignore[misc]
    got = glft(gamma=gamma, xi=xi, sigma=sigma, rate=rate, k=k, lot=lot[0] if lot else 1.0)
    quotes = got.quotes(price, q)
    want: dict[str, float] = case["out"]  # type: ignore[assignment]
    values = (got.c1, got.c2, got.half_spread, got.skew_per_unit, quotes.bid, quotes.ask)
    names = ("c1", "c2", "half_spread", "skew_per_unit", "bid", "ask")
    assert values == pytest.approx([want[n] for n in names], rel=1e-9)


@pytest.mark.parametrize("case", GOLDEN["ladder"])
def test_allocation(case: dict[str, object]) -> None:
    model = {name: case[name] for name in ("rho", "k", "fee")}
    sizing = Sizing(case["Q"], case["top_min"], case["cap"], case["min_level"])  # type: ignore[arg-type]
    got = allocate(case["deltas"], sizing, **model)  # type: ignore[arg-type]
    assert got == pytest.approx(case["sizes"], rel=1e-9)
    assert break_even(**model) * 1e4 == pytest.approx(case["breakeven_bps"])  # type: ignore[arg-type]
    assert best_depth(**model) * 1e4 == pytest.approx(case["best_bps"])  # type: ignore[arg-type]


@pytest.mark.parametrize("case", GOLDEN["ladder_risk"], ids=lambda case: case["name"])
def test_ladder_risk(case: dict[str, object]) -> None:
    sizes = [110_000 * w for w in case["weights"]]  # type: ignore[attr-defined]
    got = ladder_risk(DEPTHS, sizes, rho=0.3, k=K)
    assert (got.fill_mean, got.fill_rms, got.edge) == pytest.approx(
        (case["E_fill"], case["rms_fill"], case["edge_usd_per_sweep"]), rel=1e-9
    )


def test_a_tight_touch_loses_once_sweeps_inform_enough() -> None:
    assert edge(4.5e-4, rho=0.42, k=K) > 0 > edge(4.5e-4, rho=0.43, k=K)


def test_jump_through_the_whole_side() -> None:
    weights = (0.02, 0.02, 0.03, 0.04, 0.06, 0.09, 0.14, 0.18, 0.20, 0.22)
    loss = jump_loss(DEPTHS, [110_000 * w for w in weights], 0.03)
    assert loss == pytest.approx(1986, abs=60)
    assert jump_loss(DEPTHS, [1.0] * 10, 4e-4) == 0


def test_bounds_that_cannot_hold_the_total_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        allocate(DEPTHS, Sizing(100.0, 0.0, 0.05, 0.0), rho=0.3, k=K)
    with pytest.raises(ValueError, match="cannot hold"):
        allocate(DEPTHS, Sizing(100.0, 0.0, 0.5, 0.2), rho=0.3, k=K)


@given(rho=st.floats(0.01, 0.9), scale=st.floats(1, 50), share=st.floats(0.11, 1.0))
def test_allocation_spends_the_total_within_bounds(rho: float, scale: float, share: float) -> None:
    sizes = allocate(DEPTHS, Sizing(1000.0, 20.0, share, 0.01), rho=rho, k=1e4 / scale)
    assert sum(sizes) == pytest.approx(1000)
    assert all(10 - 1e-9 <= s <= 1000 * share + 1e-9 for s in sizes)


@given(rho=st.floats(0.0, 0.9), bps=st.floats(1, 50), fee=st.floats(-1e-4, 1e-3))
def test_break_even_earns_nothing_and_the_best_depth_most(rho: float, bps: float, fee: float) -> None:
    from math import exp

    k = 1e4 / bps
    assert edge(break_even(rho=rho, k=k, fee=fee), rho=rho, k=k, fee=fee) == pytest.approx(0, abs=1e-12)
    best = best_depth(rho=rho, k=k, fee=fee)
    worth = [exp(-k * d) * edge(d, rho=rho, k=k, fee=fee) for d in (best * 0.99, best, best * 1.01)]
    assert worth[1] >= max(worth[0], worth[2]) - 1e-15
