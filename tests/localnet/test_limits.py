"""Request windows."""

from __future__ import annotations

from bot.localnet.limits import Window


def test_a_window_holds_its_limit_and_begins_anew() -> None:
    window = Window(5, 1_000)
    assert window.take(10_100, 3)
    assert not window.take(10_200, 3)
    assert (window.used, window.left, window.refused) == (3, 2, 1)
    assert window.take(10_999, 2)
    assert not window.take(10_999)
    assert window.resets_ms(10_999) == 11_000
    assert window.take(11_000, 5)
