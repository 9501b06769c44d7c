"""One node's line: cut, frozen, silent, or talking nonsense."""

from __future__ import annotations

import pytest

from bot.chain.line import Endpoint, endpoints
from bot.localnet.chain_node import NodeOptions
from bot.model.errors import ConfigError
from chain.lab import eventually, fresh_lab, open_positions
from chain.proxy import Proxy
from chain.watching import BLOCK_S, both, watching


def test_addresses_of_one_host_are_one_node() -> None:
    found = endpoints(["http://a:1", "https://b"], ["ws://a:1", "wss://c/key"])
    assert found == (
        Endpoint("ws://a:1", "http://a:1"),
        Endpoint("wss://c/key", None),
        Endpoint(None, "https://b"),
    )
    assert [item.name for item in found] == ["a:1", "c", "b"]


def test_no_node_or_a_nonsense_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="no node"):
        endpoints([])
    with pytest.raises(ConfigError, match="must look like"):
        endpoints(["127.0.0.1:8545"])


async def test_a_cut_line_comes_back_with_the_state_missed() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url)) as seen:
            await seen.at(lab)
            await proxy.cut()
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await seen.at(lab)
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await seen.at(lab)
            assert "lp_line_down" in seen.codes()


async def test_a_frozen_line_is_noticed_within_four_block_times() -> None:
    options = NodeOptions(block_time_s=BLOCK_S)
    async with fresh_lab(options=options) as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url), both(node)) as seen:
            await eventually(lambda: len(seen.facts) > 2)
            proxy.flowing.clear()
            blocks = len(seen.facts)
            waited_s = await eventually(lambda: "lp_line_down" in seen.codes())
            assert waited_s <= 4 * BLOCK_S + 0.3
            taken_over_s = waited_s + await eventually(
                lambda: (
                    len(seen.facts) > blocks and seen.facts[-1].provider != seen.monitor.nodes.lines[0].name
                )
            )
            assert taken_over_s <= 2.0
            fact = await seen.at(lab)
            assert fact.provider == seen.monitor.nodes.lines[1].name


async def test_http_serves_while_the_websocket_is_refused() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        await proxy.refuse()
        async with watching(lab, Endpoint(proxy.ws_url, node.rpc_url)) as seen:
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await seen.at(lab)
            await proxy.listen()
            await eventually(lambda: "eth_subscribe" in proxy.requests)
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await seen.at(lab)


async def test_every_node_down_is_critical_and_the_last_reading_stays() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url)) as seen:
            last = await seen.at(lab)
            await proxy.refuse()
            await eventually(lambda: any(alarm.severity == "critical" for alarm in seen.alarms))
            assert seen.facts[-1] is last
            await proxy.listen()
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await eventually(lambda: seen.facts[-1] is not last)
            await seen.at(lab)


MANGLED = {
    "cut": lambda result: result[: len(result) // 64 * 32],
    "empty": lambda _result: "0x",
    "zeros": lambda result: "0x" + "00" * (len(result) // 2 - 1),
    "ones": lambda result: "0x" + "ff" * (len(result) // 2 - 1),
    "another block": lambda result: "0x" + "01".zfill(64) + result[66:],
    "no hex": lambda _result: "<html>",
}


@pytest.mark.parametrize("how", MANGLED)
async def test_malformed_answers_are_alarmed_and_move_nothing(how: str) -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url)) as seen:
            last = await seen.at(lab)
            proxy.mangle = MANGLED[how]
            await lab.rpc.call("anvil_mine", ["0x2"])
            await eventually(lambda: "lp_bad_data" in seen.codes())
            assert next(a for a in seen.alarms if a.code == "lp_bad_data").severity == "critical"
            assert seen.facts[-1] is last
            proxy.mangle = lambda result: result
            await lab.market.swap_v3(True, lab.amounts(100, 0)[0])
            await seen.at(lab)


async def test_a_second_node_takes_over_from_one_that_answers_nonsense() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url), both(node)) as seen:
            await seen.at(lab)
            proxy.mangle = MANGLED["ones"]
            for _ in range(3):
                await lab.market.swap_v3(True, lab.amounts(100, 0)[0])
                fact = await seen.at(lab)
            assert fact.provider == seen.monitor.nodes.lines[1].name


async def test_a_header_that_is_none_is_reported_and_not_believed() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        async with watching(lab, Endpoint(proxy.ws_url), both(node)) as seen:
            await seen.at(lab)
            proxy.rewrite = lambda header: {**header, "hash": "0x12"}
            await lab.market.swap_v3(True, lab.amounts(4_000, 0)[0])
            await eventually(lambda: "lp_bad_data" in seen.codes())
            await seen.at(lab, within_s=3)
