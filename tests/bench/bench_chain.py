"""The chain monitor against a naive 20-call web3 reader and a bare socket, on one node in one run.

Run: python tests/bench/bench_chain.py [--json]. Exit code 1 when a budget is missed.
Budgets: at most 1.1 calls per block; a refresh at least 10 times faster than the naive reader's; a block's
fact within 5 times what a bare socket (acknowledging at once, too) needs to hear of it and ask one question.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import IPPROTO_TCP, TCP_QUICKACK
from typing import Any

import aiohttp
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.middleware import ExtraDataToPOAMiddleware

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bot.chain.multiread import MultiRead  # noqa: E402 - the path above makes it importable
from bot.chain.reading import readings  # noqa: E402
from bot.chain.rpc import HttpRpc, WsRpc  # noqa: E402
from bot.chain.verify import resolve  # noqa: E402
from bot.localnet.chain_packages import install  # noqa: E402
from chain.lab import Lab, fresh_lab, open_positions  # noqa: E402
from chain.watching import both, watching  # noqa: E402

ROUNDS = 40


async def timed(work: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> float:
    """Median milliseconds of `work`."""
    await work()
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        await work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e3


def naive(lab: Lab, url: str, ids: tuple[int, ...]) -> tuple[Callable[[], Awaitable[Any]], AsyncWeb3[Any]]:
    """The obvious reader: web3 contracts, one call after another, everything at `latest`."""
    w3 = AsyncWeb3(AsyncHTTPProvider(url))
    w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    packages, deployed = install(), lab.deployed

    def contract(address: str, name: str) -> Any:
        return w3.eth.contract(w3.to_checksum_address(address), abi=packages.artifact(name).abi)

    pool = contract(deployed.pool, "PancakeV3Pool")
    manager = contract(deployed.contracts.position_manager, "NonfungiblePositionManager")
    pair = contract(deployed.pair, "PancakePair")
    factory = contract(deployed.contracts.v2_factory, "PancakeFactory")
    coins = [contract(coin, "LabToken") for coin in (deployed.token0, deployed.token1)]
    us = w3.to_checksum_address(lab.market.us)

    async def read() -> None:
        for name in ("slot0", "liquidity", "feeGrowthGlobal0X128", "feeGrowthGlobal1X128"):
            await pool.functions[name]().call()
        for token_id in ids:
            position = await manager.functions.positions(token_id).call()
            await manager.functions.ownerOf(token_id).call()
            for tick in position[5:7]:
                await pool.functions.ticks(tick).call()
        for name in ("getReserves", "totalSupply", "kLast"):
            await pair.functions[name]().call()
        await pair.functions.balanceOf(us).call()
        await factory.functions.feeTo().call()
        for coin in coins:
            await coin.functions.balanceOf(pair.address).call()
        await w3.eth.get_block("latest")

    return read, w3


async def refreshes(lab: Lab, rpc_url: str, ws_url: str, ids: tuple[int, ...]) -> dict[str, float]:
    """Milliseconds of one full refresh, each way."""
    found: dict[str, float] = {}
    slow, w3 = naive(lab, rpc_url, ids)
    found["naive web3, 20 calls, http"] = await timed(slow, 8)
    await w3.provider.disconnect()
    async with aiohttp.ClientSession() as session:
        http, ws = HttpRpc(rpc_url, session), WsRpc(ws_url, session)
        await ws.open()
        reader = MultiRead(await resolve(http, lab.request()))
        digest = (await lab.block())["hash"]

        async def full(rpc: HttpRpc | WsRpc) -> None:
            readings(await reader.read(rpc, digest), reader.targets.order)

        found["ours, 1 call, http"] = await timed(lambda: full(http))
        found["ours, 1 call, ws"] = await timed(lambda: full(ws))
        found["the call alone, ws"] = await timed(lambda: ws.call("eth_call", [reader.request, "latest"]))
        raw = bytes.fromhex((await ws.call("eth_call", [reader.request, "latest"]))[2:])
        start = time.perf_counter()
        for _ in range(300):
            readings(reader.decode(raw), reader.targets.order)
        found["decoding and maths"] = (time.perf_counter() - start) / 300 * 1e3
        await ws.close()
    return found


async def bare_latency(lab: Lab, ws_url: str) -> float:
    """Median ms from a block being ordered until a bare socket heard of it and asked one question."""
    async with aiohttp.ClientSession() as session, session.ws_connect(ws_url) as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
        await socket.receive()
        raw = socket.get_extra_info("socket")
        spent = []
        for number in range(ROUNDS):
            raw.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 1)
            start = time.perf_counter()
            mined = asyncio.create_task(lab.rpc.call("anvil_mine", ["0x1"]))
            await socket.receive()
            call = {"jsonrpc": "2.0", "id": number + 2, "method": "eth_blockNumber", "params": []}
            await socket.send_json(call)
            await socket.receive()
            spent.append(time.perf_counter() - start)
            await mined
    return statistics.median(spent) * 1e3


async def run() -> dict[str, Any]:
    """Everything, on one fresh node."""
    async with fresh_lab() as (node, lab):
        ids = await open_positions(lab)
        found: dict[str, Any] = {"refresh_ms": await refreshes(lab, node.rpc_url, node.ws_url, ids)}
        found["bare_block_ms"] = await bare_latency(lab, node.ws_url)
        async with watching(lab, both(node)) as seen:
            await seen.at(lab)
            line = seen.monitor.nodes.lines[0].rpc
            calls, blocks, spent, by_log = line.calls, 0, [], []
            for _ in range(2 * ROUNDS):
                seen.news.clear()
                start = time.perf_counter()
                mined = asyncio.create_task(lab.rpc.call("anvil_mine", ["0x1"]))
                await seen.news.wait()
                spent.append(time.perf_counter() - start)
                await mined
                blocks += 1
            found["calls_per_block"] = (line.calls - calls) / blocks
            for number in range(ROUNDS):
                seen.news.clear()
                start = time.perf_counter()
                sent = lab.sender.post(*lab.market.swap_v3_call(number % 2 == 0, 10**18))
                swap = asyncio.create_task(sent)
                await seen.news.wait()
                by_log.append(time.perf_counter() - start)
                await swap
                await seen.at(lab)
            found["block_to_fact_ms"] = {
                "p50": statistics.median(spent) * 1e3,
                "p95": sorted(spent)[int(len(spent) * 0.95)] * 1e3,
            }
            found["swap_sent_to_delta_ms_p50"] = statistics.median(by_log) * 1e3
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """The budgets that were not kept."""
    refresh = found["refresh_ms"]
    ratio = refresh["naive web3, 20 calls, http"] / refresh["ours, 1 call, ws"]
    found["refresh_speedup"] = ratio
    fact_ms = found["block_to_fact_ms"]["p50"]
    checks = {
        f"{found['calls_per_block']:.2f} calls per block > 1.1": found["calls_per_block"] > 1.1,
        f"refresh only {ratio:.1f} times faster than naive": ratio < 10,
        f"block to fact {fact_ms:.1f} ms > 5 times a bare socket": fact_ms > 5 * found["bare_block_ms"],
    }
    return [words for words, bad in checks.items() if bad]


def main() -> int:
    """Measure, print, judge."""
    found = asyncio.run(run())
    problems = missed(found)
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        print(json.dumps(found, indent=2))
    for words in problems:
        print(f"MISSED: {words}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
