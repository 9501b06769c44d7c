"""Each trouble is told once while it lasts."""

from __future__ import annotations

from bot.chain.alarms import Alarms
from bot.clock import SystemClock
from bot.model.facts import Alarmed


def test_the_same_words_are_told_again_only_after_it_was_over() -> None:
    told: list[Alarmed] = []
    alarms = Alarms(told.append, SystemClock())  # type: ignore[arg-type]
    alarms.tell("lp_price_jump", "x", "critical")
    alarms.tell("lp_price_jump", "x", "critical")
    alarms.tell("lp_price_jump", "y", "critical")
    alarms.reading_accepted()
    alarms.tell("lp_price_jump", "y", "critical")
    assert [alarm.message for alarm in told] == ["x", "y", "y"]


def test_a_node_that_stays_down_is_told_once_though_readings_go_on() -> None:
    told: list[Alarmed] = []
    alarms = Alarms(told.append, SystemClock())  # type: ignore[arg-type]
    for _ in range(3):
        alarms.tell("lp_line_down", "n1: cut", "warning", "n1")
        alarms.tell("lp_line_down", "n2: cut", "warning", "n2")
        alarms.reading_accepted()
    assert len(told) == 2
    alarms.line_is_back("n1")
    alarms.tell("lp_line_down", "n1: cut", "warning", "n1")
    assert len(told) == 3
