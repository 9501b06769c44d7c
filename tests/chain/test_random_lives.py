"""Random lives of positions, from a seed: after every step each reading is what the contracts would pay."""

from __future__ import annotations

import random

import pytest

from bot.chain.reading import holdings
from bot.localnet.chain_actions import Range, full_range
from bot.localnet.chain_deploy import LabSpec
from bot.pricing.tick_math import tick_at_sqrt_ratio
from chain.lab import HALF, Lab, SharedNode

STEPS = 40


class Life:
    """One random history; `ids` are our V3 positions, `staked` those in the farm."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab, self.market, self.draw = lab, lab.market, random.Random(seed)
        self.ids: list[int] = []
        self.staked: set[int] = set()

    def coins(self, most: float = 20_000) -> tuple[int, int]:
        usdt = self.draw.uniform(100, most)
        return self.lab.amounts(usdt / 0.5, usdt)

    async def open(self) -> None:
        middle = tick_at_sqrt_ratio((await self.market.slot0())[0]) // 50 * 50
        low = middle + 50 * self.draw.randint(-60, 20)
        bounds = self.draw.choice([full_range(), Range(low, low + 50 * self.draw.randint(1, 60))])
        owner = self.draw.choice([self.market.us, self.market.us, self.lab.deployed.accounts.other])
        minted = await self.market.mint(bounds, self.coins(), owner=owner)
        if owner == self.market.us:
            self.ids.append(minted)

    async def trade(self) -> None:
        for _ in range(self.draw.randint(1, 4)):
            zero_for_one = self.draw.random() < 0.5
            amount = self.coins(60_000)[0 if zero_for_one else 1]
            await (self.market.swap_v3 if self.draw.random() < 0.7 else self.market.swap_v2)(
                zero_for_one, amount
            )

    async def change(self) -> None:
        token_id = self.draw.choice(self.ids)
        liquidity = await self.market.liquidity_of(token_id)
        kind = self.draw.choice(["decrease", "decrease", "collect", "increase", "farm"])
        if kind == "decrease" and liquidity:
            await self.market.decrease(token_id, max(1, liquidity * self.draw.choice([3, 7, 10]) // 10))
        elif kind == "collect":
            await self.market.collect(token_id)
        elif kind == "increase":
            await self.market.increase(token_id, self.coins())
        elif token_id in self.staked:
            await self.market.unstake(token_id)
            self.staked.discard(token_id)
        elif liquidity:
            await self.market.stake(token_id)
            self.staked.add(token_id)

    async def pair(self) -> None:
        if self.draw.random() < 0.5:
            await self.market.add_v2(self.coins())
        else:
            held = await self.market.lp_balance()
            await self.market.remove_v2(max(1, held * self.draw.randint(1, 6) // 10))

    async def protocol(self) -> None:
        await self.market.set_v3_fee_protocol(*(self.draw.choice([0, 1_000, 3_200, 4_000]) for _ in "01"))

    async def step(self) -> str:
        act = self.draw.choices(
            [self.trade, self.change, self.open, self.pair, self.protocol], [8, 6, 2, 2, 1]
        )[0]
        await act()
        return act.__name__


@pytest.mark.parametrize(
    ("seed", "token_is_0", "decimals"), [(1, True, (18, 18)), (2, False, (9, 18)), (3, True, (18, 6))]
)
async def test_every_step_of_a_random_life_reads_to_the_wei(
    shared_node: SharedNode, seed: int, token_is_0: bool, decimals: tuple[int, int]
) -> None:
    async with shared_node.lab(LabSpec(token_is_0, *decimals, HALF)) as lab:
        life, amounts = Life(lab, seed), 0
        await life.market.mint(full_range(), lab.amounts(2e6, 1e6), owner=lab.deployed.accounts.other)
        life.ids.append(await life.market.mint(lab.range_around(), lab.amounts(1e6, 5e5)))
        await life.market.add_v2(lab.amounts(1e6, 5e5))
        await life.market.add_v2(lab.amounts(1e6, 5e5), owner=lab.deployed.accounts.other)
        for number in range(STEPS):
            did = await life.step()
            for holding in holdings(await lab.read()):
                assert holding.total == await lab.paid(holding), (
                    f"seed {seed}, step {number} ({did}): {holding.position_id}"
                )
                amounts += 2
        assert amounts > 4 * STEPS
