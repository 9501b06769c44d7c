"""The hands on the local chain."""

from __future__ import annotations

import pytest

from bot.localnet.chain_actions import Range, full_range
from bot.localnet.chain_deploy import LabSpec
from bot.localnet.chain_node import Reverted
from chain.lab import SharedNode, open_positions


def test_the_full_range_is_the_widest_the_spacing_allows() -> None:
    assert full_range(50) == Range(-887_250, 887_250)
    assert full_range(1) == Range(-887_272, 887_272)


async def test_a_price_is_reached_exactly(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec()) as lab:
        await open_positions(lab)
        for price in ("1.01", "0.97", "1"):
            await lab.market.move_v3_to(lab.root(price))
            assert (await lab.market.slot0())[0] == lab.root(price)


async def test_a_payout_is_what_is_then_really_paid(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec()) as lab:
        full, narrow = await open_positions(lab)
        await lab.market.swap_v3(True, lab.amounts(10_000, 0)[0])
        await lab.market.stake(narrow)

        async def wallet() -> tuple[int, int]:
            held = [
                (await lab.sender.view(coin, "balanceOf(address)", ["uint256"], lab.market.us))[0]
                for coin in (lab.deployed.token0, lab.deployed.token1)
            ]
            return held[0], held[1]

        for token_id in (full, narrow):
            promised, before = await lab.market.payout_v3(token_id), await wallet()
            await lab.market.decrease(token_id, await lab.market.liquidity_of(token_id))
            await lab.market.collect(token_id)
            after = await wallet()
            assert (after[0] - before[0], after[1] - before[1]) == promised
        promised, before = await lab.market.payout_v2(), await wallet()
        await lab.market.remove_v2(await lab.market.lp_balance())
        after = await wallet()
        assert (after[0] - before[0], after[1] - before[1]) == promised


async def test_what_is_staked_cannot_be_burned(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec()) as lab:
        _full, narrow = await open_positions(lab)
        await lab.market.stake(narrow)
        with pytest.raises(Reverted):
            await lab.market.burn(narrow)
        await lab.market.unstake(narrow)
        assert await lab.market.liquidity_of(narrow) > 0
