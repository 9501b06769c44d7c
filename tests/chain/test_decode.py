"""Answers, logs and headers, and everything about them that is refused."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from bot.chain import decode
from bot.chain.abi import AbiError
from bot.chain.decode import Head, Log
from bot.chain.state import PoolState
from bot.pricing.tick_math import sqrt_ratio_at_tick

HASH = "0x" + "5" * 64
POOL = PoolState(1 << 96, 0, 0, 5, (1, 2), 3.0)


def swap_log(price: int, tick: int, liquidity: int = 10**20) -> Log:
    types = ["int256", "int256", "uint160", "uint128", "int24", "uint128", "uint128"]
    data = encode(types, [-5, 7, price, liquidity, tick, 11, 13])
    return Log("0x1", (decode.V3_SWAP,), data, 9, HASH, 0, False)


def test_a_swap_log_carries_price_liquidity_and_tick() -> None:
    price = sqrt_ratio_at_tick(-6932) + 5
    assert decode.v3_swap(swap_log(price, -6932), POOL) == PoolState(price, -6932, 0, 10**20, (1, 2), 3.0)


def test_the_price_on_a_bound_reached_from_above_belongs_to_the_tick_below() -> None:
    price = sqrt_ratio_at_tick(-8000)
    assert decode.v3_swap(swap_log(price, -8001), POOL).tick == -8001
    assert decode.v3_swap(swap_log(price, -8000), POOL).tick == -8000
    with pytest.raises(AbiError, match="does not lie"):
        decode.v3_swap(swap_log(price, -8002), POOL)


@pytest.mark.parametrize(("price", "tick"), [(0, 0), (1 << 96, 5), (1 << 96, 900_000 - (1 << 24))])
def test_an_impossible_price_is_refused(price: int, tick: int) -> None:
    with pytest.raises(AbiError):
        decode.v3_swap(swap_log(price, max(min(tick, 8_388_607), -8_388_608)), POOL)


def test_the_originals_swap_layout_is_refused() -> None:
    types = ["int256", "int256", "uint160", "uint128", "int24"]
    short = Log("0x1", (decode.V3_SWAP,), encode(types, [0, 0, 1 << 96, 1, 0]), 9, HASH, 0, False)
    with pytest.raises(AbiError, match="7 words"):
        decode.v3_swap(short, POOL)


def test_slot0_of_a_pool_without_a_price_is_refused() -> None:
    types = ["uint160", "int24", "uint16", "uint16", "uint16", "uint32", "bool"]
    with pytest.raises(AbiError, match="not been initialised"):
        decode.slot0(encode(types, [0, 0, 0, 1, 1, 0, True]))
    found = decode.slot0(encode(types, [1 << 96, 0, 0, 1, 1, 3200 + (4000 << 16), True]))
    assert PoolState(1 << 96, 0, found.fee_protocol, 0, (0, 0)).protocol_share == (0.32, 0.4)


def test_a_position_with_crossed_bounds_is_refused() -> None:
    types = [
        "uint96",
        *["address"] * 3,
        "uint24",
        "int24",
        "int24",
        "uint128",
        *["uint256"] * 2,
        *["uint128"] * 2,
    ]
    good = [0, *["0x" + "1" * 40] * 3, 2500, -50, 50, 7, 1, 2, 3, 4]
    assert decode.position(encode(types, good)).owed == (3, 4)
    with pytest.raises(AbiError, match="bounds"):
        decode.position(encode(types, [*good[:5], 50, -50, *good[7:]]))


def test_the_average_tick_is_signed_and_checked() -> None:
    raw = encode(["int56[]", "uint160[]"], [[-300, -900], [1, 2]])
    assert decode.twap_tick(raw, 30) == -20.0
    with pytest.raises(AbiError):
        decode.twap_tick(raw[:-32], 30)


def test_bsc_headers_keep_their_milliseconds() -> None:
    raw = {
        "number": "0x10",
        "hash": HASH,
        "parentHash": HASH,
        "timestamp": "0x64",
        "extraData": "0x" + "ab" * 280,
    }
    assert decode.head_from(raw) == Head(16, HASH, HASH, 100 * 10**9)
    assert decode.head_from({**raw, "milliTimestamp": hex(100_450)}).time_ns == 100_450_000_000


NO_HASH = {"number": "0x1", "hash": "0x2", "parentHash": "0x3", "timestamp": "0x4"}


@pytest.mark.parametrize("raw", [None, {}, "x", {"number": 7}, NO_HASH])
def test_what_is_no_header_is_refused(raw: object) -> None:
    with pytest.raises(AbiError):
        decode.head_from(raw)


def test_logs_are_read_and_broken_ones_refused() -> None:
    raw = {
        "address": "0xAB",
        "topics": [decode.V2_SYNC],
        "data": "0x" + encode(["uint112", "uint112"], [5, 7]).hex(),
        "blockNumber": "0x2",
        "blockHash": HASH,
        "logIndex": "0x1",
    }
    log = decode.log_from(raw)
    assert (log.address, log.kind, log.removed) == ("0xab", decode.V2_SYNC, False)
    assert decode.v2_sync(log) == (5, 7)
    assert decode.log_from({**raw, "removed": True}).removed
    for broken in ({}, None, {**raw, "data": "zz"}, {**raw, "blockNumber": None}, {**raw, "topics": None}):
        with pytest.raises(AbiError):
            decode.log_from(broken)
