"""A node with PancakeSwap on it, for tests: one per session, and fresh ones where a test breaks the chain."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import aiohttp

from bot.chain.multiread import MultiRead
from bot.chain.reading import Holding
from bot.chain.rpc import HttpRpc
from bot.chain.state import ChainState
from bot.chain.verify import Request, resolve
from bot.localnet.chain_actions import Market, Range, full_range
from bot.localnet.chain_deploy import Deployed, LabSpec, deploy
from bot.localnet.chain_node import Anvil, NodeOptions, Sender
from bot.localnet.chain_packages import install
from bot.pricing.tick_math import tick_at_sqrt_ratio

HALF = Decimal("0.5")
NARROW = 1_050


@dataclass
class Lab:
    """A deployed lab and our hands on it."""

    rpc: HttpRpc
    sender: Sender
    deployed: Deployed
    market: Market

    @property
    def spec(self) -> LabSpec:
        return self.deployed.spec

    def amounts(self, tokens: float, usdt: float) -> tuple[int, int]:
        """Whole tokens and USDT as raw (token0, token1)."""
        spec = self.spec
        return self.deployed.ordered(
            round(tokens * 10**6) * 10**spec.token_decimals // 10**6,
            round(usdt * 10**6) * 10**spec.usdt_decimals // 10**6,
        )

    def range_around(self, ticks: int = NARROW) -> Range:
        """A range of ± `ticks` about the opening price."""
        root = self.spec.sqrt_price_x96(self.spec.price)
        middle = tick_at_sqrt_ratio(root) // 50 * 50
        return Range(middle - ticks, middle + ticks)

    def sells_token(self) -> bool:
        """zeroForOne of a swap that sells the token."""
        return self.spec.token_is_0

    def root(self, price: str) -> int:
        """sqrtPriceX96 of a price in USDT per token."""
        return self.spec.sqrt_price_x96(Decimal(price))

    def request(self, **changes: Any) -> Request:
        """Everything of ours."""
        lab = self.deployed
        whole = Request(
            lab.token,
            lab.usdt,
            owner=lab.accounts.us,
            v2_pair=lab.pair,
            contracts=lab.contracts,
            chain_id=lab.contracts.chain_id,
        )
        return replace(whole, **changes)

    async def read(self, **changes: Any) -> ChainState:
        """The state now, of everything of ours."""
        return await MultiRead(await resolve(self.rpc, self.request(**changes))).read(self.rpc)

    async def block(self, number: str = "latest") -> dict[str, Any]:
        found: dict[str, Any] = await self.rpc.call("eth_getBlockByNumber", [number, False])
        return found

    async def paid(self, holding: Holding) -> tuple[int, int]:
        """What the contracts would pay for a position."""
        if holding.position_id == "v2":
            return await self.market.payout_v2()
        return await self.market.payout_v3(int(holding.position_id.removeprefix("v3:")))


async def open_positions(lab: Lab, usdt_value: float = 1_000_000) -> tuple[int, int]:
    """A full-range and a narrow V3 position and a V2 share of ours, and another provider's; our V3 ids."""
    market, other = lab.market, lab.deployed.accounts.other
    half, price = usdt_value / 2, float(lab.spec.price)
    ours = lab.amounts(half / price, half)
    theirs = lab.amounts(half / price / 4, half / 4)
    full = await market.mint(full_range(), ours)
    narrow = await market.mint(lab.range_around(), ours)
    await market.mint(full_range(), theirs, owner=other)
    await market.mint(lab.range_around(), theirs, owner=other)
    await market.add_v2(ours)
    await market.add_v2(theirs, owner=other)
    return full, narrow


async def lab_on(rpc: HttpRpc, spec: LabSpec, mine: bool = False) -> Lab:
    """Deploy PancakeSwap on a node; `mine` where blocks come at their own time."""
    sender = Sender(rpc, mine)
    deployed = await deploy(sender, install(), spec)
    return Lab(rpc, sender, deployed, Market(sender, deployed))


@asynccontextmanager
async def fresh_lab(
    spec: LabSpec | None = None, options: NodeOptions | None = None
) -> AsyncIterator[tuple[Anvil, Lab]]:
    """A node of its own with a lab on it."""
    node = Anvil(install().anvil, options)
    await node.start()
    try:
        mine = options is not None and options.block_time_s is not None
        yield node, await lab_on(node.rpc, spec or LabSpec(price=HALF), mine)
    finally:
        await node.stop()


async def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> float:
    """Wait for a condition; seconds it took. Fails loudly when it does not come true."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    while not condition():
        if loop.time() - started > within_s:
            raise AssertionError(f"not true within {within_s} s")
        await asyncio.sleep(0.002)
    return loop.time() - started


class SharedNode:
    """An anvil on an event loop of its own, so that tests with loops of their own can share it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.anvil = Anvil(install().anvil)
        self._run(self.anvil.start())
        self.labs: dict[LabSpec, Deployed] = {}

    def stop(self) -> None:
        self._run(self.anvil.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @asynccontextmanager
    async def lab(self, spec: LabSpec) -> AsyncIterator[Lab]:
        """The lab of `spec` as freshly deployed; whatever is done to it is undone afterwards."""
        async with aiohttp.ClientSession() as session:
            rpc = HttpRpc(self.anvil.rpc_url, session)
            if spec not in self.labs:
                self.labs[spec] = (await lab_on(rpc, spec)).deployed
            sender = Sender(rpc)
            snapshot = await rpc.call("evm_snapshot", [])
            try:
                yield Lab(rpc, sender, self.labs[spec], Market(sender, self.labs[spec]))
            finally:
                await rpc.call("evm_revert", [snapshot])

    def _run(self, work: Awaitable[None]) -> None:
        async def awaited() -> None:
            await work

        asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(60)
