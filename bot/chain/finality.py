"""How far the chain is final: asked every twenty blocks.

Rule 1: act on the head, book on what is final; a fact carries the last final height so that both can be done.
Rule 2: a node that does not know the tag tells nothing; the height then stays and grows old.
"""

from __future__ import annotations

from bot.chain import decode
from bot.chain.abi import AbiError
from bot.chain.decode import Head
from bot.chain.rpc import Rpc, RpcError

EVERY_BLOCKS, LAG_BLOCKS = 20, 40


class Finality:
    """The last final height heard of; 0 = none."""

    def __init__(self) -> None:
        self.block = 0
        self._asked_at = -EVERY_BLOCKS

    async def look(self, rpc: Rpc, head: Head) -> str:
        """Ask if it is time; words when the chain's finality lags (BSC's fast finality is then down)."""
        if abs(head.number - self._asked_at) < EVERY_BLOCKS:
            return ""
        self._asked_at = head.number
        try:
            raw = await rpc.call("eth_getBlockByNumber", ["finalized", False])
            self.block = decode.head_from(raw).number
        except (RpcError, AbiError):
            return ""
        lag = head.number - self.block
        return f"finalized is some {lag // 10 * 10} blocks behind" if lag > LAG_BLOCKS else ""
