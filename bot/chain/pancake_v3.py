"""PancakeSwap V3 to the wei: principal and uncollected fees of a position. Pure.

Rule 1: the formulas are PancakeV3Pool.burn, Tick.getFeeGrowthInside and LiquidityAmounts, floor each.
Rule 2: fee growth counts modulo 2**256 and its differences do wrap in use; signed arithmetic would be wrong.
Rule 3: inside or outside is judged by slot0's tick, not by its price: on the lower bound reached from above
the two differ.
"""

from __future__ import annotations

from bot.chain.state import NftState, Pair, PoolState
from bot.pricing.liquidity_math import amounts_for_liquidity
from bot.pricing.tick_math import Q96, sqrt_ratio_at_tick

MODULUS = 1 << 256


def principal(pool: PoolState, nft: NftState) -> Pair:
    """(token0, token1) that taking all liquidity out pays, fees and tokensOwed apart."""
    return amounts_for_liquidity(
        pool.sqrt_price_x96, sqrt_ratio_at_tick(nft.lower), sqrt_ratio_at_tick(nft.upper), nft.liquidity
    )


def growth_inside(pool: PoolState, nft: NftState, token: int) -> int:
    """Fee growth inside the range for token 0 or 1, X128, modulo 2**256."""
    total, low, high = pool.growth[token], nft.outside_lower[token], nft.outside_upper[token]
    below = low if pool.tick >= nft.lower else total - low
    above = high if pool.tick < nft.upper else total - high
    return (total - below - above) % MODULUS


def uncollected(pool: PoolState, nft: NftState) -> Pair:
    """(token0, token1) that collect pays: tokensOwed and what has accrued since the last touch.

    With no liquidity left the ticks may be cleared, so only tokensOwed counts.
    """
    if nft.liquidity == 0:
        return nft.owed
    accrued = tuple(
        ((growth_inside(pool, nft, token) - nft.inside_last[token]) % MODULUS * nft.liquidity) >> 128
        for token in (0, 1)
    )
    return nft.owed[0] + accrued[0], nft.owed[1] + accrued[1]


def raw_price(sqrt_price: int) -> float:
    """Token1 per token0, raw units, of a Q64.96 √price."""
    root = sqrt_price / Q96
    return root * root


def in_range(pool: PoolState, nft: NftState) -> bool:
    """Whether the position's liquidity is active."""
    return nft.lower <= pool.tick < nft.upper
