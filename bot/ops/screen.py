"""Drawing the status document over and over: the whole screen of a terminal, or a plain line now and then.

Rule: what is drawn is the newest document; a slow terminal never holds anything up but itself.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live

from bot.ops.terminal import render, summary
from bot.ops.terminal_tables import Status


class Screen:
    """The terminal's alternate screen while entered; `show` redraws it."""

    def __init__(self, console: Console | None = None) -> None:
        self._live = Live(console=console or Console(highlight=False), screen=True, auto_refresh=False)

    def show(self, status: Status) -> None:
        """Draw this document now."""
        self._live.update(render(status), refresh=True)

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class Ticker:
    """One plain line at most every `every_s` seconds of `monotonic`, for pipes and log files."""

    def __init__(
        self, write: Callable[[str], object], every_s: float, monotonic: Callable[[], float]
    ) -> None:
        self._write, self._every_s, self._monotonic = write, every_s, monotonic
        self._next = monotonic()

    def show(self, status: Status) -> None:
        """Write the summary of this document if one is due."""
        now = self._monotonic()
        if now >= self._next:
            self._next = now + self._every_s
            self._write(summary(status) + "\n")
