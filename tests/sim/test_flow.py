"""Taker flow: rates, depths, sizes and impact as the sweep model says."""

import numpy as np
import pytest

from bot.sim.flow import Sweeps, TakerFlow
from bot.sim.params import FlowParams

DAYS = 20
STEPS = DAYS * 86_400


def draw(params: FlowParams, steps: int = STEPS, seed: int = 11) -> Sweeps:
    return TakerFlow(params, 1.0, np.random.SeedSequence(seed)).draw(steps)


@pytest.fixture(scope="module")
def sweeps() -> Sweeps:
    return draw(FlowParams())


@pytest.mark.parametrize(("venue", "rate"), [(0, 1500), (1, 750), (2, 750), (3, 1500), (5, 750)])
@pytest.mark.parametrize("side", [1, -1])
def test_arrivals_per_side_and_day(sweeps: Sweeps, venue: int, rate: int, side: int) -> None:
    count = np.count_nonzero((sweeps.venue == venue) & (sweeps.side == side))
    assert count == pytest.approx(rate * DAYS, abs=4 * np.sqrt(rate * DAYS))


def test_depth_is_exponential(sweeps: Sweeps) -> None:
    depth = sweeps.depth[sweeps.venue < 3] * 1e4
    assert depth.mean() == pytest.approx(6.0, rel=0.02)
    # The fill rate of a level at delta is A*exp(-k*delta): the share of takers that reach it.
    assert (depth > 4.5).mean() == pytest.approx(np.exp(-4.5 / 6), abs=0.006)
    assert (depth > 25).mean() == pytest.approx(np.exp(-25 / 6), abs=0.002)


def test_size_grows_with_depth(sweeps: Sweeps) -> None:
    spot = sweeps.venue < 3
    per_unit = sweeps.notional_usdt[spot] / (1 + sweeps.depth[spot] / 6e-4)
    assert per_unit.mean() == pytest.approx(330, rel=0.02)
    assert np.log(per_unit).std() == pytest.approx(1.0, rel=0.02)


def test_impact_is_the_stated_share_of_depth_and_none_on_perps(sweeps: Sweeps) -> None:
    spot = sweeps.venue < 3
    assert sweeps.impact[spot] == pytest.approx(0.3 * sweeps.depth[spot] * sweeps.side[spot])
    assert not sweeps.impact[~spot].any()


def test_sorted_and_inside_the_block(sweeps: Sweeps) -> None:
    assert (np.diff(sweeps.step) >= 0).all()
    assert sweeps.step.min() >= 0
    assert sweeps.step.max() < STEPS


def test_an_exchange_without_takers_leaves_the_others_theirs() -> None:
    both = draw(FlowParams(), steps=86_400)
    without = draw(FlowParams(spot_sweeps_per_side_day=(1500, 0, 750)), steps=86_400)
    assert not (without.venue == 1).any()
    for venue in (0, 2, 3):
        assert np.array_equal(both.depth[both.venue == venue], without.depth[without.venue == venue])


def test_no_takers_at_all() -> None:
    none = (0.0, 0.0, 0.0)
    assert len(draw(FlowParams(spot_sweeps_per_side_day=none, perp_sweeps_per_side_day=none)).step) == 0
