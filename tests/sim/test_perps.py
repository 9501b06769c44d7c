"""Basis, funding and the settlement calendar."""

import numpy as np
import pytest

from bot.sim.params import PerpParams
from bot.sim.perps import FundingCalendar, FundingProcess, OuProcess, basis_process, ou_path

NS = 1_000_000_000


def test_ou_path_is_the_recursion() -> None:
    rng = np.random.default_rng(1)
    shocks, start = rng.standard_normal((5_000, 2)), np.array([1.0, -2.0])
    path = ou_path(start, 0.97, shocks)
    value = start
    for at, shock in enumerate(shocks):
        value = 0.97 * value + shock
        assert path[at] == pytest.approx(value, abs=1e-9)


def test_basis_has_its_spread_and_memory() -> None:
    process = basis_process(PerpParams(), 1.0, np.random.SeedSequence(5))
    process.draw(10_000)
    path = process.draw(1_000_000)
    # About 1,600 independent stretches of 10 minutes: the estimate is good to a few per cent.
    assert path.std(axis=0) * 1e4 == pytest.approx(3.0, rel=0.1)
    centred = path[:, 0] - path[:, 0].mean()
    correlation = (centred[600:] * centred[:-600]).mean() / centred.var()
    assert correlation == pytest.approx(np.exp(-1), abs=0.08)


def test_the_perps_share_most_of_the_basis() -> None:
    path = OuProcess(1.0, 0.9, 0.8, np.random.SeedSequence(6)).draw(100_000)
    assert np.corrcoef(path[:, 0], path[:, 1])[0, 1] == pytest.approx(0.8, abs=0.02)


def test_blocks_join() -> None:
    one = OuProcess(1.0, 0.99, 0.5, np.random.SeedSequence(8)).draw(2_000)
    halves = OuProcess(1.0, 0.99, 0.5, np.random.SeedSequence(8))
    assert np.vstack([halves.draw(1_000), halves.draw(1_000)]) == pytest.approx(one, abs=1e-12)


def test_funding_reverts_to_its_mean() -> None:
    params = PerpParams(funding_update_s=86_400.0, funding_start_annual=0.5)
    process = FundingProcess(params, np.random.SeedSequence(9))
    assert process.rates_annual == pytest.approx([0.5] * 3)
    rates = np.array([process.advance() for _ in range(20_000)])
    assert rates.mean() == pytest.approx(0.05, abs=0.03)
    assert rates.std() == pytest.approx(0.30, rel=0.05)


def test_settlements_at_00_08_16_utc() -> None:
    calendar = FundingCalendar(8.0)
    midnight = 19_700 * 86_400 * NS
    assert calendar.next_ns(midnight) == midnight + 8 * 3_600 * NS
    assert calendar.next_ns(midnight - 1) == midnight
    assert calendar.next_ns(midnight + 17 * 3_600 * NS) == midnight + 24 * 3_600 * NS
    assert calendar.rate(0.1095) == pytest.approx(0.0001)
