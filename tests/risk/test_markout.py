"""Markouts."""

from __future__ import annotations

from bot.risk.markout import Markouts
from risk_world import T0, S


def test_each_horizon_settles_at_the_first_price_after_it() -> None:
    marks = Markouts()
    marks.add(100.0, 1.00, T0)
    marks.mark(T0 + S // 2, 0.5)
    assert marks.sums == {1: 0, 5: 0, 30: 0}
    marks.mark(T0 + S, 0.99)
    marks.mark(T0 + 6 * S, 0.98)
    marks.mark(T0 + 60 * S, 1.01)
    assert {k: round(v, 9) for k, v in marks.sums.items()} == {1: -1.0, 5: -2.0, 30: 1.0}
    assert marks.due_ns == 0
    marks.mark(T0 + 90 * S, 5.0)
    assert round(marks.sums[30], 9) == 1.0


def test_memory_is_bounded_and_says_so() -> None:
    marks = Markouts(waiting_max=10)
    for n in range(25):
        marks.add(1.0, 1.0, T0 + n)
    assert marks.skipped == 15 * 3
    marks.mark(T0 + 100 * S, 2.0)
    assert marks.sums[1] == 10.0
