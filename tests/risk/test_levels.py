"""Each trigger fires where it should, stays quiet where it should; levels go up at once and down by the
rules.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.limits import Limits
from bot.model.view import Level
from bot.risk.levels import Inputs, Levels, move_bps_per_s, triggers
from risk_world import T0, S

LIMITS = Limits()
QUIET = Inputs()

# code, level, inputs that fire it, inputs on the edge that do not
ROWS = [
    ("not_ready", Level.PULLED, {"ready": False, "missing": "fair value"}, {"ready": True}),
    ("paused", Level.PULLED, {"paused": True}, {"paused": False}),
    ("no_fair", Level.PULLED, {"fair_inputs": 0}, {"fair_inputs": 2}),
    ("few_prices", Level.CAUTIOUS, {"fair_inputs": 1}, {"fair_inputs": 2}),
    ("stale_marks", Level.PULLED, {"marks_age_s": 2.1}, {"marks_age_s": 2.0}),
    ("stale_marks", Level.PULLED, {"marks_age_s": None}, {"marks_age_s": 0.0}),
    ("divergence", Level.CAUTIOUS, {"dispersion_bps": 51.0}, {"dispersion_bps": 50.0}),
    ("divergence", Level.CAUTIOUS, {"dispersion_bps": 51.0}, {"dispersion_bps": None}),
    ("fast_market", Level.CAUTIOUS, {"move_bps_per_s": 151.0}, {"move_bps_per_s": 150.0}),
    ("fast_market", Level.PULLED, {"move_bps_per_s": 301.0}, {"move_bps_per_s": 150.0}),
    ("net_delta", Level.PULLED, {"net_usdt": -150_001.0}, {"net_usdt": -150_000.0}),
    (
        "net_delta_twice",
        Level.REDUCING,
        {"net_usdt": 300_001.0, "stalled_s": 31},
        {"net_usdt": 3e5, "stalled_s": 31},
    ),
    (
        "net_delta_twice",
        Level.REDUCING,
        {"net_usdt": -4e5, "stalled_s": 31},
        {"net_usdt": -4e5, "stalled_s": 30},
    ),
    ("unhedged", Level.PULLED, {"unhedged_age_s": 30.5}, {"unhedged_age_s": 30.0}),
    ("loss", Level.REDUCING, {"loss_from_peak_usdt": 100_001.0}, {"loss_from_peak_usdt": 100_000.0}),
    ("unknown_orders", Level.PULLED, {"unknown_orders": 6}, {"unknown_orders": 5}),
    ("no_hedge", Level.PULLED, {"perps_usable": 0}, {"perps_usable": 1}),
    ("lp_age", Level.CAUTIOUS, {"lp_age_s": None}, {"lp_age_s": 60.0}),
    ("lp_age", Level.CAUTIOUS, {"lp_age_s": 61.0}, {"lp_age_s": 60.0}),
    ("options_age", Level.CAUTIOUS, {"options_age_s": None}, {"options_age_s": 1_800.0}),
    ("options_age", Level.CAUTIOUS, {"options_age_s": 1_801.0}, {"options_age_s": 1_800.0}),
]


@pytest.mark.parametrize(("code", "level", "fires", "quiet"), ROWS)
def test_each_trigger(code: str, level: Level, fires: dict[str, object], quiet: dict[str, object]) -> None:
    found = {t.code: t for t in triggers(QUIET._replace(**fires), LIMITS)}
    assert found[code].level is level
    assert code not in {t.code for t in triggers(QUIET._replace(**quiet), LIMITS)}


def test_all_quiet_means_no_trigger() -> None:
    assert triggers(QUIET, LIMITS) == []


def test_exposure_is_not_judged_before_everything_is_known() -> None:
    codes = {t.code for t in triggers(QUIET._replace(ready=False, net_usdt=1e9), LIMITS)}
    assert codes == {"not_ready"}


def judged(levels: Levels, at_s: float, **inputs: object) -> Level:
    levels.judge(T0 + round(at_s * S), QUIET._replace(**inputs), LIMITS)
    return levels.level


def normal() -> Levels:
    levels = Levels()
    assert levels.level is Level.PULLED
    judged(levels, 0)
    assert levels.level is Level.NORMAL
    return levels


def test_up_at_once_down_after_quiet() -> None:
    levels = normal()
    assert judged(levels, 1, fair_inputs=0) is Level.PULLED
    assert "no_fair" in levels.reason
    assert judged(levels, 2) is Level.PULLED
    assert judged(levels, 5, fair_inputs=1) is Level.PULLED
    assert judged(levels, 10.9, fair_inputs=1) is Level.PULLED
    assert judged(levels, 11, fair_inputs=1) is Level.CAUTIOUS  # ten seconds after the last cause for PULLED
    assert judged(levels, 20.9) is Level.CAUTIOUS
    assert judged(levels, 21) is Level.NORMAL
    assert levels.reason == ""


def test_a_cause_that_flickers_keeps_the_level() -> None:
    levels = normal()
    for at in range(1, 60, 9):
        assert judged(levels, at, fair_inputs=0) is Level.PULLED
        assert judged(levels, at + 8.9) is Level.PULLED


def test_a_single_bad_mark_is_no_loss() -> None:
    levels = normal()
    judged(levels, 1, loss_from_peak_usdt=1e6)
    assert judged(levels, 2) is Level.NORMAL
    judged(levels, 10, loss_from_peak_usdt=1e6)
    assert judged(levels, 11.9, loss_from_peak_usdt=1e6) is Level.NORMAL
    assert judged(levels, 12, loss_from_peak_usdt=1e6) is Level.REDUCING


def test_twice_the_delta_limit_pulls_at_once_and_reduces_when_it_does_not_shrink() -> None:
    levels = normal()
    assert judged(levels, 1, net_usdt=400_000) is Level.PULLED
    assert judged(levels, 300, net_usdt=400_000, stalled_s=30) is Level.PULLED
    assert judged(levels, 301, net_usdt=400_000, stalled_s=31) is Level.REDUCING


def test_reducing_is_left_by_the_operator_only() -> None:
    levels = normal()
    for at in (1, 4):
        judged(levels, at, loss_from_peak_usdt=1e6)
    assert judged(levels, 10_000) is Level.REDUCING
    levels.command("resume", "", "ann", T0)
    assert levels.level is Level.REDUCING  # a reason is needed
    levels.command("resume", "looked at it", "ann", T0 + 10_000 * S)
    assert levels.level is Level.CAUTIOUS
    assert "ann: looked at it" in levels.reason
    assert judged(levels, 10_010) is Level.NORMAL


def test_resume_does_not_silence_a_cause_that_holds() -> None:
    levels = normal()
    for at in (1, 4):
        judged(levels, at, loss_from_peak_usdt=1e6)
    levels.command("resume", "try", "ann", T0 + 5 * S)
    assert judged(levels, 5, loss_from_peak_usdt=1e6) is Level.CAUTIOUS
    assert judged(levels, 7, loss_from_peak_usdt=1e6) is Level.REDUCING


def test_commands() -> None:
    levels = normal()
    levels.command("pause", "lunch", "ann", T0)
    assert levels.paused
    assert judged(levels, 1, paused=levels.paused) is Level.PULLED
    levels.command("resume", "", "ann", T0)
    assert not levels.paused
    levels.command("halt", "odd fills", "ann", T0)
    assert (levels.level, levels.reason) == (Level.HALTED, "operator_halt: by ann: odd fills")
    assert judged(levels, 5_000, fair_inputs=0) is Level.HALTED
    levels.command("flatten", "leave", "ann", T0)
    assert levels.level is Level.FLATTEN
    levels.command("halt", "stop that", "ann", T0)
    assert levels.level is Level.HALTED


CAUSES = st.fixed_dictionaries(
    {
        "fair_inputs": st.integers(0, 3),
        "net_usdt": st.floats(-4e5, 4e5),
        "loss_from_peak_usdt": st.floats(0, 2e5),
        "paused": st.booleans(),
    }
)


@given(st.lists(st.tuples(st.floats(0, 20), CAUSES), max_size=30))
def test_without_the_operator_a_level_from_reducing_up_never_falls(
    steps: list[tuple[float, dict[str, object]]],
) -> None:
    levels, at = normal(), 0.0
    for elapsed, causes in steps:
        before, at = levels.level, at + elapsed
        wanted = max(
            (t.level for t in triggers(QUIET._replace(**causes), LIMITS) if not t.confirm_s), default=0
        )
        after = judged(levels, at, **causes)
        assert after >= wanted
        if before >= Level.REDUCING:
            assert after >= before


@pytest.mark.parametrize(
    ("old", "new", "elapsed", "speed"),
    [(1.0, 1.01, 1.0, 99.5), (1.0, 1.01, 0.1, 99.5), (1.0, 0.99, 2.0, 50.3), (0.0, 1.0, 1.0, 0.0)],
)
def test_speed_is_per_second_over_at_least_one(old: float, new: float, elapsed: float, speed: float) -> None:
    assert move_bps_per_s(old, new, elapsed) == pytest.approx(speed, abs=0.1)
