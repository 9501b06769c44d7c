"""A line between the program and a node that can be cut, frozen, or made to speak like other nodes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
EXTRA_DATA = "0x" + "ab" * 280


def bsc_header(header: dict[str, Any]) -> dict[str, Any]:
    """A header as BSC's nodes write it: 280 bytes of extraData, milliseconds, fields others do not have."""
    return {
        **header,
        "extraData": EXTRA_DATA,
        "milliTimestamp": hex(int(header["timestamp"], 16) * 1000 + 450),
        "difficulty": "0x2",
        "requestsHash": "0x" + "e3" * 32,
    }


class Proxy:
    """HTTP and WebSocket on one port, forwarded to a node; `rewrite` changes headers, `mangle` changes reads.

    While `flowing` is cleared nothing passes and nothing is closed: the far end just stops.
    """

    def __init__(self, target: str, rewrite: Rewrite | None = None) -> None:
        self.target, self.rewrite = target, rewrite or (lambda message: message)
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.mangle: Callable[[str], str] = lambda result: result
        self.port = 0
        self.logs_key = ""
        self.requests: list[str] = []
        self._sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._holding: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Proxy:
        app = web.Application()
        app.router.add_route("*", "/", self._serve)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.flowing.set()
        await self.cut()
        await self._runner.cleanup()
        await self._session.close()

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        """Accept connections (again), on the same port."""
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Cut everything and accept nothing."""
        for site in list(self._runner.sites):
            await site.stop()
        await self.cut()

    async def cut(self) -> None:
        """Close every line."""
        for socket in list(self._sockets):
            transport = socket._req.transport
            if transport is not None:
                transport.abort()
        self._sockets.clear()

    async def say(self, log: dict[str, Any]) -> None:
        """Send a log event of our own to every subscriber of logs."""
        for socket in self._sockets:
            await socket.send_str(
                json.dumps(
                    {
                        "jsonrpc": "2.0",
                        "method": "eth_subscription",
                        "params": {"subscription": self.logs_key, "result": log},
                    }
                )
            )

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._serve_ws(request)
        body = await request.json()
        self.requests.append(body["method"])
        await self.flowing.wait()
        async with self._session.post(self.target, json=body) as response:
            return web.json_response(self._rewritten(body["method"], await response.json()))

    async def _serve_ws(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets.append(socket)
        async with self._session.ws_connect(self.target.replace("http", "ws"), max_msg_size=0) as upstream:
            methods: dict[Any, str] = {}
            down = asyncio.create_task(self._down(upstream, socket, methods))
            try:
                async for frame in socket:
                    message = json.loads(frame.data)
                    methods[message["id"]] = message["method"]
                    if (message.get("params") or [""])[0] == "logs":
                        methods[message["id"]] = "logs"
                    self.requests.append(message["method"])
                    await self.flowing.wait()
                    await upstream.send_str(frame.data)
            finally:
                down.cancel()
                await asyncio.gather(down, return_exceptions=True)
        return socket

    async def _down(self, upstream: Any, socket: web.WebSocketResponse, methods: dict[Any, str]) -> None:
        async for frame in upstream:
            message = json.loads(frame.data)
            method = methods.pop(message.get("id"), "")
            if method == "logs" and not self.logs_key:
                self.logs_key = message["result"]
            await self.flowing.wait()
            await socket.send_str(json.dumps(self._rewritten(method, message)))

    def _rewritten(self, method: str, message: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getBlockByNumber" and isinstance(message.get("result"), dict):
            return {**message, "result": self.rewrite(message["result"])}
        if method == "eth_call" and isinstance(message.get("result"), str):
            return {**message, "result": self.mangle(message["result"])}
        event = message.get("params", {}).get("result")
        if isinstance(event, dict) and "parentHash" in event:
            params = {**message["params"], "result": self.rewrite(event)}
            return {**message, "params": params}
        return message
