"""Redrawing: the alternate screen of a terminal, and the plain line of a pipe."""

from __future__ import annotations

import io

from rich.console import Console

from bot.ops.screen import Screen, Ticker
from bot.ops.status import status
from sample_views import busy, troubled


def test_the_screen_is_taken_drawn_and_given_back() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, height=30, force_terminal=True, color_system=None)
    with Screen(console) as screen:
        screen.show(status(busy()))
        screen.show(status(troubled()))
    text = out.getvalue()
    entered, left = text.index("\x1b[?1049h"), text.index("\x1b[?1049l")
    assert entered < text.index("nothing wrong") < text.index("QUOTING 2/3") < left


def test_the_ticker_is_quiet_between_its_lines() -> None:
    now = [0.0]
    lines: list[str] = []
    ticker = Ticker(lines.append, 10.0, lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        ticker.show(status(busy()))
    assert len(lines) == 3
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
