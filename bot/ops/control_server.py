"""The control API: a unix socket for this user only, on which the daemon answers.

Rule 1: nobody but the daemon's own user (or root) is answered: socket mode 0600 and the kernel's word on the
peer. There is no TCP port and no password to leak.
Rule 2: requests are small and JSON; answers are JSON, errors too: {"error": …}.
Rule 3: the server is a guest in the daemon's loop: no signal handlers, no clock, no log lines of its own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.model.errors import BotError
from bot.ops.control import Json

BODY_BYTES_MAX = 16_384
PATH_BYTES_MAX = 107  # what a unix socket address holds
CONNECTIONS_MAX = 32

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class CommandRequest(BaseModel):
    """What an operator wants done, why, and who it is."""

    model_config = ConfigDict(extra="forbid", strict=True)
    command: Literal["pause", "resume", "halt", "flatten"]
    reason: Text
    by: Text


class ReloadRequest(BaseModel):
    """Read limits.toml again; `confirm` lets large loosenings pass."""

    model_config = ConfigDict(extra="forbid", strict=True)
    confirm: bool = False
    by: Text


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the daemon gives the server to answer with. `view(section)` is None for an unknown section."""

    status: Callable[[], Json]
    health: Callable[[], Json]
    view: Callable[[str], Json | None]
    command: Callable[[str, str, str], Awaitable[Json]]
    reload: Callable[[bool, str], Awaitable[Json]]


class ControlServer:
    """Serves `handlers` on a unix socket while it is started."""

    def __init__(self, path: Path, handlers: Handlers) -> None:
        self.path, self._handlers = path, handlers
        self._server: Any = None
        self._socket: socket.socket | None = None

    async def start(self) -> None:
        """Begin to answer. Raises `BotError` when the socket cannot be made or is answered already."""
        self._socket = _listen(self.path)
        config = uvicorn.Config(
            _limited(api(self._handlers)),
            http=PeerChecked,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=1,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        # `startup` alone: `serve` would take over the signals and poll the machine's clock.
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """Finish open answers (at most a second), close, and remove the socket."""
        if self._server is not None and self._socket is not None:
            await self._server.shutdown(sockets=[self._socket])
            self._server = None
            self._socket.close()
            self.path.unlink(missing_ok=True)


def api(handlers: Handlers) -> FastAPI:
    """The HTTP application, without its socket."""
    app = FastAPI(title="bot control", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/status")
    async def status() -> Response:
        return answer(handlers.status())

    @app.get("/health")
    async def health() -> Response:
        return answer(handlers.health())

    @app.get("/view/{section}")
    async def view(section: str) -> Response:
        found = handlers.view(section)
        return (
            answer({"error": f"no section {section!r} in the view"}, 404) if found is None else answer(found)
        )

    @app.post("/command")
    async def command(request: CommandRequest) -> Response:
        return answer(await handlers.command(request.command, request.reason, request.by))

    @app.post("/reload")
    async def reload(request: ReloadRequest) -> Response:
        return answer(await handlers.reload(request.confirm, request.by))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: object, error: RequestValidationError) -> Response:
        faults = [
            f"{'.'.join(map(str, item['loc'][1:])) or 'body'}: {item['msg']}" for item in error.errors()
        ]
        return answer({"error": "; ".join(faults)}, 422)

    @app.exception_handler(HTTPException)
    async def refused(_: object, error: HTTPException) -> Response:
        return answer({"error": str(error.detail)}, error.status_code)

    @app.exception_handler(BotError)
    async def failed(_: object, error: BotError) -> Response:
        return answer({"error": str(error)}, 500)

    return app


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(dump(body), status_code=status, media_type="application/json")


def dump(body: object) -> bytes:
    """JSON bytes; keys may be numbers, what is not finite becomes null, decimals and paths text."""
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def _limited(app: ASGIApp) -> ASGIApp:
    """Refuse a body that is too large before it is read."""

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        size = next((value for name, value in scope.get("headers", ()) if name == b"content-length"), b"0")
        chunked = any(name == b"transfer-encoding" for name, _ in scope.get("headers", ()))
        if scope["type"] == "http" and (chunked or not size.isdigit() or int(size) > BODY_BYTES_MAX):
            body = dump({"error": f"a request holds at most {BODY_BYTES_MAX} bytes and says how many"})
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await app(scope, receive, send)

    return limited


class PeerChecked(H11Protocol):
    """Closes a connection whose other end is another user's."""

    def connection_made(self, transport: Any) -> None:
        """Called by the loop for every new connection."""
        super().connection_made(transport)
        if not allowed_peer(peer_uid(transport.get_extra_info("socket"))):
            transport.abort()


def peer_uid(connection: Any) -> int:
    """The user id of the process at the other end, from the kernel."""
    duplicate = socket.socket(fileno=os.dup(connection.fileno()))  # the loop's own object may hide options
    try:
        _, uid, _ = struct.unpack("3i", duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    finally:
        duplicate.close()
    return int(uid)


def allowed_peer(uid: int) -> bool:
    """This user or root."""
    return uid in (0, os.geteuid())


def _listen(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise BotError(
            f"{path}: a unix socket path holds {PATH_BYTES_MAX} bytes: set a shorter BOT_STATE_DIR"
        )
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        listener.bind(os.fspath(path))
    except OSError as error:
        listener.close()
        raise BotError(
            f"{path}: cannot make the control socket ({error.strerror}): check the directory"
        ) from error
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


def _remove_stale(path: Path) -> None:
    """A socket file that nobody answers on is left over from a crash."""
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise BotError(f"{path}: is no socket: set another control.socket, or move that file")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(1.0)
        probe.connect(os.fspath(path))
        raise BotError(f"{path}: another daemon answers there: stop it first (`bot status` shows it)")
    path.unlink(missing_ok=True)
