"""The monitor on a real node: facts per block, the log fast path, and what it holds back."""

from __future__ import annotations

import pytest

from bot.chain.line import Endpoint
from bot.localnet.chain_deploy import LabSpec
from bot.localnet.chain_node import Anvil, NodeOptions
from bot.model.errors import ConfigError
from chain.lab import HALF, eventually, fresh_lab, open_positions
from chain.proxy import Proxy, bsc_header
from chain.watching import both, watching


async def test_each_block_is_one_fact_and_one_call() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            await seen.at(lab)
            line = seen.monitor.nodes.lines[0]
            calls, facts = line.rpc.calls, len(seen.facts)
            for _ in range(12):
                await lab.rpc.call("anvil_mine", ["0x1"])
                await seen.at(lab)
            assert len(seen.facts) - facts == 12
            assert line.rpc.calls - calls == 12
            assert seen.alarms == []


async def test_a_swap_is_known_from_its_log_and_confirmed_by_the_read() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            await seen.at(lab)
            for zero_for_one in (True, False, True):
                await lab.market.swap_v3(zero_for_one, lab.amounts(2_000, 1_000)[0 if zero_for_one else 1])
                await seen.at(lab)
                await lab.market.swap_v2(zero_for_one, lab.amounts(2_000, 1_000)[0 if zero_for_one else 1])
                await seen.at(lab)
            await lab.market.add_v2(lab.amounts(500, 250), owner=lab.deployed.accounts.other)
            await seen.at(lab)
            assert seen.codes() == []


async def test_the_log_comes_before_the_read_and_moves_the_delta() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            before = await seen.at(lab)
            await lab.market.swap_v3(lab.sells_token(), lab.amounts(20_000, 0)[0])
            after = await seen.at(lab)
            first = seen.facts[seen.facts.index(before) + 1]
            assert first.block == after.block
            assert first.positions[0].token_amount == after.positions[0].token_amount
            assert first.positions[0].token_amount > before.positions[0].token_amount
            assert first.positions[0].fees_token < after.positions[0].fees_token


async def test_staking_and_unstaking_never_lose_the_position() -> None:
    async with fresh_lab() as (node, lab):
        _full, narrow = await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            for act, staked in ((lab.market.stake, True), (lab.market.unstake, False)):
                await act(narrow)
                fact = await seen.at(lab)
                assert [item.staked for item in fact.positions] == [False, staked, False]
            assert {len(fact.positions) for fact in seen.facts} == {3}
            assert seen.codes() == []


async def test_principal_taken_out_and_collected_stays_in_sight() -> None:
    async with fresh_lab() as (node, lab):
        _full, narrow = await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            before = await seen.at(lab)
            await lab.market.decrease(narrow, await lab.market.liquidity_of(narrow))
            owed = await seen.at(lab)
            assert owed.positions[1].token_amount == 0
            assert owed.positions[1].fees_token == pytest.approx(before.positions[1].token_amount, rel=1e-9)
            await lab.market.collect(narrow)
            collected = await seen.at(lab)
            assert collected.wallet_token - owed.wallet_token == pytest.approx(owed.positions[1].fees_token)
            assert "lp_position_drained" not in seen.codes()


async def test_a_position_minted_later_is_found() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            await seen.at(lab)
            added = await lab.market.mint(lab.range_around(2_000), lab.amounts(1_000, 500))
            await eventually(lambda: f"v3:{added}" in {item.position_id for item in seen.facts[-1].positions})
            await seen.at(lab)
            assert "lp_position_found" in seen.codes()


@pytest.mark.parametrize("order", [True, False], ids=["token0", "token1"])
async def test_headers_of_bsc_are_read_over_websocket_and_http(order: bool) -> None:
    async with fresh_lab(LabSpec(order, price=HALF)) as (node, lab), Proxy(node.rpc_url, bsc_header) as proxy:
        await open_positions(lab)
        for endpoint in (Endpoint(proxy.ws_url), Endpoint(None, proxy.http_url)):
            async with watching(lab, endpoint) as seen:
                await lab.market.swap_v3(lab.sells_token(), lab.amounts(1_000, 500)[0])
                fact = await seen.at(lab)
                assert fact.venue_ns % 10**9 == 450_000_000
                assert "lp_bad_data" not in seen.codes()


async def test_finality_is_told() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            fact = await seen.at(lab)
            await lab.rpc.call("anvil_mine", ["0x18"])
            await eventually(lambda: seen.facts[-1].finalized_block > fact.finalized_block)
            assert 0 < seen.facts[-1].block - seen.facts[-1].finalized_block <= 24


async def test_a_token_with_a_transfer_fee_is_refused() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        await lab.sender.send(lab.deployed.accounts.owner, lab.deployed.token, "setFeeBps(uint256)", 30)
        with pytest.raises(ConfigError, match="fee on transfer"):
            async with watching(lab, both(node)):
                pass


async def test_a_node_of_another_chain_is_never_listened_to() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        other = Anvil(node.binary, NodeOptions(chain_id=97))
        await other.start()
        try:
            async with watching(lab, both(node), both(other)) as seen:
                await eventually(lambda: any("another chain" in alarm.message for alarm in seen.alarms))
                assert (await seen.at(lab)).provider == seen.monitor.nodes.lines[0].name
        finally:
            await other.stop()
