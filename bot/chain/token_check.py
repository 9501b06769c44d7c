"""Does a transfer of the token arrive whole? Asked of the node without sending anything.

Rule 1: a token that takes a fee on transfer breaks every amount in this program: it is refused at the start.
Rule 2: a node that cannot be asked this way leaves the question open (None), not answered with "no fee".
"""

from __future__ import annotations

from bot.chain import abi
from bot.chain.abi import AbiError
from bot.chain.multiread import Targets
from bot.chain.rpc import Rpc, RpcError
from bot.model.errors import ConfigError

AMOUNT = 10_000
_NOBODY = 0xDEAD0000000000000000000000000000000000A1

# Code that transfers (token, to, amount) from itself and returns what `to` then holds. It stands in for the
# code of an address that holds the token, for the length of one eth_call.
_SELECTOR = "63{}60e01b600052"  # memory[0:4] = selector
_RECEIVER, _SUM = "602035600452", "604035602452"  # its arguments: calldata words 1 and 2
_CALL = "600060006044600060006000355af150"  # call(token, memory[0:68])
_ASK = "60206080602460006000355afa50"  # memory[128:160] = staticcall(token, memory[0:36])
PROGRAM = "0x" + "".join(
    (
        _SELECTOR.format(abi.selector("transfer(address,uint256)").hex()),
        _RECEIVER,
        _SUM,
        _CALL,
        _SELECTOR.format(abi.selector("balanceOf(address)").hex()),
        _RECEIVER,
        _ASK,
        "60206080f3",
    )
)


async def arrives_whole(rpc: Rpc, token: str, holder: str) -> bool | None:
    """Whether `AMOUNT` raw units sent by `holder` arrive as `AMOUNT`; None = the node cannot tell."""
    data = b"".join(abi.word(value) for value in (token, _NOBODY, AMOUNT))
    request = {"to": holder, "data": "0x" + data.hex()}
    try:
        raw = await rpc.call("eth_call", [request, "latest", {holder: {"code": PROGRAM}}])
        received = abi.words(abi.unhex(raw), 1)[0]
    except (RpcError, AbiError):
        return None
    return None if received == 0 else received == AMOUNT


async def refuse_transfer_fees(rpc: Rpc, targets: Targets) -> bool:
    """Raises `ConfigError` for a token with a transfer fee. False = could not be checked on this node."""
    holder = targets.pool or targets.pair
    if holder is None:
        return False
    answers = [await arrives_whole(rpc, token, holder) for token in (targets.token0, targets.token1)]
    for token, answer in zip((targets.token0, targets.token1), answers, strict=True):
        if answer is False:
            raise ConfigError([f"chain: {token} takes a fee on transfer: pool amounts cannot be trusted"])
    return all(answers)
