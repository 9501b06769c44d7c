"""What faults do to streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.localnet.serve import Localnet
from localnet.clients import browser, quiet_net, soon

TRADES = "spot tokenusdt@trade"


@asynccontextmanager
async def _tape(net: Localnet) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A subscribed trade stream."""
    async with browser(net) as session, session.ws_connect("wss://stream.binance.com/ws") as stream:
        await stream.send_json({"method": "SUBSCRIBE", "params": ["tokenusdt@trade"], "id": 1})
        assert await soon(stream.receive_json()) == {"result": None, "id": 1}
        yield stream


@asynccontextmanager
async def _api(net: Localnet) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The WebSocket API."""
    url = "wss://ws-api.binance.com/ws-api/v3"
    async with browser(net) as session, session.ws_connect(url) as stream:
        yield stream


def _trade(net: Localnet, tokens: int) -> None:
    desk = net.engines["binance"].spot
    desk.exchange.sweep(1, 10**9, tokens * 10, desk.now_ms * 1_000_000)  # type: ignore[arg-type]


async def _sizes(stream: aiohttp.ClientWebSocketResponse, count: int) -> list[float]:
    return [float((await soon(stream.receive_json()))["q"]) for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "heard"),
    [("drop_frame", [2, 3]), ("duplicate", [1, 1, 2, 3]), ("reorder", [2, 1, 3]), ("stall", [1, 2, 3])],
)
async def test_frames(kind: str, heard: list[float]) -> None:
    async with quiet_net(running=False) as net, _tape(net) as stream:
        net.faults.add({"kind": kind, "pattern": TRADES, "count": 1, "seconds": 0.2})
        began = asyncio.get_running_loop().time()
        for tokens in (1, 2, 3):
            _trade(net, tokens)
        assert await _sizes(stream, len(heard)) == heard
        waited = asyncio.get_running_loop().time() - began
        assert (waited >= 0.2) is (kind == "stall")


async def test_a_cut_ends_the_stream() -> None:
    async with quiet_net(running=False) as net, _tape(net) as stream:
        net.faults.add({"kind": "cut", "pattern": TRADES})
        _trade(net, 1)
        message = await soon(stream.receive())
        assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)


@pytest.mark.parametrize(
    ("rule", "answered"),
    [({"kind": "drop_request"}, [2]), ({"kind": "drop_answer"}, [2]),
     ({"kind": "delay", "seconds": 0.05}, [1, 2])],
)  # fmt: skip
async def test_requests_on_a_stream(rule: dict[str, Any], answered: list[int]) -> None:
    async with quiet_net(running=False) as net, _api(net) as stream:
        net.faults.add({**rule, "pattern": "WS time", "count": 1})
        for number in (1, 2):
            await stream.send_json({"id": number, "method": "time"})
        for number in answered:
            assert (await soon(stream.receive_json()))["id"] == number


async def test_a_request_can_cut_the_line() -> None:
    async with quiet_net(running=False) as net, _api(net) as stream:
        net.faults.add({"kind": "close", "pattern": "WS *"})
        await stream.send_json({"id": 1, "method": "time"})
        assert (await soon(stream.receive())).type is not aiohttp.WSMsgType.TEXT


async def test_a_venue_pings_and_a_client_that_is_silent_is_dropped() -> None:
    async with quiet_net(running=False) as net, browser(net) as session:
        net.venues["binance"].heartbeat_s = 0.05
        url = "wss://stream.binance.com/ws"
        async with session.ws_connect(url, autoping=False) as silent:
            assert (await soon(silent.receive())).type is aiohttp.WSMsgType.PING
            last = await soon(silent.receive())
            while last.type is aiohttp.WSMsgType.PING:
                last = await soon(silent.receive())
            assert last.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        async with session.ws_connect(url, heartbeat=0.05) as answering:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(answering.receive(), 0.4)
            assert not answering.closed
