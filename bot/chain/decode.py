"""Answers and logs of PancakeSwap's contracts → states. Pure.

Rule 1: PancakeSwap's V3 Swap event has two words more than the original's; its topic and layout differ.
Rule 2: what is out of the range the contract itself keeps (ticks, prices) is an `AbiError`, not a number.
Rule 3: a log is read by its own fields only; whether it still counts (removed, orphaned) is the caller's
question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.chain import abi
from bot.chain.abi import AbiError
from bot.chain.state import Pair, PoolState
from bot.pricing.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, sqrt_ratio_at_tick

V3_SWAP = abi.topic("Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)")
V3_MINT = abi.topic("Mint(address,address,int24,int24,uint128,uint256,uint256)")
V3_BURN = abi.topic("Burn(address,int24,int24,uint128,uint256,uint256)")
V3_SET_FEE_PROTOCOL = abi.topic("SetFeeProtocol(uint32,uint32,uint32,uint32)")
V2_SYNC = abi.topic("Sync(uint112,uint112)")
V2_SWAP = abi.topic("Swap(address,uint256,uint256,uint256,uint256,address)")
TRANSFER = abi.topic("Transfer(address,address,uint256)")


@dataclass(frozen=True, slots=True)
class Slot0:
    """A V3 pool's price, tick and protocol fee."""

    sqrt_price_x96: int
    tick: int
    fee_protocol: int


@dataclass(frozen=True, slots=True)
class Position:
    """A V3 position as the manager keeps it."""

    token0: str
    token1: str
    fee: int
    lower: int
    upper: int
    liquidity: int
    inside_last: Pair
    owed: Pair


@dataclass(frozen=True, slots=True)
class Log:
    """One log: where it stands and what it says. `data` undecoded."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block: int
    block_hash: str
    index: int
    removed: bool

    @property
    def kind(self) -> str:
        """Its topic0, or nothing."""
        return self.topics[0] if self.topics else ""


@dataclass(frozen=True, slots=True)
class Head:
    """A block's header, as far as bookkeeping needs it."""

    number: int
    hash: str
    parent: str
    time_ns: int


def slot0(data: bytes) -> Slot0:
    """slot0() of a V3 pool. Raises `AbiError` for a pool that has no price yet."""
    price, tick, *_, fee_protocol, _unlocked = abi.words(data, 7)
    return Slot0(*_price_and_tick(price, tick), abi.uint(fee_protocol, 32))


def pool_liquidity(data: bytes) -> int:
    """liquidity() of a V3 pool."""
    return abi.uint(abi.words(data, 1)[0], 128)


def tick_outside(data: bytes) -> Pair:
    """Fee growth outside, of ticks(int24)."""
    found = abi.words(data, 8)
    return found[2], found[3]


def position(data: bytes) -> Position:
    """positions(uint256) of the position manager."""
    w = abi.words(data, 12)
    lower, upper = _tick(w[5]), _tick(w[6])
    if lower >= upper:
        raise AbiError(f"a position's bounds are {lower} and {upper}")
    return Position(
        token0=abi.address(w[2]),
        token1=abi.address(w[3]),
        fee=abi.uint(w[4], 24),
        lower=lower,
        upper=upper,
        liquidity=abi.uint(w[7], 128),
        inside_last=(w[8], w[9]),
        owed=(abi.uint(w[10], 128), abi.uint(w[11], 128)),
    )


def farm_user(data: bytes) -> str:
    """The depositor, of userPositionInfos(uint256) of MasterChefV3; the zero address where none."""
    return abi.address(abi.words(data, 9)[6])


def reserves(data: bytes) -> Pair:
    """getReserves() of a V2 pair."""
    first, second, _time = abi.words(data, 3)
    return abi.uint(first, 112), abi.uint(second, 112)


def twap_tick(data: bytes, seconds: int) -> float:
    """Mean tick over `seconds`, of observe([seconds, 0])."""
    found = [int.from_bytes(data[i : i + abi.WORD], "big") for i in range(0, len(data), abi.WORD)]
    if len(data) != 8 * abi.WORD or found[:3] != [64, 160, 2]:
        raise AbiError("observe did not answer two readings")
    return (abi.sint(found[4], 56) - abi.sint(found[3], 56)) / seconds


def v3_swap(log: Log, before: PoolState) -> PoolState:
    """The pool after a Swap log; fee growth is what it was (the log does not carry it)."""
    _0, _1, price, liquidity, tick, _fee0, _fee1 = abi.words(log.data, 7)
    root, number = _price_and_tick(price, tick)
    return PoolState(
        root, number, before.fee_protocol, abi.uint(liquidity, 128), before.growth, before.twap_tick
    )


def v2_sync(log: Log) -> Pair:
    """The reserves a Sync log announces."""
    first, second = abi.words(log.data, 2)
    return abi.uint(first, 112), abi.uint(second, 112)


def log_from(raw: Any) -> Log:
    """A log as JSON-RPC writes it."""
    try:
        return Log(
            address=str(raw["address"]).lower(),
            topics=tuple(str(topic) for topic in raw["topics"]),
            data=abi.unhex(raw["data"]),
            block=int(raw["blockNumber"], 16),
            block_hash=str(raw["blockHash"]),
            index=int(raw["logIndex"], 16),
            removed=bool(raw.get("removed", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AbiError("a log lacks a field or has it in another form") from None


def head_from(raw: Any) -> Head:
    """A header as JSON-RPC writes it; extraData of any length and fields of later forks are ignored.

    The time is the chain's own: BSC's `milliTimestamp` where it is given, for several blocks share a second.
    """
    try:
        milli = raw.get("milliTimestamp")
        stamp = int(raw["timestamp"], 16) * 1000 if milli is None else int(milli, 16)
        head = Head(int(raw["number"], 16), str(raw["hash"]), str(raw["parentHash"]), stamp * 1_000_000)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AbiError("a header lacks a field or has it in another form") from None
    if len(head.hash) != 66 or len(head.parent) != 66:
        raise AbiError("a header's hash is not 32 bytes")
    return head


def _tick(value: int) -> int:
    tick = abi.sint(value, 24)
    if not -MAX_TICK <= tick <= MAX_TICK:
        raise AbiError(f"tick {tick} is beyond ±{MAX_TICK}")
    return tick


def _price_and_tick(price: int, tick: int) -> tuple[int, int]:
    """Both, checked against each other: the price lies in its tick, or on the upper edge it was left by."""
    number = _tick(tick)
    if not MIN_SQRT_RATIO <= price <= MAX_SQRT_RATIO:
        raise AbiError("the pool has no valid price" if price else "the pool has not been initialised")
    if not sqrt_ratio_at_tick(number) <= price <= sqrt_ratio_at_tick(min(number + 1, MAX_TICK)):
        raise AbiError(f"the pool's price {price} does not lie in its tick {number}")
    return price, number
