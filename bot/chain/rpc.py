"""JSON-RPC to one node, over HTTP or WebSocket: bytes in, bytes out.

Rule 1: every call has a deadline; no answer in time is `LineDown`, never a value.
Rule 2: what the node itself refuses is `RpcError`; the caller decides whether it asks another node.
Rule 3: nothing here signs or sends a transaction; a node's address may hold a key and is never shown whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import orjson

from bot.chain.abi import AbiError, clean
from bot.model.errors import BotError, ConfigError

TIMEOUT_S = 2.0
CLOSE_S = 0.2


class LineDown(BotError):
    """The node does not answer on this line."""


class RpcError(BotError):
    """The node answered with an error."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {clean(message, 160)} ({code})")
        self.code, self.message = code, message


class Rpc(Protocol):
    """A line to a node. `calls` counts the requests sent, for benchmarks and metrics."""

    name: str
    calls: int

    async def call(self, method: str, params: list[Any], timeout_s: float = TIMEOUT_S) -> Any:
        """The result of one request. Raises `LineDown` or `RpcError`."""
        ...


def host_of(url: str) -> str:
    """`host:port` of a node's address: the part that is safe to show."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise ConfigError(["a node's address must look like http(s)://host or ws(s)://host"])
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname


def result_of(method: str, answer: Any) -> Any:
    """The `result` of a JSON-RPC answer. Raises `RpcError`, or `AbiError` where it is no such answer."""
    if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
        raise AbiError(f"{method}: the node did not answer in JSON-RPC")
    error = answer.get("error")
    if error is not None:
        detail = error if isinstance(error, dict) else {"code": 0, "message": str(error)}
        code = detail.get("code", 0)
        raise RpcError(method, code if isinstance(code, int) else 0, str(detail.get("message", "")))
    return answer["result"]


def _acknowledger(line: aiohttp.ClientWebSocketResponse) -> Callable[[], None]:
    """Ask the kernel to acknowledge at once: a node that waits for it (Nagle) holds its next event for 40 ms.

    The option lasts for one segment only, so it is set again after each frame; where it is unknown: nothing.
    """
    option, raw = getattr(socket, "TCP_QUICKACK", None), line.get_extra_info("socket")
    if option is None or raw is None or raw.family not in {socket.AF_INET, socket.AF_INET6}:
        return lambda: None

    def acknowledge() -> None:
        with contextlib.suppress(OSError):  # the line may just be closing
            raw.setsockopt(socket.IPPROTO_TCP, option, 1)

    return acknowledge


class HttpRpc:
    """One node over HTTP with kept-alive connections."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.name, self.calls = host_of(url), 0
        self._url, self._session = url, session

    async def call(self, method: str, params: list[Any], timeout_s: float = TIMEOUT_S) -> Any:
        """See `Rpc.call`."""
        self.calls += 1
        body = orjson.dumps({"jsonrpc": "2.0", "id": self.calls, "method": method, "params": params})
        try:
            async with asyncio.timeout(timeout_s):
                async with self._session.post(
                    self._url, data=body, headers={"content-type": "application/json"}
                ) as response:
                    raw = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise LineDown(f"{self.name}: {method}: {type(error).__name__}") from None
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise LineDown(f"{self.name}: {method}: HTTP {response.status}, not JSON") from None
        return result_of(method, answer)


class WsRpc:
    """One node over one WebSocket: calls and subscriptions. Not reopened once closed: make a new one."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.name, self.calls = host_of(url), 0
        self.closed = asyncio.Event()
        self._url, self._session = url, session
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[str, Callable[[Any], None]] = {}
        self._early: dict[str, list[Any]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, timeout_s: float = TIMEOUT_S) -> None:
        """Connect. Raises `LineDown`."""
        try:
            async with asyncio.timeout(timeout_s):
                self._socket = await self._session.ws_connect(
                    self._url, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S), max_msg_size=0
                )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise LineDown(f"{self.name}: cannot connect: {type(error).__name__}") from None
        self._reader = asyncio.create_task(self._read(self._socket))

    async def call(self, method: str, params: list[Any], timeout_s: float = TIMEOUT_S) -> Any:
        """See `Rpc.call`."""
        line = self._socket
        if line is None or self.closed.is_set():
            raise LineDown(f"{self.name}: {method}: not connected")
        self.calls += 1
        number = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        body = orjson.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            async with asyncio.timeout(timeout_s):
                await line.send_str(body.decode())
                answer = await future
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise LineDown(f"{self.name}: {method}: {type(error).__name__}") from None
        finally:
            self._waiting.pop(number, None)
        return result_of(method, answer)

    async def subscribe(self, params: list[Any], handler: Callable[[Any], None]) -> None:
        """`eth_subscribe`; `handler(result)` is called in the turn that read the frame and must not raise."""
        key = str(await self.call("eth_subscribe", params))
        self._handlers[key] = handler
        for result in self._early.pop(key, []):
            handler(result)

    async def close(self) -> None:
        """Drop the line now; a peer that does not say goodbye is not waited for."""
        self.closed.set()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _read(self, line: aiohttp.ClientWebSocketResponse) -> None:
        acknowledge = _acknowledger(line)
        try:
            acknowledge()
            async for frame in line:
                acknowledge()
                if frame.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    self._take(frame.data)
        finally:
            self.closed.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(LineDown(f"{self.name}: the line was cut"))

    def _take(self, data: str | bytes) -> None:
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return  # the watchdog notices a line that only talks nonsense
        if not isinstance(message, dict):
            return
        number = message.get("id")
        if isinstance(number, int):
            future = self._waiting.get(number)
            if future is not None and not future.done():
                future.set_result(message)
            return
        params = message.get("params")
        if isinstance(params, dict) and "result" in params:
            key = str(params.get("subscription"))
            handler = self._handlers.get(key)
            if handler is not None:
                handler(params["result"])
            elif len(self._early) < 8:  # the first event may overtake the answer that names the subscription
                self._early.setdefault(key, []).append(params["result"])
