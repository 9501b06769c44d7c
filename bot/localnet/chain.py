"""The local chain: a node with PancakeSwap, the deal's $1M of liquidity, and a trader who moves its price.

Rule 1: addresses, ids and amounts are told, never assumed: `describe` is all that a reader needs.
Rule 2: the price comes from outside (`follow`), so the pool stays beside the simulated exchanges; the flow
that trades on top is drawn from a seed.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.localnet.chain_actions import Market, Range, full_range
from bot.localnet.chain_deploy import Deployed, LabSpec, deploy
from bot.localnet.chain_node import Anvil, NodeOptions, Sender
from bot.localnet.chain_packages import Packages, install
from bot.model.errors import BotError
from bot.pricing.tick_math import tick_at_sqrt_ratio

SPACING = {100: 1, 500: 10, 2500: 50, 10000: 200}


@dataclass(frozen=True, slots=True)
class Stake:
    """One of our positions: its worth, and the factor from price to bounds (None = the full range)."""

    usdt: float
    factor: float | None = None
    staked: bool = False
    kind: str = "v3"


@dataclass(frozen=True, slots=True)
class ChainSpec:
    """Half of every position is tokens at the opening price; `others_usdt` belongs to other people."""

    lab: LabSpec = field(default_factory=LabSpec)
    stakes: tuple[Stake, ...] = (
        Stake(400_000),
        Stake(200_000, factor=1.2),
        Stake(200_000, factor=1.5, staked=True),
        Stake(200_000, kind="v2"),
    )
    others_usdt: float = 250_000
    node: NodeOptions = field(default_factory=lambda: NodeOptions(block_time_s=0.45))


@dataclass(frozen=True, slots=True)
class Flow:
    """The trader: looks every `every_s`; a random swap of about `usdt` with probability `chance`."""

    every_s: float = 0.45
    usdt: float = 600.0
    chance: float = 0.5
    seed: int = 1


class LocalChain:
    """A running local chain. `start`, read `describe`, `follow` a price, `stop`."""

    def __init__(self, spec: ChainSpec | None = None, packages: Packages | None = None) -> None:
        self.spec = spec or ChainSpec()
        self.packages = packages
        self.positions: list[dict[str, Any]] = []
        self.swaps = 0
        self._node: Anvil | None = None
        self._lab: Deployed | None = None
        self._sender: Sender | None = None

    @property
    def node(self) -> Anvil:
        """The node, once started."""
        if self._node is None:
            raise BotError("the local chain has not been started")
        return self._node

    @property
    def deployed(self) -> Deployed:
        """What stands on it."""
        if self._lab is None:
            raise BotError("the local chain has not been started")
        return self._lab

    @property
    def market(self) -> Market:
        """Hands on it."""
        return Market(self._sender or Sender(self.node.rpc), self.deployed)

    async def start(self) -> None:
        """Install what is missing, start the node, deploy, open the positions. Raises `ConfigError`."""
        packages = self.packages if self.packages is not None else await asyncio.to_thread(install)
        self._node = Anvil(packages.anvil, self.spec.node)
        await self._node.start()
        sender = self._sender = Sender(self._node.rpc, mine=self.spec.node.block_time_s is not None)
        self._lab = await deploy(sender, packages, self.spec.lab)
        for stake in self.spec.stakes:
            self.positions.append(await self._open(stake))
        other = self.spec.others_usdt
        await self.market.mint(
            full_range(self._spacing), self._amounts(other), owner=self.deployed.accounts.other
        )
        if self._has_pair:
            await self.market.add_v2(self._amounts(other), owner=self.deployed.accounts.other)
        await self._empty_our_wallet(sender)
        self._sender = None  # set up: from now on blocks come at their own time

    async def stop(self) -> None:
        """End the node."""
        if self._node is not None:
            await self._node.stop()
        self._node = None

    def describe(self) -> dict[str, Any]:
        """Addresses and positions, for the program and for people."""
        lab = self.deployed
        return {
            "rpc_url": self.node.rpc_url,
            "ws_url": self.node.ws_url,
            "chain_id": lab.contracts.chain_id,
            "owner": lab.accounts.us,
            "contracts": {
                **lab.contracts.as_dict(),
                "token": lab.token,
                "quote": lab.usdt,
                "v3_pool": lab.pool,
                "v2_pair": lab.pair,
                "v3_router": lab.v3_router,
                "v2_router": lab.v2_router,
            },
            "positions": list(self.positions),
        }

    async def follow(self, price: Callable[[], float], flow: Flow | None = None) -> None:
        """Trade until cancelled: arbitrage to within a fee of `price()` (USDT per token), random swaps."""
        how = flow or Flow()
        draw = random.Random(how.seed)
        while True:
            target = price()
            if math.isfinite(target) and target > 0:
                for digest in await self.arbitrage(target):
                    await self.market.sender.receipt(digest)  # or the next look trades the same gap again
            if draw.random() < how.chance:
                usdt = how.usdt * min(3.0, draw.expovariate(1.0))
                await self._swap(draw.random() < 0.5, usdt, target, v2=draw.random() < 0.3)
            await asyncio.sleep(how.every_s)

    async def arbitrage(self, target: float) -> list[str]:
        """Swap pool and pair to the edge of their fee around `target`; the transactions sent, not awaited."""
        sent: list[str] = []
        market, spec = self.market, self.spec.lab
        fee = spec.fee / 1e6
        now = (await market.slot0())[0]
        low, high = (spec.sqrt_price_x96(Decimal(repr(target * (1 + side * fee)))) for side in (-1, 1))
        if not spec.token_is_0:
            low, high = high, low
        if not low <= now <= high:
            edge = low if now < low else high
            sent.append(await self._post(market.swap_v3_call(edge < now, 10**40, edge)))
        if self._has_pair:
            sent += await self._arbitrage_pair(target)
        return sent

    async def _arbitrage_pair(self, target: float, fee: float = 0.0025) -> list[str]:
        token, usdt = await self._pair_reserves()
        price, low, high = usdt / token, target * (1 - fee), target * (1 + fee)
        if low * (1 - 1e-9) <= price <= high * (1 + 1e-9):
            return []
        if price > high:
            return await self._swap_pair(True, _to_product(token, token * usdt / high, fee))
        return await self._swap_pair(False, _to_product(usdt, token * usdt * low, fee))

    async def _swap(self, sells: bool, usdt: float, price: float, v2: bool) -> None:
        amount = usdt / price if sells else usdt
        if v2 and self._has_pair:
            await self._swap_pair(sells, amount)
            return
        raw = self._raw(amount, sells)
        if raw > 0:
            await self._post(self.market.swap_v3_call(sells == self.spec.lab.token_is_0, raw))

    async def _swap_pair(self, sells: bool, amount: float) -> list[str]:
        raw = self._raw(amount, sells)
        if raw <= 0:
            return []
        return [await self._post(self.market.swap_v2_call(sells == self.spec.lab.token_is_0, raw))]

    async def _post(self, call: tuple[Any, ...]) -> str:
        source, target, signature, *args = call
        self.swaps += 1
        return await self.market.sender.post(source, target, signature, *args)

    async def _open(self, stake: Stake) -> dict[str, Any]:
        market, owner = self.market, self.deployed.accounts.us
        told: dict[str, Any] = {
            "kind": stake.kind,
            "usdt": stake.usdt,
            "staked": stake.staked,
            "owner": owner,
        }
        if stake.kind == "v2":
            await market.add_v2(self._amounts(stake.usdt))
            return {**told, "id": self.deployed.pair}
        bounds = full_range(self._spacing) if stake.factor is None else self._range(stake.factor)
        number = await market.mint(bounds, self._amounts(stake.usdt))
        if stake.staked:
            await market.stake(number)
        return {**told, "id": number, "tick_lower": bounds.lower, "tick_upper": bounds.upper}

    def _range(self, factor: float) -> Range:
        root = self.spec.lab.sqrt_price_x96(self.spec.lab.price)
        spacing, half = self._spacing, math.log(factor) / math.log(1.0001)
        middle = tick_at_sqrt_ratio(root)
        return Range(round((middle - half) / spacing) * spacing, round((middle + half) / spacing) * spacing)

    @property
    def _has_pair(self) -> bool:
        return any(stake.kind == "v2" for stake in self.spec.stakes)

    @property
    def _spacing(self) -> int:
        return SPACING[self.spec.lab.fee]

    def _amounts(self, usdt: float) -> tuple[int, int]:
        half = Decimal(repr(usdt)) / 2
        tokens = half / self.spec.lab.price
        token_unit, usdt_unit = 10**self.spec.lab.token_decimals, 10**self.spec.lab.usdt_decimals
        return self.deployed.ordered(int(tokens * token_unit), int(half * usdt_unit))

    def _raw(self, amount: float, token: bool) -> int:
        decimals = self.spec.lab.token_decimals if token else self.spec.lab.usdt_decimals
        return int(Decimal(repr(amount)) * 10**decimals)

    async def _pair_reserves(self) -> tuple[float, float]:
        lab = self.deployed
        types = ["uint112", "uint112", "uint32"]
        first, second, _time = await self.market.sender.view(lab.pair, "getReserves()", types)
        token, usdt = lab.ordered(int(first), int(second))
        return token / 10**lab.spec.token_decimals, usdt / 10**lab.spec.usdt_decimals

    async def _empty_our_wallet(self, sender: Sender) -> None:
        """What the node gave us beyond the positions goes back: a wallet full of tokens would be exposure."""
        lab = self.deployed
        for coin in (lab.token, lab.usdt):
            (held,) = await sender.view(coin, "balanceOf(address)", ["uint256"], lab.accounts.us)
            await sender.send(lab.accounts.us, coin, "transfer(address,uint256)", lab.accounts.owner, held)


def _to_product(reserve: float, wanted: float, fee: float) -> float:
    """Amount a that takes a reserve r to (r + a)(r + (1 − fee)·a) = `wanted`."""
    keep = 1 - fee
    half = (1 + keep) * reserve
    return (math.sqrt(half * half - 4 * keep * (reserve * reserve - wanted)) - half) / (2 * keep)
