"""A running chain monitor under test, and what it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.chain.gate import GateLimits
from bot.chain.line import Endpoint
from bot.chain.monitor import ChainMonitor, MonitorConfig
from bot.chain.reading import readings
from bot.chain.state import TokenOrder
from bot.clock import SystemClock
from bot.localnet.chain_node import Anvil
from bot.model.facts import Alarmed, PoolObserved
from chain.lab import Lab, eventually

BLOCK_S = 0.45


@dataclass
class Watched:
    """A running monitor and what it said."""

    monitor: ChainMonitor
    facts: list[PoolObserved] = field(default_factory=list)
    alarms: list[Alarmed] = field(default_factory=list)
    reference: float | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, fact: PoolObserved | Alarmed) -> None:
        (self.alarms if isinstance(fact, Alarmed) else self.facts).append(fact)
        if not isinstance(fact, Alarmed):
            self.news.set()

    def codes(self) -> list[str]:
        return [alarm.code for alarm in self.alarms]

    async def at(self, lab: Lab, within_s: float = 2.0) -> PoolObserved:
        """Wait until the monitor stands at the node's head with the node's own state; the fact."""
        block, own = await lab.block(), readings(await lab.read(), order_of(lab))

        def there() -> bool:
            last = self.facts[-1] if self.facts else None
            return last is not None and last.block_hash == block["hash"] and last.positions == own

        await eventually(there, within_s)
        assert self.facts[-1].block == int(block["number"], 16)
        return self.facts[-1]


def order_of(lab: Lab) -> TokenOrder:
    """The lab's token order."""
    spec = lab.spec
    return TokenOrder(spec.token_is_0, spec.token_decimals, spec.usdt_decimals)


@asynccontextmanager
async def watching(
    lab: Lab, *nodes: Endpoint, gate: GateLimits | None = None, reference: float | None = None
) -> AsyncIterator[Watched]:
    """A monitor of everything of ours, stopped afterwards."""
    box: list[Watched] = []
    config = MonitorConfig(
        nodes, lab.request(), BLOCK_S, gate or GateLimits(), reference=lambda: box[0].reference
    )
    monitor = ChainMonitor(config, lambda fact: box[0].take(fact), SystemClock())
    box.append(Watched(monitor, reference=reference))
    task = asyncio.create_task(monitor.run())
    try:
        await eventually(lambda: bool(box[0].facts) or task.done(), 5)
        if task.done():
            task.result()
        yield box[0]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def both(node: Anvil) -> Endpoint:
    return Endpoint(node.ws_url, node.rpc_url)
