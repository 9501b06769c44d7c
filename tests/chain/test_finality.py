"""How far the chain is final, from a node that tells, does not know, or lags."""

from __future__ import annotations

from typing import Any

from bot.chain.decode import Head
from bot.chain.finality import EVERY_BLOCKS, Finality
from bot.chain.rpc import RpcError

HASH = "0x" + "5" * 64


class Node:
    """Answers the finalized tag with `block`, or refuses it."""

    name, calls = "node", 0

    def __init__(self, block: int | None) -> None:
        self.block = block

    async def call(self, method: str, params: list[Any], timeout_s: float = 2.0) -> Any:
        self.calls += 1
        assert (method, params) == ("eth_getBlockByNumber", ["finalized", False])
        if self.block is None:
            raise RpcError(method, -32602, "unknown tag")
        return {"number": hex(self.block), "hash": HASH, "parentHash": HASH, "timestamp": "0x1"}


def head(number: int) -> Head:
    return Head(number, HASH, HASH, 0)


async def test_it_is_asked_every_twenty_blocks() -> None:
    node, finality = Node(98), Finality()
    for number in range(100, 100 + 2 * EVERY_BLOCKS):
        assert await finality.look(node, head(number)) == ""
    assert (finality.block, node.calls) == (98, 2)


async def test_a_node_that_does_not_know_the_tag_tells_nothing() -> None:
    finality = Finality()
    assert await finality.look(Node(None), head(500)) == ""
    assert finality.block == 0


async def test_finality_that_stands_still_is_words() -> None:
    assert await Finality().look(Node(20), head(500)) == "finalized is some 480 blocks behind"
