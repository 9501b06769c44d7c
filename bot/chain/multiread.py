"""One call that reads everything about our positions at one block.

Rule 1: the calls are encoded once; per block only the answer is decoded.
Rule 2: everything in one multicall pinned to one block hash, so no state is ever torn across blocks.
Rule 3: an id the manager does not know, or holds for somebody else, goes to `gone`; it is not an empty
position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.chain import abi, decode
from bot.chain.abi import AbiError, Call
from bot.chain.addresses import NOWHERE, Contracts
from bot.chain.rpc import Rpc, RpcError
from bot.chain.state import ChainState, NftState, Pair, PairState, PoolState, TokenOrder

TWAP_S = 30
GAS = 0x1C9C3800


@dataclass(frozen=True, slots=True)
class Nft:
    """A V3 position's id and its bounds, which never change."""

    token_id: int
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Targets:
    """What to read: our positions in one pool and one pair of the deal's token. Addresses are lower case.

    `owner` None = believe whoever holds an id; needed for V2 and the wallet.
    """

    contracts: Contracts
    order: TokenOrder
    token0: str
    token1: str
    owner: str | None = None
    pool: str | None = None
    nfts: tuple[Nft, ...] = ()
    pair: str | None = None
    twap_s: int = TWAP_S


class MultiRead:
    """The encoded multicall for some targets, and the decoder of its answer."""

    def __init__(self, targets: Targets) -> None:
        self.targets = targets
        self._index: dict[str, int] = {}
        calls: list[Call] = []
        for key, call in _calls(targets):
            if key not in self._index:
                self._index[key] = len(calls)
                calls.append(call)
        self.calls = calls
        data = abi.encode_multicall(calls)
        self.request = {"to": targets.contracts.multicall, "data": "0x" + data.hex(), "gas": hex(GAS)}

    async def read(self, rpc: Rpc, block_hash: str | None = None) -> ChainState:
        """The state at a block (None = the node's newest). Raises `LineDown`, `RpcError`, `AbiError`."""
        if self.targets.contracts.multicall == NOWHERE:
            return self.state(*await one_by_one(rpc, self.calls, block_hash))
        at: Any = "latest" if block_hash is None else {"blockHash": block_hash}
        return self.decode(abi.unhex(await rpc.call("eth_call", [self.request, at])))

    def decode(self, raw: bytes) -> ChainState:
        """The multicall's answer as a state. Raises `AbiError`."""
        return self.state(*abi.decode_multicall(raw, len(self.calls)))

    def state(self, block: int, answers: list[bytes | None]) -> ChainState:
        """The answers to `calls` as a state. Raises `AbiError`."""
        read = _Answers(self._index, answers)
        targets = self.targets
        gone: list[str] = []
        nfts: list[NftState] = []
        for nft in targets.nfts:
            found = _nft(read, targets, nft)
            if isinstance(found, str):
                gone.append(f"v3:{nft.token_id} {found}")
            else:
                nfts.append(found)
        pair = _pair(read) if targets.pair is not None else None
        if pair is not None and pair.lp_tokens == 0:
            gone.append(f"v2:{targets.pair} the owner holds no liquidity tokens")
            pair = None
        wallet = (read.uint("wallet0"), read.uint("wallet1")) if targets.owner is not None else None
        pool = _pool(read, targets.twap_s) if targets.pool is not None else None
        return ChainState(block, pool, tuple(nfts), pair, wallet, tuple(gone))


async def one_by_one(
    rpc: Rpc, calls: list[Call], block_hash: str | None = None
) -> tuple[int, list[bytes | None]]:
    """(block number, answers) without a multicall contract: as many requests, pinned to one block."""
    params = ["latest", False] if block_hash is None else [block_hash, False]
    method = "eth_getBlockByNumber" if block_hash is None else "eth_getBlockByHash"
    head = decode.head_from(await rpc.call(method, params))

    async def ask(call: Call) -> bytes | None:
        request = {"to": call.target, "data": "0x" + call.data.hex()}
        try:
            return abi.unhex(await rpc.call("eth_call", [request, {"blockHash": head.hash}])) or None
        except RpcError as error:
            if "revert" in error.message.lower():
                return None
            raise

    return head.number, list(await asyncio.gather(*(ask(call) for call in calls)))


class _Answers:
    def __init__(self, index: dict[str, int], answers: list[bytes | None]) -> None:
        self._index, self._answers = index, answers

    def maybe(self, key: str) -> bytes | None:
        return self._answers[self._index[key]]

    def need(self, key: str) -> bytes:
        found = self.maybe(key)
        if found is None:
            raise AbiError(f"the contract refused `{key}`")
        return found

    def uint(self, key: str) -> int:
        return abi.words(self.need(key), 1)[0]


def _calls(targets: Targets) -> Iterable[tuple[str, Call]]:
    book = targets.contracts
    if targets.pool is not None:
        yield from _pool_calls(targets.pool, targets.twap_s)
    for nft in targets.nfts:
        yield from _nft_calls(targets, nft)
    if targets.pair is not None:
        pair, owner = targets.pair, targets.owner or NOWHERE
        yield "reserves", Call(pair, abi.encode("getReserves()"))
        yield "supply", Call(pair, abi.encode("totalSupply()"))
        yield "lp", Call(pair, abi.encode("balanceOf(address)", owner))
        yield "kLast", Call(pair, abi.encode("kLast()"))
        yield "feeTo", Call(book.v2_factory, abi.encode("feeTo()"))
        yield "balance0", Call(targets.token0, abi.encode("balanceOf(address)", pair))
        yield "balance1", Call(targets.token1, abi.encode("balanceOf(address)", pair))
    if targets.owner is not None:
        yield "wallet0", Call(targets.token0, abi.encode("balanceOf(address)", targets.owner))
        yield "wallet1", Call(targets.token1, abi.encode("balanceOf(address)", targets.owner))


def _pool_calls(pool: str, twap_s: int) -> Iterable[tuple[str, Call]]:
    observe = abi.selector("observe(uint32[])") + b"".join(abi.word(n) for n in (32, 2, twap_s, 0))
    yield "slot0", Call(pool, abi.encode("slot0()"))
    yield "liquidity", Call(pool, abi.encode("liquidity()"))
    yield "growth0", Call(pool, abi.encode("feeGrowthGlobal0X128()"))
    yield "growth1", Call(pool, abi.encode("feeGrowthGlobal1X128()"))
    yield "observe", Call(pool, observe)


def _nft_calls(targets: Targets, nft: Nft) -> Iterable[tuple[str, Call]]:
    book, number = targets.contracts, nft.token_id
    assert targets.pool is not None
    yield f"position {number}", Call(book.position_manager, abi.encode("positions(uint256)", number))
    yield f"owner {number}", Call(book.position_manager, abi.encode("ownerOf(uint256)", number))
    for tick in (nft.lower, nft.upper):
        yield f"tick {tick}", Call(targets.pool, abi.encode("ticks(int24)", tick))
    if book.masterchef != NOWHERE:
        yield f"farm {number}", Call(book.masterchef, abi.encode("userPositionInfos(uint256)", number))
        yield f"cake {number}", Call(book.masterchef, abi.encode("pendingCake(uint256)", number))


def _pool(read: _Answers, twap_s: int) -> PoolState:
    slot = decode.slot0(read.need("slot0"))
    observed = read.maybe("observe")  # a young pool keeps no observation that old and refuses: no average
    return PoolState(
        sqrt_price_x96=slot.sqrt_price_x96,
        tick=slot.tick,
        fee_protocol=slot.fee_protocol,
        liquidity=decode.pool_liquidity(read.need("liquidity")),
        growth=(read.uint("growth0"), read.uint("growth1")),
        twap_tick=None if observed is None else decode.twap_tick(observed, twap_s),
    )


def _nft(read: _Answers, targets: Targets, nft: Nft) -> NftState | str:
    raw, holder_raw = read.maybe(f"position {nft.token_id}"), read.maybe(f"owner {nft.token_id}")
    if raw is None or holder_raw is None:
        return "does not exist (burned, or never minted)"
    position = decode.position(raw)
    if (position.lower, position.upper) != (nft.lower, nft.upper):
        raise AbiError(f"position {nft.token_id} changed its bounds")
    holder = abi.address(abi.words(holder_raw, 1)[0])
    staked = holder == targets.contracts.masterchef
    if staked:
        holder = decode.farm_user(read.need(f"farm {nft.token_id}"))
    if targets.owner is not None and holder != targets.owner:
        return f"is held by {holder}{' in the farm' if staked else ''}"
    outside: list[Pair] = [decode.tick_outside(read.need(f"tick {t}")) for t in (nft.lower, nft.upper)]
    return NftState(
        token_id=nft.token_id,
        lower=nft.lower,
        upper=nft.upper,
        liquidity=position.liquidity,
        inside_last=position.inside_last,
        owed=position.owed,
        outside_lower=outside[0],
        outside_upper=outside[1],
        owner=holder,
        staked=staked,
        cake=read.uint(f"cake {nft.token_id}") if staked else 0,
    )


def _pair(read: _Answers) -> PairState:
    return PairState(
        reserves=decode.reserves(read.need("reserves")),
        balances=(read.uint("balance0"), read.uint("balance1")),
        supply=read.uint("supply"),
        lp_tokens=read.uint("lp"),
        k_last=read.uint("kLast"),
        fee_on=read.uint("feeTo") != 0,
    )
