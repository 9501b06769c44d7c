"""The control socket: private, small, JSON throughout, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import uvloop

from bot.model.errors import BotError
from bot.ops.control import call
from bot.ops.control_server import (
    BODY_BYTES_MAX,
    ControlServer,
    Handlers,
    allowed_peer,
    dump,
    peer_uid,
)

Ask = Callable[..., Any]


class Daemon:
    """Answers and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def handlers(self) -> Handlers:
        """The handlers of this daemon."""
        return Handlers(
            status=lambda: {"level": "NORMAL", "net": math.nan, "cash": Decimal("1.50"), 1: "one"},
            health=lambda: {"ok": True},
            view=lambda section: {"delta": 1.0} if section == "exposure" else None,
            command=self._command,
            reload=self._reload,
        )

    async def _command(self, command: str, reason: str, by: str) -> dict[str, Any]:
        self.asked.append((command, reason, by))
        if command == "flatten":
            raise BotError("flatten needs level HALTED first: run `bot halt`")
        return {"level": "HALTED"}

    async def _reload(self, confirm: bool, by: str) -> dict[str, Any]:
        self.asked.append(("reload", confirm, by))
        return {"outcome": "applied", "version": 2}


@pytest.fixture
def daemon() -> Daemon:
    """A daemon to be asked."""
    return Daemon()


@pytest.fixture
async def path(tmp_path: Path, daemon: Daemon) -> AsyncIterator[Path]:
    """The socket of a running server."""
    server = ControlServer(tmp_path / "control.sock", daemon.handlers())
    await server.start()
    yield server.path
    await server.stop()


async def _ask(path: Path, *arguments: Any) -> Any:
    return await asyncio.to_thread(call, path, *arguments)


async def test_every_endpoint_answers_json(path: Path, daemon: Daemon) -> None:
    assert await _ask(path, "GET", "/status") == {"level": "NORMAL", "net": None, "cash": "1.50", "1": "one"}
    assert await _ask(path, "GET", "/health") == {"ok": True}
    assert await _ask(path, "GET", "/view/exposure") == {"delta": 1.0}
    command = {"command": "halt", "reason": " venue odd ", "by": "ann"}
    assert await _ask(path, "POST", "/command", command) == {"level": "HALTED"}
    assert (await _ask(path, "POST", "/reload", {"by": "ann"}))["version"] == 2
    await _ask(path, "POST", "/reload", {"by": "ann", "confirm": True})
    assert daemon.asked == [("halt", "venue odd", "ann"), ("reload", False, "ann"), ("reload", True, "ann")]


@pytest.mark.parametrize(
    ("method", "where", "body", "message"),
    [
        ("GET", "/view/nothing", None, "no section 'nothing'"),
        ("GET", "/nowhere", None, "Not Found"),
        ("GET", "/docs", None, "Not Found"),
        ("GET", "/openapi.json", None, "Not Found"),
        ("DELETE", "/status", None, "Method Not Allowed"),
        (
            "POST",
            "/command",
            {"command": "buy", "reason": "x", "by": "ann"},
            "command: Input should be 'pause'",
        ),
        ("POST", "/command", {"command": "halt", "by": "ann"}, "reason: Field required"),
        ("POST", "/command", {"command": "halt", "reason": "  ", "by": "ann"}, "reason: String should have"),
        (
            "POST",
            "/command",
            {"command": "halt", "reason": "x" * 501, "by": "a"},
            "reason: String should have",
        ),
        (
            "POST",
            "/command",
            {"command": "halt", "reason": "x", "by": "a", "force": True},
            "force: Extra inputs",
        ),
        ("POST", "/command", {"command": "flatten", "reason": "x", "by": "ann"}, "needs level HALTED first"),
        ("POST", "/reload", None, "body: Field required"),
        ("POST", "/reload", {"by": "ann", "confirm": "yes"}, "confirm: Input should be a valid boolean"),
        ("POST", "/reload", {"by": "x" * BODY_BYTES_MAX}, f"at most {BODY_BYTES_MAX} bytes"),
    ],
)
async def test_what_cannot_be_done_is_said(
    path: Path, method: str, where: str, body: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(BotError, match=message):
        await _ask(path, method, where, body)
    assert await _ask(path, "GET", "/health") == {"ok": True}


async def _raw(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"content-length: 99999999999\r\n\r\n",
        b"content-length: -1\r\n\r\n",
    ],
)
async def test_a_body_of_unknown_or_large_size_is_refused_unread(
    path: Path, daemon: Daemon, head: bytes
) -> None:
    answer = await _raw(path, b"POST /reload HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + head)
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
    assert daemon.asked == []


async def test_garbage_does_not_stop_the_server(path: Path) -> None:
    await _raw(path, b"\x00\xff\r\n\r\n")
    assert await _ask(path, "GET", "/health") == {"ok": True}


async def test_the_socket_is_private_and_removed_at_the_end(tmp_path: Path, daemon: Daemon) -> None:
    server = ControlServer(tmp_path / "c.sock", daemon.handlers())
    await server.start()
    assert server.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BotError, match="another daemon answers there"):
        await ControlServer(server.path, daemon.handlers()).start()
    await server.stop()
    assert not server.path.exists()
    await server.stop()


async def test_a_stale_socket_is_replaced_but_a_file_is_not(tmp_path: Path, daemon: Daemon) -> None:
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(stale))
    server = ControlServer(stale, daemon.handlers())
    await server.start()
    assert await _ask(stale, "GET", "/health") == {"ok": True}
    await server.stop()
    (tmp_path / "file").write_text("precious")
    with pytest.raises(BotError, match="is no socket"):
        await ControlServer(tmp_path / "file", daemon.handlers()).start()
    assert (tmp_path / "file").read_text() == "precious"


async def test_a_path_too_long_for_a_socket_is_explained(tmp_path: Path, daemon: Daemon) -> None:
    with pytest.raises(BotError, match="a unix socket path holds 107 bytes: set a shorter BOT_STATE_DIR"):
        await ControlServer(tmp_path / ("x" * 100), daemon.handlers()).start()


async def test_signals_stay_the_daemons(tmp_path: Path, daemon: Daemon) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    server = ControlServer(tmp_path / "c.sock", daemon.handlers())
    await server.start()
    assert {number: signal.getsignal(number) for number in before} == before
    await server.stop()


def test_only_this_user_and_root_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
    assert allowed_peer(os.geteuid())
    assert allowed_peer(0)
    assert not allowed_peer(os.geteuid() + 1)


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_another_users_connection_is_closed_unanswered(
    tmp_path: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, new_loop: Callable[[], Any]
) -> None:
    async def run() -> None:
        server = ControlServer(tmp_path / "c.sock", daemon.handlers())
        await server.start()
        assert await _ask(server.path, "GET", "/health") == {"ok": True}
        monkeypatch.setattr("bot.ops.control_server.allowed_peer", lambda uid: uid != os.geteuid())
        with pytest.raises(BotError):
            await _ask(server.path, "POST", "/command", {"command": "halt", "reason": "x", "by": "eve"})
        await server.stop()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
    assert daemon.asked == []


def test_answers_are_json_whatever_they_hold() -> None:
    assert dump({"p": Path("a"), "n": math.inf, 2: None}) == b'{"p":"a","n":null,"2":null}'
