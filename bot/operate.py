"""The operator's side of a running daemon: control socket, commands, reload, file watch, SIGHUP.

Rule 1: a command is a fact like any other; its answer waits until the view has seen it.
Rule 2: a reload is validated whole before anything changes; the answer says what was applied, what needs a
restart, what was refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol, cast

import structlog

from bot.channels import Inbox, Latest
from bot.clock import Clock
from bot.config import Settings
from bot.model.errors import BotError, Timeout
from bot.model.facts import OperatorCommand
from bot.model.view import View
from bot.ops.control_server import ControlServer, Handlers
from bot.ops.reload import Reloader
from bot.ops.reload_watch import on_hangup, watch

log = structlog.get_logger("operator")

ANSWER_S = 10.0
COMMANDS = ("pause", "resume", "halt", "flatten")


class Running(Protocol):
    """What the operator needs of the daemon."""

    settings: Settings
    inbox: Inbox
    view: Latest[View]
    reloader: Reloader
    clock: Clock

    def status(self) -> dict[str, Any]:
        """The status document."""
        ...


class Operator:
    """Serves one daemon."""

    def __init__(self, daemon: Running) -> None:
        self._daemon = daemon

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Control socket and reload watch while the block runs."""
        settings = self._daemon.settings
        server = ControlServer(settings.state_path(settings.control.socket), self._handlers())
        await server.start()
        stop, files = asyncio.Event(), (settings.files.limits,)
        on_hangup(asyncio.get_running_loop(), lambda: self._reload("SIGHUP"))
        watching = asyncio.create_task(watch(files, lambda: self._reload("file saved"), stop))
        try:
            yield
        finally:
            stop.set()
            await watching
            await server.stop()

    def _handlers(self) -> Handlers:
        daemon = self._daemon
        return Handlers(
            status=daemon.status,
            health=lambda: {"ok": True, "level": daemon.view.value.level.name},
            view=lambda section: cast("dict[str, Any] | None", daemon.status().get(section)),
            command=self.command,
            reload=self.reload,
        )

    async def command(self, command: str, reason: str, by: str) -> dict[str, Any]:
        """Put an operator's command to the aggregator; answers with the level it led to."""
        if command not in COMMANDS:
            raise BotError(f"no command {command!r}: use {', '.join(COMMANDS)}")
        daemon = self._daemon
        fact = OperatorCommand(daemon.clock.now_ns(), cast("Any", command), reason, by)
        await self._seen(daemon.inbox.put(fact))
        view = daemon.view.value
        return {"level": view.level.name, "level_reason": view.level_reason, "paused": view.paused}

    async def reload(self, confirm: bool, by: str) -> dict[str, Any]:
        """Read the limits again; answers when the view carries them."""
        daemon = self._daemon
        result = daemon.reloader.reload(by, confirm)
        await self._seen(daemon.inbox.last)
        return result.as_dict()

    def _reload(self, by: str) -> None:
        result = self._daemon.reloader.reload(by)
        log.info("reload", by=by, outcome=result.outcome, problems=list(result.problems))

    async def _seen(self, fact: int) -> None:
        latest = self._daemon.view
        try:
            async with asyncio.timeout(ANSWER_S):
                while latest.value.version < fact:
                    await latest.changed(latest.version)
        except TimeoutError:
            raise Timeout(f"the daemon did not act on it within {ANSWER_S:g} s: see `bot status`") from None
