"""The price process: its moments, and that a seed is a path."""

import numpy as np
import pytest

from bot.sim.params import YEAR_S, PriceParams, WorldParams
from bot.sim.price import PriceProcess

STEPS = 500_000


def draw(price: PriceParams, seed: int = 7, steps: int = STEPS) -> np.ndarray:
    return PriceProcess(WorldParams(price=price), np.random.SeedSequence(seed)).draw(steps)


def test_diffusion_has_the_stated_volatility() -> None:
    increments = draw(PriceParams(jumps_per_day=0))
    assert increments.std() * np.sqrt(YEAR_S) == pytest.approx(0.90, rel=0.005)  # 5 standard errors


def test_jumps_come_at_their_rate_and_size() -> None:
    increments = draw(PriceParams(sigma_annual=0, jumps_per_day=300, jump_sd=0.02))
    jumps = increments[np.abs(increments) > 1e-6]
    expected = 300 * STEPS / 86_400
    assert len(jumps) == pytest.approx(expected, abs=4 * np.sqrt(expected) + 5)
    assert jumps.std() == pytest.approx(0.02, rel=0.1)


def test_drift_is_that_of_the_price() -> None:
    # With sigma 0 the path is exp(drift*t); with sigma the log drift loses sigma^2/2.
    years = STEPS / YEAR_S
    assert draw(PriceParams(sigma_annual=0, jumps_per_day=0, drift_annual=2.0)).sum() == pytest.approx(
        2.0 * years
    )
    with_sigma = draw(PriceParams(jumps_per_day=0, drift_annual=0.0)).sum()
    same_noise = draw(PriceParams(jumps_per_day=0, drift_annual=1.0)).sum()
    assert same_noise - with_sigma == pytest.approx(1.0 * years)


def test_a_seed_is_a_path() -> None:
    assert np.array_equal(draw(PriceParams(), seed=3, steps=1_000), draw(PriceParams(), seed=3, steps=1_000))
    assert not np.array_equal(
        draw(PriceParams(), seed=3, steps=1_000), draw(PriceParams(), seed=4, steps=1_000)
    )


def test_jumps_do_not_disturb_the_diffusion() -> None:
    calm = draw(PriceParams(jumps_per_day=0), steps=10_000)
    jumpy = draw(PriceParams(jumps_per_day=50), steps=10_000)
    assert 0 < np.count_nonzero(calm != jumpy) < 100
