"""Questions to contracts, and address books that contracts complete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain import abi
from bot.chain.abi import Call
from bot.chain.addresses import BSC, NOWHERE
from bot.chain.asker import Asker, book_on, completed
from bot.localnet.chain_deploy import LabSpec
from bot.model.errors import ConfigError
from chain.lab import HALF, SharedNode


async def test_answers_come_in_order_and_refusals_are_none(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        ask = Asker(lab.rpc, lab.deployed.contracts)
        token, nobody = lab.deployed.token, "0x" + "12" * 20
        calls = [Call(token, abi.encode("decimals()")), Call(token, abi.encode("nonsense()")),
                 Call(nobody, abi.encode("decimals()"))]  # fmt: skip
        assert await ask.many(calls) == [abi.word(18), None, None]
        assert await ask.many([]) == []
        ask.book = replace(ask.book, multicall=NOWHERE)
        assert await ask.many(calls) == [abi.word(18), None, None]
        with pytest.raises(ConfigError, match="its nonsense does not answer"):
            await ask.words({"its nonsense": calls[1]})
        with pytest.raises(ConfigError, match="nobody"):
            await ask.code({"token": token, "nobody": nobody})


async def test_factories_left_out_are_asked_for(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        book = lab.deployed.contracts
        lean = replace(book, v3_factory=NOWHERE, v3_deployer=NOWHERE, v2_factory=NOWHERE)
        assert await completed(Asker(lab.rpc, lean), lab.deployed.pair) == book
        assert await completed(Asker(lab.rpc, book), None) == book


async def test_the_book_must_be_of_the_nodes_chain(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        with pytest.raises(ConfigError, match="no contract at"):
            await book_on(lab.rpc, BSC, 56)
        with pytest.raises(ConfigError, match="the contracts file says 97"):
            await book_on(lab.rpc, replace(lab.deployed.contracts, chain_id=97), None)
