"""Offsets are medians of round trips; a far or jumping clock is trouble."""

from __future__ import annotations

from bot.venues.clock_offset import ClockOffset

MS = 1_000_000


def ask(clock: ClockOffset, offset_ms: int, at_ms: int = 1_000, trip_ms: int = 20) -> None:
    clock.add(at_ms * MS, at_ms + trip_ms // 2 + offset_ms, (at_ms + trip_ms) * MS)


def test_the_median_of_the_last_five_counts() -> None:
    clock = ClockOffset()
    assert "never" in clock.trouble()
    for offset in (10, 12, 200, 11, 9):
        ask(clock, offset)
    assert clock.offset_ms == 11
    assert clock.trouble() == ""


def test_a_far_clock_is_trouble() -> None:
    clock = ClockOffset()
    ask(clock, -700)
    assert "-700 ms" in clock.trouble()


def test_a_jump_is_trouble_until_it_is_confirmed() -> None:
    clock = ClockOffset()
    ask(clock, 0)
    ask(clock, 400)
    assert clock.trouble() == "the clock jumped"
    ask(clock, 401)
    assert clock.trouble() == ""
    assert clock.offset_ms == 400.5
