"""The node's process and the transactions sent through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.localnet.chain_deploy import LabSpec
from bot.localnet.chain_node import Anvil, NodeOptions, Reverted, argument_types, calldata
from bot.localnet.chain_packages import install
from bot.model.errors import BotError, ConfigError
from chain.lab import HALF, SharedNode


async def test_it_starts_on_the_wanted_chain_and_ends() -> None:
    node = Anvil(install().anvil, NodeOptions(chain_id=97, block_time_s=0.1))
    with pytest.raises(BotError, match="not been started"):
        _ = node.rpc
    await node.start()
    assert int(await node.rpc.call("eth_chainId", []), 16) == 97
    heights: list[int] = []
    while len(set(heights)) < 3:
        heights.append(int(await node.rpc.call("eth_blockNumber", []), 16))
    await node.stop()
    with pytest.raises(BotError, match="not been started"):
        _ = node.rpc


async def test_a_binary_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot run"):
        await Anvil(tmp_path / "absent").start()
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    broken.chmod(0o755)
    node = Anvil(broken)
    with pytest.raises(ConfigError, match="out of luck"):
        await node.start()
    await node.stop()


async def test_finality_follows_the_epoch() -> None:
    node = Anvil(install().anvil, NodeOptions(epoch_slots=2))
    await node.start()
    await node.rpc.call("anvil_mine", ["0x14"])
    finalized = await node.rpc.call("eth_getBlockByNumber", ["finalized", False])
    assert int(finalized["number"], 16) == 20 - 4
    await node.stop()


async def test_refusals_of_contracts_are_errors(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        owner, pair = lab.deployed.accounts.owner, lab.deployed.pair
        with pytest.raises(Reverted):
            await lab.sender.send(owner, pair, "initialize(address,address)", owner, owner)
        with pytest.raises(Reverted):
            await lab.sender.view(pair, "nonsense()", ["uint256"])
        digest = await lab.sender.post(owner, lab.deployed.token, "mint(address,uint256)", owner, 5)
        assert int((await lab.sender.receipt(digest))["status"], 16) == 1


def test_calldata_is_built_from_the_signature() -> None:
    assert argument_types("f((address,uint256)[],bytes)") == ["(address,uint256)[]", "bytes"]
    assert argument_types("f()") == []
    assert calldata("setFeeBps(uint256)", 30).hex().endswith("1e")
