"""Start-up checks of addresses and positions, on the node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain.addresses import BSC, NOWHERE
from bot.chain.asker import Asker
from bot.chain.multiread import MultiRead
from bot.chain.reading import holdings
from bot.chain.token_check import arrives_whole, refuse_transfer_fees
from bot.chain.verify import discover, resolve
from bot.localnet.chain_actions import Market, full_range
from bot.localnet.chain_deploy import LabSpec
from bot.model.errors import ConfigError
from chain.lab import HALF, Lab, SharedNode, open_positions

SPEC = LabSpec(price=HALF)


async def test_an_owners_positions_are_found_in_wallet_and_farm(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        full, narrow = await open_positions(lab)
        await lab.market.stake(narrow)
        ask = Asker(lab.rpc, lab.deployed.contracts)
        assert await discover(ask, lab.market.us) == [full, narrow]
        assert await discover(ask, lab.deployed.accounts.trader) == []
        targets = await resolve(lab.rpc, lab.request())
        assert [nft.token_id for nft in targets.nfts] == [full, narrow]
        assert (targets.pool, targets.pair) == (lab.deployed.pool, lab.deployed.pair)


async def test_without_a_multicall_everything_reads_the_same(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        await open_positions(lab)
        contracts = lab.deployed.contracts
        with_it = await lab.read()
        for multicall in (NOWHERE, lab.deployed.token):
            book = replace(contracts, multicall=multicall)
            targets = await resolve(lab.rpc, lab.request(contracts=book))
            assert targets.contracts.multicall == NOWHERE
            assert holdings(await MultiRead(targets).read(lab.rpc)) == holdings(with_it)


async def refused(lab: Lab, **changes: object) -> str:
    with pytest.raises(ConfigError) as caught:
        await resolve(lab.rpc, lab.request(**changes))
    return str(caught.value)


async def test_each_wrong_entry_is_named(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        full, _narrow = await open_positions(lab)
        book, nobody = lab.deployed.contracts, "0x" + "12" * 20
        assert "on chain 56, the configuration says 97" in await refused(lab, chain_id=97)
        wrong_factory = replace(book, v3_factory=book.v2_factory)
        assert "position_manager's factory() is" in await refused(lab, contracts=wrong_factory)
        other_code = replace(book, v3_init_code_hash="0x" + "1" * 64)
        assert "does not know the pool" in await refused(lab, contracts=other_code)
        other_pair = replace(book, v2_init_code_hash="0x" + "1" * 64)
        assert "not made of the known code" in await refused(lab, contracts=other_pair)
        assert f"no contract at {nobody}" in await refused(lab, token=nobody)
        assert "the same contract" in await refused(lab, token=lab.deployed.usdt)
        assert "position 999 does not exist" in await refused(lab, v3_ids=(999,))
        assert f"no contract at {BSC.multicall}" in await refused(lab, contracts=None)
        assert "needs its owner" in await refused(lab, owner=None, v3_ids=(full,))
        assert "v3_pool's fee() does not answer" in await refused(lab, v3_pool=lab.deployed.pair)
        assert "not in the deal's" in await refused(
            lab, quote=lab.deployed.contracts.cake, v3_ids=(full,), v2_pair=None
        )
        assert "no position found" in await refused(lab, owner=lab.deployed.accounts.trader, v2_pair=None)


async def test_positions_of_two_fee_tiers_need_the_pool_named(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        full, narrow = await open_positions(lab)
        deployed = lab.deployed
        create = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        manager, price = deployed.contracts.position_manager, lab.root("0.5")
        args = (deployed.token0, deployed.token1, 500, price)
        await lab.sender.send(deployed.accounts.owner, manager, create, *args)
        other = Market(lab.sender, replace(deployed, spec=replace(deployed.spec, fee=500)))
        second = await other.mint(full_range(10), lab.amounts(1_000, 500))
        assert "different fees (500, 2500)" in await refused(lab)
        named = await resolve(lab.rpc, lab.request(v3_pool=deployed.pool))
        assert [nft.token_id for nft in named.nfts] == [full, narrow]
        asked = {"v3_pool": deployed.pool, "v3_ids": (full, second)}
        assert f"position {second} lies in the pool of another fee tier" in await refused(lab, **asked)


async def test_an_owner_flooded_with_dust_is_refused(
    shared_node: SharedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shared_node.lab(SPEC) as lab:
        await open_positions(lab)
        monkeypatch.setattr("bot.chain.verify.POSITIONS_MAX", 1)
        assert "holds 2 positions" in await refused(lab)


async def test_a_burned_id_is_refused_at_the_start(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        _full, narrow = await open_positions(lab)
        await lab.market.decrease(narrow, await lab.market.liquidity_of(narrow))
        await lab.market.collect(narrow)
        await lab.market.burn(narrow)
        assert f"position {narrow} does not exist" in await refused(lab, v3_ids=(narrow,))


async def test_transfer_fees_are_found_by_asking(shared_node: SharedNode) -> None:
    async with shared_node.lab(SPEC) as lab:
        await open_positions(lab)
        targets = await resolve(lab.rpc, lab.request())
        assert await refuse_transfer_fees(lab.rpc, targets) is True
        for fee_bps, whole in ((1, False), (0, True)):
            owner = lab.deployed.accounts.owner
            await lab.sender.send(owner, lab.deployed.token, "setFeeBps(uint256)", fee_bps)
            assert await arrives_whole(lab.rpc, lab.deployed.token, lab.deployed.pool) is whole
        assert await arrives_whole(lab.rpc, lab.deployed.token, "0x" + "12" * 20) is None
