"""Bounded memory of what was booked."""

from __future__ import annotations

from bot.risk.once import REPEATED, Once, TradeIds


def test_a_trade_is_admitted_once() -> None:
    ids = TradeIds()
    assert ids.admit("7", 100) is None
    assert ids.admit("7", 100) is REPEATED
    assert ids.admit("8", 50) is None  # older, but nothing was forgotten yet


def test_the_window_is_bounded_and_what_it_forgot_is_never_booked_again() -> None:
    ids = TradeIds(window=3)
    for n in range(5):
        assert ids.admit(str(n), 100 + n) is None
    assert len(ids) == 3
    again = ids.admit("0", 100)
    assert again is not None
    assert again.reason == "late"
    assert "trade 0" in again.detail
    assert ids.admit("4", 104) is REPEATED
    assert ids.admit("new", 102) is None  # newer than everything that was forgotten


def test_once_forgets_the_oldest_first() -> None:
    once = Once(window=2)
    assert [once.first(k) for k in ("a", "b", "a", "c")] == [True, True, False, True]
    assert once.first("a")  # "a" was dropped when "c" came
    assert not once.first("c")
