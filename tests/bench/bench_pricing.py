"""What a price costs. Run by naming this file to pytest; bounds are generous, for slow machines."""

from __future__ import annotations

import pytest

from bot.pricing.early_exercise import solve_curve
from bot.pricing.fair_value import TopInput, fair_value
from bot.pricing.option_grid import BookCurve, Tranche, value_tranches
from bot.pricing.options import call

BOOK = tuple(Tranche(str(k), 100_000.0, k, 1.0) for k in (1.25, 1.5, 2.0))
TOPS = [TopInput(0.9995 + i * 1e-5, 8e3, 1.0005 + i * 1e-5, 6e3, 0.05 * i, -1e-4 * (i > 2)) for i in range(6)]
CURVE = BookCurve(*value_tranches(BOOK, 1.0, 1.0, 0.05, 0.0))


def _cold(work):
    solve_curve.cache_clear()
    return work()


CASES = {
    "call European": (lambda: call(1.0, 1.25, 1.0, 1.0, 0.05, 0.0, "european"), 10e-6),
    "call American, curve known": (lambda: call(1.0, 1.25, 1.0, 1.0, 0.05, 0.0), 1e-3),
    "call American, new inputs": (lambda: _cold(lambda: call(1.0, 1.25, 1.0, 1.0, 0.05, 0.0)), 10e-3),
    "grid of three tranches, new inputs": (
        lambda: _cold(lambda: value_tranches(BOOK, 1.0, 1.0, 0.05, 0.0)),
        20e-3,
    ),
    "book read from the grid": (
        lambda: CURVE.at(1.013),
        8e-6,
    ),
    "fair value of six tops": (lambda: fair_value(TOPS), 40e-6),
}


@pytest.mark.parametrize("name", CASES)
def test_cost(benchmark, name):
    work, limit_s = CASES[name]
    benchmark(work)
    assert benchmark.stats.stats.median < limit_s
