"""Logs as states, and what the full reading finds otherwise."""

from __future__ import annotations

from dataclasses import replace

from eth_abi.abi import encode

from bot.chain import decode, fastpath
from bot.chain.addresses import BSC
from bot.chain.decode import Log
from bot.chain.multiread import Targets
from bot.chain.state import ChainState
from bot.pricing.tick_math import sqrt_ratio_at_tick
from chain.test_gate import ORDER, state

POOL, PAIR = "0x" + "a" * 40, "0x" + "b" * 40
TARGETS = Targets(BSC, ORDER, "0x1", "0x2", pool=POOL, pair=PAIR)
OPENED = state("opened")


def log(address: str, kind: str, types: list[str], values: list[int]) -> Log:
    return Log(address, (kind,), encode(types, values), 61, "0xabc", 0, False)


def swap(address: str = POOL) -> Log:
    types = ["int256", "int256", "uint160", "uint128", "int24", "uint128", "uint128"]
    return log(address, decode.V3_SWAP, types, [1, -1, sqrt_ratio_at_tick(-6900), 77, -6900, 0, 0])


def sync(first: int, second: int) -> Log:
    return log(PAIR, decode.V2_SYNC, ["uint112", "uint112"], [first, second])


def moved(item: Log, before: ChainState = OPENED) -> ChainState:
    found = fastpath.apply(before, item, TARGETS)
    assert found is not None
    return found


def test_a_swap_overwrites_price_tick_and_liquidity() -> None:
    after = moved(swap())
    assert (after.block, after.pool.tick, after.pool.liquidity) == (61, -6900, 77)
    assert after.pool.growth == OPENED.pool.growth
    assert moved(swap(), after) == after, "applied twice is applied once"


def test_a_sync_overwrites_reserves() -> None:
    assert moved(sync(5, 7)).pair.reserves == (5, 7)
    assert moved(sync(5, 7)).pair.balances == (5, 7)


def test_other_contracts_and_other_logs_say_nothing() -> None:
    assert fastpath.apply(OPENED, swap("0x" + "c" * 40), TARGETS) is None
    assert fastpath.apply(OPENED, replace(swap(), topics=(decode.V3_MINT,)), TARGETS) is None
    assert fastpath.apply(replace(OPENED, pool=None, nfts=()), swap(), TARGETS) is None


def test_differences_name_both_sides() -> None:
    after = moved(sync(5, 7), moved(swap()))
    assert fastpath.differences(after, after) == ""
    assert "tick -6900 by log" in fastpath.differences(after, replace(after, pool=OPENED.pool))
    assert "(5, 7) by log" in fastpath.differences(after, replace(after, pair=OPENED.pair))
    minted = replace(OPENED.pair, supply=OPENED.pair.supply + 1)
    assert fastpath.differences(after, replace(after, pair=minted)) == "", "liquidity came or went"
