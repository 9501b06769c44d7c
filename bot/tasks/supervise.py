"""The one place that catches broadly: runs tasks, tells a broken invariant from a failing part.

Rule 1: a critical task (aggregator, hedger, sampler) that fails ends the daemon: cancel all, exit 75.
Rule 2: what a venue calls in its read loop is contained: one part's failure never stops a stream.
Rule 3: what breaks in a callback of the event loop, where nobody could catch it, ends the daemon too.
Rule 4: any other task that fails is reported as a fact, cleaned up and started again after a pause that
doubles. A refused configuration is no failure: trying again would not mend it, so it ends the daemon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from bot.model.errors import BotError, ConfigError, FailSafe

T = TypeVar("T")

log = structlog.get_logger("supervise")

_PAUSE_S, _PAUSE_S_MAX = 1.0, 60.0


def contained(call: Callable[[T], None], failed: Callable[[str], None]) -> Callable[[T], None]:
    """`call` for use inside a venue's read loop: a failure there must not stop the stream, so it is told to
    `failed(reason)` instead of raised. A broken invariant still goes through."""

    def run(argument: T) -> None:
        try:
            call(argument)
        except FailSafe:
            raise
        except Exception as error:
            log.exception("callback_failed", callback=getattr(call, "__qualname__", str(call)))
            failed(f"{type(error).__name__}: {error}")

    return run


async def attempt(name: str, work: Awaitable[T]) -> tuple[T | None, str]:
    """The result and "", or None and why not: for what must go on after any failure (the end of a run)."""
    try:
        return await work, ""
    except (OSError, BotError) as error:
        log.warning("attempt_failed", what=name, reason=str(error))
        return None, str(error) or type(error).__name__
    except Exception as error:
        log.exception("attempt_failed", what=name)
        return None, str(error) or type(error).__name__


async def critical(name: str, task: Callable[[], Awaitable[None]]) -> None:
    """Run a task whose failure stops the daemon."""
    try:
        await task()
    except FailSafe:
        raise
    except Exception as error:
        log.exception("task_failed", task=name)
        raise FailSafe(f"{name} failed: {error!r}") from error


class Fuse:
    """Hears of callbacks of the event loop that broke, and ends the daemon: what they were told is lost."""

    def __init__(self) -> None:
        self._error: Exception | None = None
        self._blown = asyncio.Event()

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over what the loop would only log."""
        loop.set_exception_handler(self._broken)

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "handle" not in context or not isinstance(error, Exception):
            loop.default_exception_handler(context)
            return
        log.error("callback_failed", what=context.get("message"), exc_info=error)
        self._error = self._error or error
        self._blown.set()

    async def run(self) -> None:
        """Wait for the first failure and raise it as FailSafe."""
        await self._blown.wait()
        if isinstance(self._error, FailSafe):
            raise self._error
        raise FailSafe(f"a callback failed: {self._error!r}") from self._error


async def restarting(name: str, task: Callable[[], Awaitable[None]], failed: Callable[[str], None]) -> None:
    """Run a task, and again when it ends; `failed(reason)` cleans up and reports each failure.

    The pause between two runs doubles, and is short again after a run that lasted.
    """
    pause, time = _PAUSE_S, asyncio.get_running_loop().time
    while True:
        began = time()
        try:
            await task()
        except (FailSafe, ConfigError):
            raise
        except Exception as error:
            pause = _PAUSE_S if time() - began > _PAUSE_S_MAX else pause
            log.exception("task_failed", task=name, again_in_s=pause)
            failed(f"{type(error).__name__}: {error}")
        await asyncio.sleep(pause)
        pause = min(_PAUSE_S_MAX, pause * 2)
