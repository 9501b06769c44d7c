"""Readings against what the contracts pay, to the wei, through a position's whole life."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain import decode
from bot.chain.abi import AbiError
from bot.chain.multiread import MultiRead, Nft
from bot.chain.reading import holdings
from bot.chain.verify import resolve
from bot.localnet.chain_actions import Range
from bot.localnet.chain_deploy import LabSpec
from bot.pricing.tick_math import sqrt_ratio_at_tick
from chain.lab import HALF, Lab, SharedNode, open_positions

SPECS = [
    LabSpec(token_is_0, token_decimals, usdt_decimals, HALF)
    for token_is_0 in (True, False)
    for token_decimals, usdt_decimals in ((18, 18), (9, 18), (18, 6))
]


def named(spec: LabSpec) -> str:
    return f"token{0 if spec.token_is_0 else 1}-{spec.token_decimals}/{spec.usdt_decimals}"


async def assert_exact(lab: Lab, step: str, readings: list[str]) -> None:
    """Every position of ours reads what decreaseLiquidity + collect or removeLiquidity would pay."""
    state = await lab.read()
    for holding in holdings(state):
        assert holding.total == await lab.paid(holding), f"{step}: {holding.position_id}"
        readings.append(step)


@pytest.mark.parametrize("spec", SPECS, ids=named)
async def test_every_reading_of_a_positions_life_is_what_the_contracts_pay(
    shared_node: SharedNode, spec: LabSpec
) -> None:
    async with shared_node.lab(spec) as lab:
        full, narrow = await open_positions(lab)
        market, sell, readings = lab.market, lab.sells_token(), []
        small = lab.amounts(3_000, 1_500)
        await assert_exact(lab, "opened", readings)
        for index in range(6):
            await market.swap_v3(bool(index % 2), small[0 if index % 2 else 1])
            await market.swap_v2(bool(index % 2), small[0 if index % 2 else 1])
        await assert_exact(lab, "small trades each way", readings)
        for price in ("0.53", "0.60", "0.52", "0.40", "0.47"):
            await market.move_v3_to(lab.root(price))
            await assert_exact(lab, f"moved to {price}", readings)
        await market.decrease(narrow, await market.liquidity_of(narrow) // 2)
        await assert_exact(lab, "half out, principal in tokensOwed", readings)
        await market.swap_v3(sell, lab.amounts(2_000, 1_000)[0 if sell else 1])
        await market.stake(narrow)
        await assert_exact(lab, "staked", readings)
        await market.set_v3_fee_protocol(4_000, 1_000)
        await market.swap_v3(sell, small[0 if sell else 1])
        await market.swap_v3(not sell, small[1 if sell else 0])
        await assert_exact(lab, "traded while staked, under another protocol fee", readings)
        await market.decrease(narrow, await market.liquidity_of(narrow) // 3)
        await assert_exact(lab, "decreased through the farm", readings)
        await market.unstake(narrow)
        await market.collect(narrow)
        await assert_exact(lab, "unstaked and collected", readings)
        await market.add_v2(lab.amounts(10_000, 5_000))
        await market.swap_v2(sell, small[0 if sell else 1])
        await market.remove_v2(await market.lp_balance() // 3)
        await assert_exact(lab, "V2 added and removed", readings)
        await market.increase(full, lab.amounts(1_000, 500))
        await market.swap_v3(not sell, small[1 if sell else 0])
        await assert_exact(lab, "increased", readings)
        assert len(readings) == 3 * 14


@pytest.mark.parametrize("spec", SPECS[:1] + SPECS[3:4], ids=named)
async def test_prices_on_the_bounds_read_exactly(shared_node: SharedNode, spec: LabSpec) -> None:
    async with shared_node.lab(spec) as lab:
        await open_positions(lab)
        bounds = lab.range_around()
        for tick in (bounds.lower, bounds.upper, bounds.lower):
            await lab.market.move_v3_to(sqrt_ratio_at_tick(tick))
            await assert_exact(lab, f"on {tick}", [])
            slot = await lab.market.slot0()
            assert slot[0] == sqrt_ratio_at_tick(tick)


async def test_growth_that_wraps_reads_exactly(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        await open_positions(lab)
        await lab.market.move_v3_to(lab.root("0.60"))
        # Below the price, a lower bound first used after its upper one: the growth inside starts below zero.
        start = lab.range_around(400)
        await lab.market.mint(start, lab.amounts(0, 50_000))
        await lab.market.swap_v3(False, lab.amounts(0, 20_000)[1])
        await lab.market.mint(Range(start.lower - 500, start.upper), lab.amounts(0, 50_000))
        state = await lab.read()
        assert any(max(nft.inside_last) > 1 << 255 for nft in state.nfts)
        await assert_exact(lab, "wrapped, out of range", [])
        await lab.market.move_v3_to(lab.root("0.49"))
        await assert_exact(lab, "wrapped, in range", [])


async def test_the_read_is_of_the_block_it_was_pinned_to(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        await open_positions(lab)
        targets = await resolve(lab.rpc, lab.request())
        reader, before = MultiRead(targets), await lab.block()
        first = await reader.read(lab.rpc, before["hash"])
        await lab.market.swap_v3(True, lab.amounts(5_000, 0)[0])
        assert await reader.read(lab.rpc, before["hash"]) == first
        assert first.block == int(before["number"], 16)
        assert (await reader.read(lab.rpc)).pool != first.pool


async def test_a_staked_position_is_ours_and_somebody_elses_is_not(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        full, narrow = await open_positions(lab)
        await lab.market.stake(narrow)
        state = await lab.read()
        assert [(nft.token_id, nft.staked) for nft in state.nfts] == [(full, False), (narrow, True)]
        assert state.gone == ()
        stranger = await lab.read(owner=lab.deployed.accounts.trader, v3_ids=(full, narrow), v2_pair=None)
        assert stranger.nfts == ()
        assert [words.split(" ")[0] for words in stranger.gone] == [f"v3:{full}", f"v3:{narrow}"]
        assert "in the farm" in stranger.gone[1]


async def test_a_burned_id_is_gone_and_not_empty(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        _full, narrow = await open_positions(lab)
        targets = await resolve(lab.rpc, lab.request())
        await lab.market.decrease(narrow, await lab.market.liquidity_of(narrow))
        await lab.market.collect(narrow)
        emptied = await MultiRead(targets).read(lab.rpc)
        assert [nft.liquidity for nft in emptied.nfts][1] == 0
        await lab.market.burn(narrow)
        burned = await MultiRead(targets).read(lab.rpc)
        assert len(burned.nfts) == 1
        assert burned.gone == (f"v3:{narrow} does not exist (burned, or never minted)",)


async def test_pending_cake_is_a_line_of_its_own(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        _full, narrow = await open_positions(lab)
        await lab.market.stake(narrow)
        lp = await lab.market.liquidity_of(narrow)
        pool, owner = lab.deployed.reward_pool, lab.deployed.accounts.owner
        await lab.sender.send(owner, pool, "setGrowth(uint256)", (5 * 10**18 << 128) // lp + 1)
        state = await lab.read()
        assert [nft.cake for nft in state.nfts] == [0, 5 * 10**18]


async def test_an_answer_that_is_cut_or_forged_is_refused(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPECS[0]) as lab:
        await open_positions(lab)
        reader = MultiRead(await resolve(lab.rpc, lab.request()))
        raw = bytes.fromhex((await lab.rpc.call("eth_call", [reader.request, "latest"]))[2:])
        assert reader.decode(raw).pool is not None
        for cut in (0, 31, 64, 96, len(raw) // 2, len(raw) - 1):
            with pytest.raises(AbiError):
                reader.decode(raw[:cut])
        state = reader.decode(raw)
        price = state.pool.sqrt_price_x96.to_bytes(32, "big")
        with pytest.raises(AbiError, match="does not lie in its tick"):
            reader.decode(raw.replace(price, (3 * state.pool.sqrt_price_x96).to_bytes(32, "big")))
        other = MultiRead(replace(reader.targets, nfts=(Nft(state.nfts[0].token_id, -100, 100),)))
        with pytest.raises(AbiError, match="bounds"):
            await other.read(lab.rpc)


def test_the_swap_topic_is_pancakeswaps_own() -> None:
    assert decode.V3_SWAP == "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"
