"""The chain is undone in every way nodes know: the monitor stands where the node does within two seconds."""

from __future__ import annotations

from typing import Any

from bot.chain.line import Endpoint
from bot.localnet.chain_node import calldata
from chain.lab import Lab, fresh_lab, open_positions
from chain.proxy import Proxy
from chain.watching import both, watching


def swap_tx(lab: Lab, zero_for_one: bool, tokens: float) -> dict[str, Any]:
    """A swap as an unsent transaction."""
    amount = lab.amounts(tokens, tokens)[0 if zero_for_one else 1]
    source, target, signature, *args = lab.market.swap_v3_call(zero_for_one, amount)
    return {
        "from": source,
        "to": target,
        "data": "0x" + calldata(signature, *args).hex(),
        "gas": hex(3_000_000),
    }


async def swap(lab: Lab, tokens: float, sells: bool = True) -> None:
    zero_for_one = sells == lab.spec.token_is_0
    await lab.market.swap_v3(zero_for_one, lab.amounts(tokens, tokens)[0 if zero_for_one else 1])


async def test_blocks_replaced_by_others() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            for tokens in (3_000, 4_000, 5_000):
                await swap(lab, tokens)
            before = await seen.at(lab)
            pairs = [[swap_tx(lab, True, 1_000.0), 0], [swap_tx(lab, False, 2_000.0), 1]]
            await lab.rpc.call("anvil_reorg", [3, pairs])
            after = await seen.at(lab)
            assert after.block == before.block
            assert after.positions != before.positions
            assert "lp_reorg" in seen.codes()
            assert "lp_fast_path_mismatch" not in seen.codes()


async def test_blocks_taken_back_without_a_word_and_nothing_after() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            await swap(lab, 3_000)
            await swap(lab, 4_000)
            before = await seen.at(lab)
            await lab.rpc.call("anvil_rollback", [2])
            after = await seen.at(lab)
            assert after.block == before.block - 2
            assert "lp_reorg" in seen.codes()


async def test_a_snapshot_put_back_and_another_block_at_the_same_height() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            snapshot = await lab.rpc.call("evm_snapshot", [])
            await swap(lab, 9_000)
            await swap(lab, 9_000)
            before = await seen.at(lab)
            await lab.rpc.call("evm_revert", [snapshot])
            await swap(lab, 100, sells=False)
            after = await seen.at(lab)
            assert after.block == before.block - 1
            assert after.price > before.price


async def test_a_small_undoing_while_swaps_go_on() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        async with watching(lab, both(node)) as seen:
            for round_number in range(5):
                await swap(lab, 1_000 + round_number)
                await swap(lab, 2_000, sells=False)
                await lab.rpc.call("anvil_reorg", [1, [[swap_tx(lab, True, 500.0 + round_number), 0]]])
                await seen.at(lab)
            await swap(lab, 700)
            await seen.at(lab)


async def test_logs_taken_back_the_way_other_nodes_say_it() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url, proxy.http_url)) as seen:
            await swap(lab, 5_000)
            before = await seen.at(lab)
            number = hex(before.block)
            query = {"fromBlock": number, "toBlock": number, "address": lab.deployed.pool}
            logs = await lab.rpc.call("eth_getLogs", [query])
            await lab.rpc.call("anvil_rollback", [1])
            for log in reversed(logs):
                await proxy.say({**log, "removed": True})
            await swap(lab, 100, sells=False)
            after = await seen.at(lab)
            assert after.block == before.block
            assert after.price > before.price
            assert "lp_fast_path_mismatch" not in seen.codes()
