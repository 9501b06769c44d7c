"""What is held back and what is followed: vanished, drained, out of range, jumped; with one and two nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.chain.gate import GateLimits
from bot.chain.line import Endpoint
from bot.localnet.chain_node import Anvil
from chain.lab import Lab, eventually, fresh_lab, open_positions
from chain.proxy import Proxy
from chain.watching import both, watching

EAGER = GateLimits(stand_blocks=4)


async def mine(lab: Lab, blocks: int = 1) -> None:
    for _ in range(blocks):
        await lab.rpc.call("anvil_mine", ["0x1"])


async def give_away(lab: Lab, token_id: int) -> None:
    """Our position goes to somebody else: not burned, not staked, just not ours any more."""
    manager, us, other = lab.deployed.contracts.position_manager, lab.market.us, lab.deployed.accounts.other
    await lab.sender.send(us, manager, "transferFrom(address,address,uint256)", us, other, token_id)


@asynccontextmanager
async def two_nodes() -> AsyncIterator[tuple[Anvil, Lab, tuple[Endpoint, Endpoint]]]:
    """A lab seen through two lines that count as two nodes."""
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        yield node, lab, (both(node), Endpoint(proxy.ws_url, proxy.http_url))


async def test_a_vanished_position_freezes_the_exposure_of_an_only_node() -> None:
    async with fresh_lab() as (node, lab):
        _full, narrow = await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            last = await seen.at(lab)
            await give_away(lab, narrow)
            await mine(lab, 5)
            await eventually(lambda: "lp_position_gone" in seen.codes())
            alarm = next(alarm for alarm in seen.alarms if alarm.code == "lp_position_gone")
            assert alarm.severity == "critical"
            assert f"frozen at block {last.block}" in alarm.message
            assert {len(fact.positions) for fact in seen.facts} == {3}
            assert seen.facts[-1].block == last.block


async def test_a_vanished_position_confirmed_by_two_nodes_is_followed() -> None:
    async with two_nodes() as (_node, lab, nodes):
        _full, narrow = await open_positions(lab)
        async with watching(lab, *nodes) as seen:
            await seen.at(lab)
            held = len(seen.facts[-1].positions)
            await give_away(lab, narrow)
            await mine(lab)
            await eventually(lambda: "lp_position_gone" in seen.codes())
            await mine(lab, 4)
            await eventually(lambda: len(seen.facts[-1].positions) == held - 1)
            told = [alarm for alarm in seen.alarms if alarm.code == "lp_position_gone"]
            assert told[-1].message.endswith("confirmed, followed")
            await mine(lab)
            await eventually(lambda: seen.facts[-1].block == seen.monitor.nodes.lines[0].track.top.number)


async def test_a_position_emptied_into_our_wallet_and_burned_is_followed() -> None:
    async with fresh_lab() as (node, lab):
        _full, narrow = await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            before = await seen.at(lab)
            await lab.market.decrease(narrow, await lab.market.liquidity_of(narrow))
            await seen.at(lab)
            await lab.market.collect(narrow)
            await seen.at(lab)
            await lab.market.burn(narrow)
            number = int((await lab.block())["number"], 16)
            await eventually(lambda: seen.facts[-1].block == number)
            assert [item.position_id for item in seen.facts[-1].positions] == ["v3:1", "v2"]
            received = seen.facts[-1].wallet_token - before.wallet_token
            assert received == pytest.approx(before.positions[1].token_amount)
            assert "lp_position_gone" not in seen.codes()


async def test_a_position_emptied_to_somebody_else_freezes_the_exposure() -> None:
    async with fresh_lab() as (node, lab):
        _full, narrow = await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            await lab.market.decrease(narrow, await lab.market.liquidity_of(narrow))
            last = await seen.at(lab)
            other, us = lab.deployed.accounts.other, lab.market.us
            collect = "collect((uint256,address,uint128,uint128))"
            manager, most = lab.deployed.contracts.position_manager, 2**128 - 1
            await lab.sender.send(us, manager, collect, (narrow, other, most, most))
            await eventually(lambda: "lp_position_drained" in seen.codes())
            assert seen.facts[-1].block == last.block
            assert "v3:2" in seen.alarms[-1].message


async def test_liquidity_tokens_sent_away_freeze_the_exposure() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            last = await seen.at(lab)
            us, other = lab.market.us, lab.deployed.accounts.other
            part = await lab.market.lp_balance() * 4 // 5
            await lab.sender.send(us, lab.deployed.pair, "transfer(address,uint256)", other, part)
            await eventually(lambda: "lp_position_drained" in seen.codes())
            assert seen.facts[-1].block == last.block


async def test_leaving_the_range_needs_a_second_witness() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        wide = replace(EAGER, jump_bps=10_000)
        async with watching(lab, both(node), gate=wide) as seen:
            last = await seen.at(lab)
            await lab.market.move_v3_to(lab.root("0.44"))
            await eventually(lambda: "lp_out_of_range" in seen.codes())
            assert seen.facts[-1].block == last.block
            seen.reference = 0.4405
            await mine(lab)
            fact = await seen.at(lab)
            assert fact.positions[1].usdt_amount == 0
        async with watching(lab, both(node), Endpoint(None, node.rpc_url), gate=wide) as seen:
            await seen.at(lab)
            await lab.market.move_v3_to(lab.root("0.50"))
            await seen.at(lab)
            await lab.market.move_v3_to(lab.root("0.57"))
            fact = await seen.at(lab)
            assert fact.positions[1].token_amount == 0


@pytest.mark.parametrize(
    ("reference", "followed"), [(0.5301, True), (0.5001, False)], ids=["the mark saw it too", "it did not"]
)
async def test_a_jump_is_followed_only_with_the_mark(reference: float, followed: bool) -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node), reference=0.5) as seen:
            last = await seen.at(lab)
            seen.reference = reference
            await lab.market.move_v3_to(lab.root("0.53"))
            if followed:
                await seen.at(lab)
                return
            await eventually(lambda: "lp_price_jump" in seen.codes())
            await mine(lab, 2 * EAGER.stand_blocks)
            assert seen.facts[-1].block == last.block, "a mark that says otherwise is never outwaited"
            await lab.market.move_v3_to(lab.root("0.5005"))
            await seen.at(lab)
            assert seen.codes()[-1] == "lp_released"


async def test_a_jump_nobody_can_judge_is_believed_when_it_stands() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node), gate=EAGER) as seen:
            last = await seen.at(lab)
            await lab.market.move_v3_to(lab.root("0.53"))
            await eventually(lambda: "lp_price_jump" in seen.codes())
            for _ in range(EAGER.stand_blocks):
                assert seen.facts[-1].block == last.block
                number = int((await lab.block())["number"], 16) + 1
                await mine(lab)
                track = seen.monitor.nodes.lines[0].track
                await eventually(lambda track=track, number=number: track.top.number == number)
            await seen.at(lab)


async def test_a_jump_the_pools_own_average_confirms_is_followed() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        owner, pool = lab.deployed.accounts.owner, lab.deployed.pool
        await lab.sender.send(owner, pool, "increaseObservationCardinalityNext(uint16)", 20)
        await lab.market.move_v3_to(lab.root("0.501"))
        async with watching(lab, both(node), gate=replace(EAGER, stand_blocks=10_000)) as seen:
            await lab.rpc.call("evm_increaseTime", ["0x3c"])
            await mine(lab)
            last = await seen.at(lab)
            await lab.market.move_v3_to(lab.root("0.53"))
            await eventually(lambda: "lp_price_jump" in seen.codes())
            assert "average" in seen.alarms[-1].message
            assert seen.facts[-1].block == last.block
            await lab.rpc.call("evm_increaseTime", ["0x3c"])
            await mine(lab)
            await seen.at(lab)
