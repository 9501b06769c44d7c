"""One run of the daemon as a process: loop, lock, signals, time limit, control socket, viewer.

Rule: SIGINT and SIGTERM ask for the ordered stop; nothing here knows what the daemon does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.app import Daemon, RunResult
from bot.clock import ScaledLoop
from bot.config import Settings
from bot.operate import Operator
from bot.ops.lock import StateLock
from bot.wiring import build, place_of


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`seconds` of wall time (None = until a signal), `speed` of the paper market, its `seed`.

    `watch(status document)` is called about once a second.
    """

    seconds: float | None = None
    speed: float = 1.0
    seed: int | None = None
    watch: Callable[[dict[str, Any]], None] | None = None


def run(settings: Settings, options: RunOptions) -> RunResult:
    """Run the daemon until its time is up or a signal arrives. Raises `BotError` when it cannot start."""
    loop = ScaledLoop(options.speed)
    asyncio.set_event_loop(loop)
    try:
        with StateLock(settings.state.dir):
            place = place_of(settings, loop, options.seed)
            daemon = Daemon(settings, build(settings, place))
            return loop.run_until_complete(_serve(daemon, options, loop))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _serve(daemon: Daemon, options: RunOptions, loop: ScaledLoop) -> RunResult:
    """Run with signals, a time limit, the control socket and a viewer."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.seconds is not None:
        loop.call_later(options.seconds * options.speed, stop.set)
    operator = Operator(daemon)
    async with operator.serving():
        viewer = asyncio.create_task(_view(daemon, options)) if options.watch else None
        try:
            return await daemon.run(stop)
        finally:
            if viewer is not None:
                viewer.cancel()


async def _view(daemon: Daemon, options: RunOptions) -> None:
    while options.watch is not None:
        options.watch(daemon.status())
        await asyncio.sleep(options.speed)
