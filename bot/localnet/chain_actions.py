"""What liquidity providers and traders do on the local chain, and what the contracts would pay out right now.

Rule 1: amounts are raw integers (`10**decimals` = 1), ordered (token0, token1) like the contracts'.
Rule 2: `payout_*` asks the contracts themselves by a call without effect: the measure of every reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode

from bot.localnet.chain_deploy import Deployed
from bot.localnet.chain_node import Sender, calldata

U128 = 2**128 - 1
NEVER = 2**40
TICK_MAX = 887272
_DECREASE = "decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))"
_COLLECT = "collect((uint256,address,uint128,uint128))"
_POSITION = [
    "uint96",
    *["address"] * 3,
    "uint24",
    "int24",
    "int24",
    "uint128",
    *["uint256"] * 2,
    *["uint128"] * 2,
]
_POSITION_LIQUIDITY = 7


@dataclass(frozen=True, slots=True)
class Range:
    """Tick bounds of a V3 position."""

    lower: int
    upper: int


def full_range(spacing: int = 50) -> Range:
    """The widest range a pool of this spacing allows."""
    edge = TICK_MAX // spacing * spacing
    return Range(-edge, edge)


class Market:
    """The local chain's accounts acting on its pool, pair, position manager and farm."""

    def __init__(self, sender: Sender, lab: Deployed) -> None:
        self.sender, self.lab = sender, lab
        self.us = lab.accounts.us

    async def mint(self, bounds: Range, amounts: tuple[int, int], owner: str | None = None) -> int:
        """Open a V3 position with at most `amounts`; returns its id."""
        lab, who = self.lab, owner or self.us
        receipt = await self.sender.send(
            who,
            lab.contracts.position_manager,
            "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))",
            (lab.token0, lab.token1, lab.spec.fee, bounds.lower, bounds.upper, *amounts, 0, 0, who, NEVER),
        )
        manager = lab.contracts.position_manager
        return next(
            int(log["topics"][3], 16)
            for log in receipt["logs"]
            if log["address"].lower() == manager
            and len(log["topics"]) == 4
            and int(log["topics"][1], 16) == 0
        )

    async def increase(self, token_id: int, amounts: tuple[int, int]) -> None:
        """Add to a V3 position (staked or not)."""
        await self.sender.send(
            self.us,
            await self._holder(token_id),
            "increaseLiquidity((uint256,uint256,uint256,uint256,uint256,uint256))",
            (token_id, *amounts, 0, 0, NEVER),
        )

    async def decrease(self, token_id: int, liquidity: int) -> None:
        """Take liquidity out; the principal stays in tokensOwed until collected."""
        holder = await self._holder(token_id)
        await self.sender.send(self.us, holder, _DECREASE, (token_id, liquidity, 0, 0, NEVER))

    async def collect(self, token_id: int) -> None:
        """Collect everything owed."""
        holder = await self._holder(token_id)
        await self.sender.send(self.us, holder, _COLLECT, (token_id, self.us, U128, U128))

    async def burn(self, token_id: int) -> None:
        """Burn an empty position's token."""
        await self.sender.send(self.us, self.lab.contracts.position_manager, "burn(uint256)", token_id)

    async def stake(self, token_id: int) -> None:
        """Give the position's token to the farm."""
        contracts = self.lab.contracts
        transfer = "safeTransferFrom(address,address,uint256)"
        await self.sender.send(
            self.us, contracts.position_manager, transfer, self.us, contracts.masterchef, token_id
        )

    async def unstake(self, token_id: int) -> None:
        """Take it back."""
        chef = self.lab.contracts.masterchef
        await self.sender.send(self.us, chef, "withdraw(uint256,address)", token_id, self.us)

    async def swap_v3(self, zero_for_one: bool, amount_in: int, limit: int = 0) -> None:
        """Swap exactly in, stopping at `limit` (sqrtPriceX96; 0 = none)."""
        await self.sender.send(*self.swap_v3_call(zero_for_one, amount_in, limit))

    def swap_v3_call(self, zero_for_one: bool, amount_in: int, limit: int = 0) -> tuple[Any, ...]:
        """(source, target, signature, arguments) of a V3 swap by the trader."""
        lab = self.lab
        sold, bought = (lab.token0, lab.token1) if zero_for_one else (lab.token1, lab.token0)
        trader = lab.accounts.trader
        return (
            trader,
            lab.v3_router,
            "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
            (sold, bought, lab.spec.fee, trader, NEVER, amount_in, 0, limit),
        )

    async def move_v3_to(self, sqrt_price: int) -> None:
        """Swap until the pool's price is exactly `sqrt_price` (X96)."""
        now = (await self.slot0())[0]
        if now != sqrt_price:
            await self.swap_v3(sqrt_price < now, 10**40, sqrt_price)

    async def swap_v2(self, zero_for_one: bool, amount_in: int) -> None:
        """Swap exactly in on the V2 pair."""
        await self.sender.send(*self.swap_v2_call(zero_for_one, amount_in))

    def swap_v2_call(self, zero_for_one: bool, amount_in: int) -> tuple[Any, ...]:
        """(source, target, signature, arguments) of a V2 swap by the trader."""
        lab = self.lab
        signature = "swap(address,bool,uint256)"
        return lab.accounts.trader, lab.v2_router, signature, lab.pair, zero_for_one, amount_in

    async def add_v2(self, amounts: tuple[int, int], owner: str | None = None) -> None:
        """Add to the V2 pair."""
        lab = self.lab
        await self.sender.send(
            owner or self.us, lab.v2_router, "add(address,uint256,uint256)", lab.pair, *amounts
        )

    async def remove_v2(self, liquidity: int) -> None:
        """Take our share out of the V2 pair."""
        await self.sender.send(
            self.us, self.lab.v2_router, "remove(address,uint256)", self.lab.pair, liquidity
        )

    async def set_v3_fee_protocol(self, share0: int, share1: int) -> None:
        """The factory's owner changes the protocol's share of fees (of 10 000)."""
        lab = self.lab
        signature = "setFeeProtocol(address,uint32,uint32)"
        factory = lab.contracts.v3_factory
        await self.sender.send(lab.accounts.owner, factory, signature, lab.pool, share0, share1)

    async def slot0(self) -> tuple[Any, ...]:
        """The pool's slot0: sqrtPriceX96, tick, …"""
        types = ["uint160", "int24", "uint16", "uint16", "uint16", "uint32", "bool"]
        return await self.sender.view(self.lab.pool, "slot0()", types)

    async def liquidity_of(self, token_id: int) -> int:
        """Liquidity of a V3 position."""
        manager = self.lab.contracts.position_manager
        return int(
            (await self.sender.view(manager, "positions(uint256)", _POSITION, token_id))[_POSITION_LIQUIDITY]
        )

    async def lp_balance(self, owner: str | None = None) -> int:
        """V2 liquidity tokens held."""
        found = await self.sender.view(self.lab.pair, "balanceOf(address)", ["uint256"], owner or self.us)
        return int(found[0])

    async def payout_v3(self, token_id: int, owner: str | None = None) -> tuple[int, int]:
        """What decreaseLiquidity(all) + collect would pay, asked of the contracts, staked or not."""
        calls = []
        liquidity = await self.liquidity_of(token_id)
        if liquidity:
            calls.append(calldata(_DECREASE, (token_id, liquidity, 0, 0, NEVER)))
        calls.append(calldata(_COLLECT, (token_id, self.us, U128, U128)))
        holder = await self._holder(token_id)
        (answers,) = await self.sender.view(
            holder, "multicall(bytes[])", ["bytes[]"], calls, source=owner or self.us
        )
        amount0, amount1 = decode(["uint256", "uint256"], answers[-1])
        return int(amount0), int(amount1)

    async def payout_v2(self) -> tuple[int, int]:
        """What removing our whole V2 share would pay, asked of the contracts."""
        types = ["uint256", "uint256"]
        found = await self.sender.view(
            self.lab.v2_router,
            "remove(address,uint256)",
            types,
            self.lab.pair,
            await self.lp_balance(),
            source=self.us,
        )
        return int(found[0]), int(found[1])

    async def _owner(self, token_id: int) -> str:
        manager = self.lab.contracts.position_manager
        return str((await self.sender.view(manager, "ownerOf(uint256)", ["address"], token_id))[0])

    async def _holder(self, token_id: int) -> str:
        """Where our calls on this position go: the farm while it is staked, else the manager."""
        contracts = self.lab.contracts
        staked = await self._owner(token_id) == contracts.masterchef
        return contracts.masterchef if staked else contracts.position_manager
