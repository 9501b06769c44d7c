"""The whole daemon in real time: paper venues in a calm market, and LP positions on a real local node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app import Daemon, RunResult
from bot.config import Settings
from bot.config.settings import ChainSettings
from bot.localnet.chain import ChainSpec, LocalChain
from bot.localnet.chain_node import NodeOptions
from bot.model.view import View
from bot.wiring import build, place_of
from chain.lab import eventually
from chain.proxy import Proxy
from whole_desk import calm_market

BLOCK_S = 0.45
BAND = 500.0


@dataclass
class Moment:
    """One published view and when it came (loop seconds)."""

    at: float
    view: View

    @property
    def targets(self) -> float:
        """Where all perps should stand, tokens."""
        return sum(perp.target for perp in self.view.perps.values())

    @property
    def held(self) -> float:
        """Where all perps stand, tokens."""
        return sum(perp.position for perp in self.view.perps.values())


@dataclass
class ChainDesk:
    """A running daemon that watches `chain` through `proxy`, and every view it published."""

    daemon: Daemon
    chain: LocalChain
    proxy: Proxy
    moments: list[Moment] = field(default_factory=list)

    def watch(self, view: View) -> None:
        self.moments.append(Moment(asyncio.get_running_loop().time(), view))

    @property
    def view(self) -> View:
        return self.daemon.view.value

    @property
    def now(self) -> Moment:
        return Moment(asyncio.get_running_loop().time(), self.view)

    def hedged(self) -> bool:
        """Ready, nothing working, the confirmed net delta in its band."""
        exposure = self.view.exposure
        net = exposure.source - exposure.target
        return self.view.ready and exposure.complete and not exposure.working and abs(net) <= exposure.band

    async def settle(self, within_s: float = 30.0) -> Moment:
        """Wait until hedged; the moment."""
        try:
            await eventually(self.hedged, within_s)
        except AssertionError:
            seen = self.view
            raise AssertionError(f"{seen.level_reason}; {seen.exposure}; {seen.alerts[-3:]}") from None
        return self.now

    async def at_head(self, within_s: float = 3.0) -> None:
        """Wait until the view carries the node's newest block."""

        async def head() -> dict[str, Any]:
            found: dict[str, Any] = await self.chain.node.rpc.call("eth_getBlockByNumber", ["latest", False])
            return found

        loop = asyncio.get_running_loop()
        began = loop.time()
        while (await head())["hash"] != self.view.lp.block_hash:
            assert loop.time() - began < within_s, f"not at the head: {self.view.lp}"
            await asyncio.sleep(0.01)

    def alarms(self) -> set[str]:
        return {code for _at, code, _words in self.view.alerts}


def chain_settings(chain: LocalChain, folder: Path, proxy: Proxy, **changes: Any) -> Settings:
    """The calm paper deal with the local chain's positions as its pool: no quotes, no sale, a fixed band."""
    told = chain.describe()
    file = folder / "contracts.json"
    file.write_text(json.dumps(told["contracts"]))
    section = ChainSettings(
        rpc_urls=(proxy.http_url,),
        ws_urls=(proxy.ws_url,),
        chain_id=told["chain_id"],
        token=told["contracts"]["token"],
        quote=told["contracts"]["quote"],
        owner=told["owner"],
        v3_pool=told["contracts"]["v3_pool"],
        v2_pair=told["contracts"]["v2_pair"],
        contracts_file=file,
    )
    fixed: dict[str, Any] = {
        "chain": section,
        "limits__quote__enabled": False,
        "limits__sell__enabled": False,
        "limits__hedge__band_tokens_fixed": BAND,
        "limits__hedge__hedge_to_band_share": 0.0,
        "limits__risk__net_delta_usdt_max": 1e7,
    }
    settings = calm_market(folder, **(fixed | changes))
    accounts = {
        name: one.model_copy(update={"tokens": 0 * one.tokens, "borrowed": False})
        for name, one in settings.opening.accounts.items()
    }
    opening = settings.opening.model_copy(update={"accounts": accounts})
    terms = settings.terms.model_copy(update={"tranches": ()})
    return settings.model_copy(update={"opening": opening, "terms": terms})


async def run_daemon(settings: Settings, stop: asyncio.Event, got: Callable[[Daemon], None]) -> RunResult:
    """Build the daemon on the running loop and run it until `stop`."""
    loop = asyncio.get_running_loop()
    daemon = Daemon(settings, build(settings, place_of(settings, loop, 1)))
    return await daemon.run(stop, got)


@asynccontextmanager
async def local_chain(block_time_s: float | None = BLOCK_S) -> AsyncIterator[LocalChain]:
    """A local chain with the deal's positions."""
    chain = LocalChain(ChainSpec(node=NodeOptions(block_time_s=block_time_s)))
    await chain.start()
    try:
        yield chain
    finally:
        await chain.stop()


@asynccontextmanager
async def chain_desk(folder: Path, **changes: Any) -> AsyncIterator[ChainDesk]:
    """A daemon in real time beside a local chain, hedged; stopped in order afterwards."""
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(local_chain())
        proxy = await stack.enter_async_context(Proxy(chain.node.rpc_url))
        stop, begun = asyncio.Event(), asyncio.Event()
        box: list[Daemon] = []

        def got(daemon: Daemon) -> None:
            box.append(daemon)
            begun.set()

        running = asyncio.create_task(run_daemon(chain_settings(chain, folder, proxy, **changes), stop, got))
        try:
            await asyncio.wait({running, asyncio.create_task(begun.wait())}, return_when="FIRST_COMPLETED")
            if running.done():
                raise AssertionError(f"the daemon ended: {running.result()}")
            desk = ChainDesk(box[0], chain, proxy)
            desk.daemon.view.watch(desk.watch)
            await desk.settle()
            yield desk
        finally:
            stop.set()
            await running
