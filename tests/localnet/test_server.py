"""Hosts behind one port, and what faults do to requests."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from localnet.clients import browser, quiet_net, soon

TIME = "https://api.binance.com/api/v3/time"
CHANGED = [
    ("500", 500, "-1001"),
    ("503", 503, "-1008"),
    ("429", 429, "-1003"),
    ("418", 418, "-1003"),
    ("html", 502, "<html>"),
]


async def _rule(session: aiohttp.ClientSession, url: str, **rule: Any) -> dict[str, Any]:
    async with session.post(url, json=rule) as answer:
        assert answer.status == 201
        found: dict[str, Any] = await answer.json()
        return found


async def test_faults_change_answers_and_are_spent() -> None:
    async with quiet_net() as net, browser(net) as session, aiohttp.ClientSession() as desk:
        url = net.describe()["faults_url"]
        for kind, status, words in CHANGED:
            await _rule(desk, url, venue="binance", pattern="GET *", kind=kind, count=1, seconds=2)
            async with session.get(TIME) as answer:
                assert (answer.status, words in await answer.text()) == (status, True)
                if kind == "429":
                    assert answer.headers["Retry-After"] == "2"
        await _rule(desk, url, kind="truncated", count=1)
        async with session.get(TIME) as answer:
            text = await answer.text()
            assert (answer.status, text[:5], text.endswith("}")) == (200, '{"ser', False)
        await _rule(desk, url, kind="empty", count=1)
        async with session.get(TIME) as answer:
            assert (answer.status, await answer.text()) == (200, "")
        async with session.get(TIME) as answer:
            assert "serverTime" in await answer.json()
        async with desk.get(url) as answer:
            assert {rule["hits"] for rule in (await answer.json())["rules"]} == {1}


@pytest.mark.parametrize("kind", ["close", "drop_request", "drop_answer"])
async def test_faults_break_connections(kind: str) -> None:
    async with quiet_net() as net, browser(net) as session:
        net.faults.add({"kind": kind, "seconds": 0.05})
        with pytest.raises((aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError)):
            await soon(session.put(TIME))


async def test_a_delay_comes_before_or_after() -> None:
    async with quiet_net() as net, browser(net) as session:
        for after in (False, True):
            net.faults.add({"kind": "delay", "seconds": 0.2, "count": 1, "after": after})
            began = asyncio.get_running_loop().time()
            async with session.get(TIME) as answer:
                assert answer.status == 200
            assert asyncio.get_running_loop().time() - began >= 0.2


async def test_rules_are_listed_removed_and_refused() -> None:
    async with quiet_net() as net, aiohttp.ClientSession() as desk:
        url = net.describe()["faults_url"]
        rule = await _rule(desk, url, venue="bybit", pattern="*", kind="close")
        for bad in ({"kind": "none"}, [], "x"):
            async with desk.post(url, json=bad) as answer:
                assert answer.status == 400
                assert "error" in await answer.json()
        async with desk.delete(f"{url}/{rule['id']}") as answer:
            assert await answer.json() == {"removed": 1}
        async with desk.delete(f"{url}/one") as answer:
            assert answer.status == 404
        async with desk.delete(url) as answer:
            assert await answer.json() == {"removed": 0}


async def test_unknown_hosts_and_paths() -> None:
    async with quiet_net() as net, browser(net) as session:
        async with session.get("https://localhost/api/v3/time") as answer:
            assert answer.status == 421
        async with session.get("https://api.binance.com/api/v3/nothing") as answer:
            assert answer.status == 404


async def test_a_stream_can_be_refused() -> None:
    async with quiet_net() as net, browser(net) as session:
        net.faults.add({"kind": "503", "pattern": "GET /ws*", "count": 1})
        with pytest.raises(aiohttp.WSServerHandshakeError) as info:
            await session.ws_connect("wss://stream.binance.com/ws")
        assert info.value.status == 503
        net.faults.add({"kind": "close", "pattern": "GET /ws*"})
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await soon(session.ws_connect("wss://stream.binance.com/ws"))
        net.faults.remove()
        async with session.ws_connect("wss://stream.binance.com/ws") as stream:
            assert not stream.closed
