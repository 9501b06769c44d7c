"""Lines to nodes that answer late, wrongly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.chain.abi import AbiError
from bot.chain.rpc import HttpRpc, LineDown, RpcError, WsRpc, host_of
from bot.model.errors import ConfigError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """A server with one handler: its host and port, and a session to reach it with."""
    app = web.Application()
    app.router.add_route("*", "/{key}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield f"127.0.0.1:{port}", session
    await runner.cleanup()


def answering(body: Any) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    return handler


async def test_the_result_is_returned_and_counted() -> None:
    async with serving(answering({"jsonrpc": "2.0", "id": 1, "result": "0x38"})) as (host, session):
        rpc = HttpRpc(f"http://{host}/key", session)
        assert await rpc.call("eth_chainId", []) == "0x38"
        assert rpc.calls == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"code": -32000, "message": "header not found"}}, RpcError),
        ({"error": "odd"}, RpcError),
        ({"id": 1}, AbiError),
        ([1], AbiError),
    ],
)
async def test_answers_without_a_result_are_errors(body: Any, error: type[Exception]) -> None:
    async with serving(answering(body)) as (host, session):
        with pytest.raises(error):
            await HttpRpc(f"http://{host}/key", session).call("eth_call", [])


async def test_a_nodes_words_cannot_harm_the_terminal() -> None:
    hostile = {"error": {"code": 3, "message": "\x1b[2J\n" + "x" * 1_000}}
    async with serving(answering(hostile)) as (host, session):
        with pytest.raises(RpcError) as caught:
            await HttpRpc(f"http://{host}/key", session).call("eth_call", [])
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 250


async def test_what_is_not_json_is_a_dead_line() -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="<html>bad gateway</html>")

    async with serving(handler) as (host, session):
        with pytest.raises(LineDown, match="502"):
            await HttpRpc(f"http://{host}/key", session).call("eth_call", [])


async def test_no_answer_in_time_is_a_dead_line_and_keeps_the_key_secret() -> None:
    never = asyncio.Event()

    async def handler(_request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with serving(handler) as (host, session):
        with pytest.raises(LineDown) as caught:
            await HttpRpc(f"http://{host}/secretkey", session).call("eth_call", [], timeout_s=0.05)
        assert host in str(caught.value)
        assert "secretkey" not in str(caught.value)
        never.set()


async def test_a_websocket_that_ends_fails_what_waits_on_it() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close()
        return socket

    async with serving(handler) as (host, session):
        rpc = WsRpc(f"ws://{host}/key", session)
        with pytest.raises(LineDown, match="not connected"):
            await rpc.call("eth_call", [])
        await rpc.open()
        with pytest.raises(LineDown, match="cut"):
            await rpc.call("eth_call", [])
        assert rpc.closed.is_set()
        await rpc.close()


async def test_an_event_may_overtake_the_name_of_its_subscription() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked = await socket.receive_json()
        for value in (1, 2):
            event = {"subscription": "0xa", "result": value}
            await socket.send_json({"jsonrpc": "2.0", "method": "eth_subscription", "params": event})
        await socket.send_str("not json")
        await socket.send_str("[]")
        await socket.send_json({"jsonrpc": "2.0", "id": asked["id"], "result": "0xa"})
        await socket.send_json({"method": "eth_subscription", "params": {"subscription": "0xa", "result": 3}})
        await socket.receive()
        return socket

    async with serving(handler) as (host, session):
        rpc = WsRpc(f"ws://{host}/key", session)
        await rpc.open()
        seen: list[int] = []
        done = asyncio.Event()

        def take(value: int) -> None:
            seen.append(value)
            if value == 3:
                done.set()

        await rpc.subscribe(["newHeads"], take)
        async with asyncio.timeout(2):
            await done.wait()
        assert seen == [1, 2, 3]
        await rpc.close()


async def test_a_refused_connection_is_a_dead_line() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(LineDown, match="cannot connect"):
            await WsRpc("ws://127.0.0.1:9", session).open()
        with pytest.raises(LineDown):
            await HttpRpc("http://127.0.0.1:9", session).call("eth_chainId", [])


def test_only_host_and_port_are_shown() -> None:
    assert host_of("wss://user:pass@node.example:8546/key?x=1") == "node.example:8546"
    for nonsense in ("node.example", "ftp://x", "http://"):
        with pytest.raises(ConfigError):
            host_of(nonsense)
