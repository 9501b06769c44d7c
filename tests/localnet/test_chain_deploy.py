"""What is deployed is PancakeSwap: its hashes, its fees, its farm."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet.chain_deploy import LabSpec
from chain.lab import SharedNode, open_positions


@pytest.mark.parametrize("token_is_0", [True, False], ids=["token0", "token1"])
async def test_the_pool_opens_at_the_price_with_pancakeswaps_protocol_fee(
    shared_node: SharedNode, token_is_0: bool
) -> None:
    async with shared_node.lab(LabSpec(token_is_0, 9, 18, Decimal("0.25"))) as lab:
        slot = await lab.market.slot0()
        raw = (slot[0] / 2**96) ** 2
        usdt_per_token = raw if token_is_0 else 1 / raw
        assert usdt_per_token * 1e9 / 1e18 == pytest.approx(0.25)
        assert slot[5] == 3200 + (3200 << 16)
        assert (int(lab.deployed.token, 16) < int(lab.deployed.usdt, 16)) is token_is_0


async def test_of_a_v3_fee_the_protocol_keeps_a_third(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec()) as lab:
        full, _narrow = await open_positions(lab)
        await lab.market.swap_v3(True, lab.amounts(10_000, 0)[0])
        types = ["uint128", "uint128"]
        protocol = await lab.sender.view(lab.deployed.pool, "protocolFees()", types)
        assert protocol[0] / 10**18 == pytest.approx(10_000 * 0.0025 * 0.32)
        assert full == 1


async def test_the_pair_takes_a_quarter_percent_and_mints_8_25ths(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec()) as lab:
        await open_positions(lab)
        view, pair = lab.sender.view, lab.deployed.pair
        types = ["uint112", "uint112", "uint32"]
        before = await view(pair, "getReserves()", types)
        amount = lab.amounts(10_000, 0)[0]
        await lab.market.swap_v2(True, amount)
        after = await view(pair, "getReserves()", types)
        out = amount * 9975 * before[1] // (before[0] * 10_000 + amount * 9975)
        assert before[1] - after[1] == out
        fee_to = lab.deployed.accounts.fee_to
        await lab.market.add_v2(lab.amounts(1_000, 1_000))
        (minted,) = await view(pair, "balanceOf(address)", ["uint256"], fee_to)
        (supply,) = await view(pair, "totalSupply()", ["uint256"])
        growth = (after[0] * after[1] / before[0] / before[1]) ** 0.5 - 1
        assert minted / supply == pytest.approx(growth * 8 / 25, rel=1e-2)
