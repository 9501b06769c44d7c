"""Ticks and √price of concentrated-liquidity pools, in the contracts' own integers.

Rule 1: results equal the TickMath contract bit for bit; floats appear only in the `price_*` functions.
Rule 2: a tick or √price outside the contract's range raises ValueError, as the contract reverts.
"""

from __future__ import annotations

import math

MIN_TICK = -887_272
MAX_TICK = 887_272
MIN_SQRT_RATIO = 4_295_128_739
MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
Q96 = 1 << 96

# 2^128 · 1.0001^(−2^i / 2), i = 0 … 19, as the contract has them.
_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)
_LOG_TICK = math.log(1.0001)


def sqrt_ratio_at_tick(tick: int) -> int:
    """√(1.0001^tick)·2^96, rounded up as the contract does."""
    size = abs(tick)
    if size > MAX_TICK:
        raise ValueError(f"tick: must lie in ±{MAX_TICK}, got {tick!r}")
    ratio = 1 << 128
    for i, factor in enumerate(_FACTORS):
        if size >> i & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = ((1 << 256) - 1) // ratio
    return -(-ratio >> 32)


def tick_at_sqrt_ratio(sqrt_price: int) -> int:
    """The greatest tick whose √price is ≤ `sqrt_price` (Q64.96)."""
    if not MIN_SQRT_RATIO <= sqrt_price < MAX_SQRT_RATIO:
        raise ValueError(f"sqrt_price: outside the contract's range, got {sqrt_price!r}")
    # The float is good to a tick; integers decide.
    tick = math.floor(2 * (math.log(sqrt_price) - 96 * math.log(2)) / _LOG_TICK)
    tick = min(max(tick, MIN_TICK), MAX_TICK)
    while sqrt_ratio_at_tick(tick) > sqrt_price:
        tick -= 1
    while tick < MAX_TICK and sqrt_ratio_at_tick(tick + 1) <= sqrt_price:
        tick += 1
    return tick


def price_at_tick(tick: int, decimals0: int = 18, decimals1: int = 18) -> float:
    """Price at a tick in whole token1 per whole token0."""
    return math.exp(tick * _LOG_TICK) * 10.0 ** (decimals0 - decimals1)


def price_at_sqrt_ratio(sqrt_price: int, decimals0: int = 18, decimals1: int = 18) -> float:
    """Price of a Q64.96 √price in whole token1 per whole token0."""
    root = sqrt_price / Q96
    return root * root * 10.0 ** (decimals0 - decimals1)
