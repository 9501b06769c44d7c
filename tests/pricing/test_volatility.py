"""Estimators against the golden series, and the slow blend that hedges use."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing import volatility as vol
from bot.pricing.volatility import Bar, VolEstimates, hedge_vol


@pytest.fixture
def bars(golden):
    return [Bar(*row) for row in golden("misc")["vol_bars"]["ohlc"]]


def test_golden_bars(golden, bars, worst):
    want = golden("misc")["vol_bars"]
    closes = [b.close for b in bars]
    returns = [math.log(b / a) for a, b in pairwise(closes)]
    got = {
        "yang_zhang_var": vol.yang_zhang(bars),
        "rogers_satchell_var": vol.rogers_satchell(bars[1:]),
        "garman_klass_var": vol.garman_klass(bars[1:]),
        "parkinson_var": vol.parkinson(bars[1:]),
        "close_close_var_ddof1": vol.close_close(closes),
        "ewma094_var": vol.ewma_variance(returns, 0.94),
        "yang_zhang_vol_annual_5m": vol.annual(vol.yang_zhang(bars), 105_120),
    }
    for name, value in got.items():
        worst.see(name, value, want[name], 1e-12 * want[name])
    worst.check(7)


def test_golden_noise(golden, worst):
    want = golden("misc")["vol_noise"]
    series = want["log_prices"]
    got = {
        "rv_all": vol.realised_variance(series),
        "tsrv": vol.two_scales(series, want["K"]),
        "noise_var_from_rv": vol.sampling_noise(series),
        "noise_var_roll": vol.roll_noise(series),
        "realized_autocov_corrected_RV_AC1": vol.first_order_corrected(series),
    }
    for name, value in got.items():
        worst.see(name, value, want[name], 1e-11 * abs(want[name]))
    worst.check(5)


def test_noise_inflates_the_plain_sum_and_not_the_corrected_ones():
    rng = random.Random(11)
    level, series, true = 0.0, [], 0.01**2 * 4_000
    for _ in range(4_001):
        series.append(level + rng.gauss(0, 0.01))
        level += rng.gauss(0, 0.01)
    assert vol.realised_variance(series) > 2.5 * true
    assert vol.two_scales(series, 15) == pytest.approx(true, rel=0.25)
    assert vol.first_order_corrected(series) == pytest.approx(true, rel=0.25)
    assert vol.roll_noise(series) == pytest.approx(1e-4, rel=0.2)


def test_irregular_ticks_reach_the_rate_of_the_process():
    rng = random.Random(12)
    rate = None
    for _ in range(20_000):
        dt = rng.expovariate(1.0) + 1e-3
        rate = vol.ewma_rate(rate, rng.gauss(0, 0.02 * math.sqrt(dt)), dt, 3_000.0)
    assert rate == pytest.approx(0.02**2, rel=0.1)
    assert vol.ewma_rate(None, 0.02, 4.0, 10.0) == pytest.approx(1e-4)


def test_winsorising_cuts_only_the_outliers():
    returns = [0.01, -0.01, 0.02, -0.02, 0.0, 5.0, -5.0]
    cut = vol.winsorised(returns)
    assert cut[:5] == returns[:5]
    assert cut[5] == -cut[6] == pytest.approx(8 * 1.4826 * 0.02)
    assert vol.winsorised([0.0, 0.0, 0.0, 1.0]) == [0.0, 0.0, 0.0, 1.0]


DAY = 86_400.0


def test_the_blend_is_a_weighted_mean_of_squares():
    full = VolEstimates(0.8, 1.0, 1.2)
    assert hedge_vol(None, full, 0.0) == pytest.approx(math.sqrt(0.2 * 0.64 + 0.4 + 0.4 * 1.44))
    assert hedge_vol(None, VolEstimates(yang_zhang_30d=1.2), 0.0) == pytest.approx(1.2)
    assert hedge_vol(None, VolEstimates(ewma_3d=math.nan, yang_zhang_30d=1.2), 0.0) == pytest.approx(1.2)


def test_the_blend_is_clamped_slewed_and_held_in_its_dead_band():
    assert hedge_vol(None, VolEstimates(ewma_3d=0.1), 0.0) == 0.4
    assert hedge_vol(None, VolEstimates(ewma_3d=9.0), 0.0) == 2.5
    assert hedge_vol(1.0, VolEstimates(ewma_3d=1.5), DAY) == pytest.approx(1.05)
    assert hedge_vol(1.0, VolEstimates(ewma_3d=0.5), DAY / 2) == pytest.approx(0.975)
    assert hedge_vol(1.0, VolEstimates(ewma_3d=1.03), DAY) == pytest.approx(1.03)
    assert hedge_vol(1.0, VolEstimates(ewma_3d=1.019), 100 * DAY) == 1.0


def test_without_estimates_the_last_volatility_stays():
    assert hedge_vol(None, VolEstimates(), DAY) is None
    assert hedge_vol(0.9, VolEstimates(), DAY) == 0.9


@given(st.floats(0.4, 2.5), st.floats(0.0, 5.0), st.floats(0.0, 10 * DAY))
def test_the_blend_never_overshoots_nor_outruns_its_slew(previous, estimate, dt_s):
    new = hedge_vol(previous, VolEstimates(ewma_3d=estimate), dt_s)
    target = min(max(estimate, 0.4), 2.5)
    assert min(previous, target) - 1e-12 <= new <= max(previous, target) + 1e-12
    assert abs(new - previous) <= 0.05 * dt_s / DAY + 1e-12


def test_too_little_data_is_refused_not_read_as_calm(bars):
    for call in (
        lambda: vol.ewma_variance([], 0.9),
        lambda: vol.close_close([1.0, 1.0]),
        lambda: vol.yang_zhang(bars[:2]),
        lambda: vol.parkinson([]),
        lambda: vol.garman_klass([]),
        lambda: vol.rogers_satchell([]),
        lambda: vol.realised_variance([0.0]),
        lambda: vol.roll_noise([0.0, 0.1]),
        lambda: vol.sampling_noise([0.0]),
        lambda: vol.winsorised([]),
    ):
        with pytest.raises(ValueError, match="at least"):
            call()
    with pytest.raises(ValueError, match="subgrids"):
        vol.two_scales([0.0] * 5, 5)
    with pytest.raises(ValueError, match="dt_s"):
        vol.ewma_rate(None, 0.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="dt_s"):
        hedge_vol(1.0, VolEstimates(), -1.0)
