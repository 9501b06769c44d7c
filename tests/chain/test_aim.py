"""From a request to targets through whichever node answers first."""

from __future__ import annotations

import aiohttp

from bot.chain import decode
from bot.chain.aim import aim, filters, widened
from bot.chain.line import Endpoint
from bot.localnet.chain_deploy import LabSpec
from chain.lab import HALF, SharedNode, open_positions


async def test_a_node_that_is_down_is_passed_over(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab, aiohttp.ClientSession() as session:
        await open_positions(lab)
        told: list[tuple[str, str, str]] = []
        nodes = (Endpoint(None, "http://127.0.0.1:9"), Endpoint(shared_node.anvil.ws_url))
        targets = await aim(lab.request(), nodes, session, lambda *words: told.append(words))
        assert targets.pool == lab.deployed.pool
        assert [code for code, _words, _severity in told] == ["lp_line_down"]


async def test_new_positions_are_added_and_known_ones_kept(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab, aiohttp.ClientSession() as session:
        full, narrow = await open_positions(lab)
        nodes = (Endpoint(None, shared_node.anvil.rpc_url),)
        targets = await aim(lab.request(), nodes, session, lambda *_: None)
        assert await widened(lab.rpc, lab.request(), targets) is targets
        manager, other = lab.deployed.contracts.position_manager, lab.deployed.accounts.other
        move = "transferFrom(address,address,uint256)"
        await lab.sender.send(lab.market.us, manager, move, lab.market.us, other, full)
        added = await lab.market.mint(lab.range_around(500), lab.amounts(10, 5))
        wider = await widened(lab.rpc, lab.request(), targets)
        assert [nft.token_id for nft in wider.nfts] == [full, narrow, added]


async def test_logs_are_wanted_of_our_pools_and_of_what_we_receive(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab, aiohttp.ClientSession() as session:
        await open_positions(lab)
        nodes = (Endpoint(None, shared_node.anvil.rpc_url),)
        pools, received = filters(await aim(lab.request(), nodes, session, lambda *_: None))
        assert pools == {"address": [lab.deployed.pool, lab.deployed.pair]}
        assert received["topics"][0] == decode.TRANSFER
        assert received["topics"][2].endswith(lab.market.us[2:].lower())
