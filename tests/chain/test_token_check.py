"""The question put to the node about transfers, answered by nodes that cannot be asked."""

from __future__ import annotations

from typing import Any

from bot.chain.rpc import RpcError
from bot.chain.token_check import AMOUNT, PROGRAM, arrives_whole

TOKEN, HOLDER = "0x" + "1" * 40, "0x" + "2" * 40


class Node:
    """Answers every call with `answer`, or refuses it."""

    name, calls = "node", 0

    def __init__(self, answer: int | None) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def call(self, method: str, params: list[Any], timeout_s: float = 2.0) -> Any:
        self.asked = params
        if self.answer is None:
            raise RpcError(method, -32602, "state override is not supported")
        return "0x" + self.answer.to_bytes(32, "big").hex()


async def test_only_a_whole_arrival_counts() -> None:
    assert await arrives_whole(Node(AMOUNT), TOKEN, HOLDER) is True
    assert await arrives_whole(Node(AMOUNT - 1), TOKEN, HOLDER) is False
    assert await arrives_whole(Node(0), TOKEN, HOLDER) is None, "the holder may have had nothing to send"
    assert await arrives_whole(Node(None), TOKEN, HOLDER) is None


async def test_the_holders_code_is_replaced_for_one_call_only() -> None:
    node = Node(AMOUNT)
    await arrives_whole(node, TOKEN, HOLDER)
    request, block, override = node.asked
    assert (request["to"], block) == (HOLDER, "latest")
    assert override == {HOLDER: {"code": PROGRAM}}
