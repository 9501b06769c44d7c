"""Time, injected: the system's, scaled, or virtual.

Rule 1: nobody but this file reads the machine's clock; tasks wait with `asyncio.sleep` and stamp with
`Clock.now_ns`.
Rule 2: all waiting goes through the event loop, so a loop with another idea of time moves the whole daemon:
`ScaledLoop` runs a paper market faster than time, `VirtualLoop` jumps from event to event and never sleeps.
Rule 3: on the virtual loop a `MarketDriver` delivers market events between timers without any task switch,
in time order, until one of them makes a callback ready: same seed, same order, same bytes.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from typing import Protocol

NS = 1_000_000_000


class Clock(Protocol):
    """UTC nanoseconds and monotonic seconds of the running world."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on the loop's own clock (for intervals)."""
        ...


class MarketDriver(Protocol):
    """A source of market events that can be asked to run up to an instant."""

    def next_ns(self) -> int | None:
        """Time of the next event, or None when the market has ended."""
        ...

    def step(self) -> int:
        """Deliver the events of the next instant to their sinks; returns how many there were."""
        ...


class SystemClock:
    """The machine's clock (live, testnet)."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()


class LoopClock:
    """A clock that follows a loop's `time()`: `origin_ns` is the UTC time at loop time 0."""

    def __init__(self, loop: asyncio.AbstractEventLoop, origin_ns: int = 0) -> None:
        self._loop, self._origin_ns = loop, origin_ns

    def begin_at(self, now_ns: int) -> None:
        """Let the present be `now_ns` (before anything has read this clock)."""
        self._origin_ns = now_ns - round(self._loop.time() * NS)

    def now_ns(self) -> int:
        """Nanoseconds since the epoch in the loop's world."""
        return self._origin_ns + round(self._loop.time() * NS)

    def monotonic(self) -> float:
        """The loop's seconds."""
        return self._loop.time()


class ScaledLoop(asyncio.SelectorEventLoop):
    """A real loop whose seconds pass `speed` times faster than the machine's."""

    def __init__(self, speed: float) -> None:
        self._speed, self._start = speed, time.monotonic()
        super().__init__(_ScaledSelector(speed))

    def time(self) -> float:
        """Scaled seconds since the loop was made."""
        return (time.monotonic() - self._start) * self._speed


class _ScaledSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else max(0.0, timeout) / self._speed)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next timer or market event the moment nothing is ready to run.

    Time is kept in integer nanoseconds so that no rounding depends on the length of the run.
    """

    def __init__(self, origin_ns: int = 0) -> None:
        self.virtual_ns = 0
        self.origin_ns = origin_ns
        self.driver: MarketDriver | None = None
        self.market_events = 0
        super().__init__(_VirtualSelector(self))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.virtual_ns / NS

    def now_ns(self) -> int:
        """Virtual UTC nanoseconds (a `Clock`)."""
        return self.origin_ns + self.virtual_ns

    def monotonic(self) -> float:
        """Virtual seconds (a `Clock`)."""
        return self.virtual_ns / NS

    def begin_at(self, now_ns: int) -> None:
        """Let the present be `now_ns` (before anything has read this clock)."""
        self.origin_ns = now_ns - self.virtual_ns

    def idle(self, timeout: float | None) -> None:
        """Nothing is ready: deliver market events, then jump to the next timer (called by the selector)."""
        limit = None if timeout is None else self.virtual_ns + max(1, math.ceil(timeout * NS))
        driver, ready = self.driver, self._ready  # type: ignore[attr-defined]
        if driver is not None:
            origin = self.origin_ns
            while True:
                at = driver.next_ns()
                if at is None or (limit is not None and at - origin > limit):
                    break
                if at - origin > self.virtual_ns:
                    self.virtual_ns = at - origin
                self.market_events += driver.step()
                if ready or self._scheduled_before(limit):
                    return
        if limit is None:
            raise RuntimeError("the virtual world has no next event: every task waits for ever")
        self.virtual_ns = max(self.virtual_ns, limit)

    def _scheduled_before(self, limit: int | None) -> bool:
        timers = self._scheduled  # type: ignore[attr-defined]
        return bool(timers) and (limit is None or round(timers[0].when() * NS) < limit)


class _VirtualSelector(selectors.DefaultSelector):
    """Never blocks: sockets are polled only when the loop's own self-pipe may have been written."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        self._loop.idle(timeout)
        return []
