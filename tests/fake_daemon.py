"""A daemon that only talks: the real control server on a unix socket, and a memory of what was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.ops.control_server import ControlServer, Handlers


@dataclass
class FakeDaemon:
    """What it answers, and what it was asked to do."""

    status: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def command(self, command: str, reason: str, by: str) -> Mapping[str, Any]:
        """Remember an operator's command."""
        self.asked.append((command, reason, by))
        return self.answer

    async def reload(self, confirm: bool, by: str) -> Mapping[str, Any]:
        """Remember a reload."""
        self.asked.append(("reload", confirm, by))
        return self.answer

    def handlers(self) -> Handlers:
        """As the control server wants them."""
        return Handlers(
            status=lambda: self.status,
            health=lambda: {"ok": True},
            view=lambda _section: None,
            command=self.command,
            reload=self.reload,
        )


@contextmanager
def listening(daemon: FakeDaemon, socket: Path) -> Iterator[FakeDaemon]:
    """Serve `daemon` on `socket` from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = ControlServer(socket, daemon.handlers())
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield daemon
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
