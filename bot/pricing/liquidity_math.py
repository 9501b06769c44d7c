"""Amounts for liquidity and back, in the pool contracts' integers (wei, Q64.96).

Rule 1: rounding direction is an argument: down for what a position pays out, up for what it must be paid.
Rule 2: results equal the contracts to the wei; nothing here is a float.
"""

from __future__ import annotations

Q96 = 1 << 96


def amount0_delta(sqrt_a: int, sqrt_b: int, liquidity: int, round_up: bool) -> int:
    """Token0 between two √prices: L·(√b − √a)/(√a·√b) (SqrtPriceMath.getAmount0Delta)."""
    low, high = _ordered(sqrt_a, sqrt_b, liquidity)
    top = (liquidity << 96) * (high - low)
    if round_up:
        return _divide_up(_divide_up(top, high), low)
    return top // high // low


def amount1_delta(sqrt_a: int, sqrt_b: int, liquidity: int, round_up: bool) -> int:
    """Token1 between two √prices: L·(√b − √a) (SqrtPriceMath.getAmount1Delta)."""
    low, high = _ordered(sqrt_a, sqrt_b, liquidity)
    top = liquidity * (high - low)
    return _divide_up(top, Q96) if round_up else top >> 96


def amounts_for_liquidity(
    sqrt_price: int, sqrt_a: int, sqrt_b: int, liquidity: int, round_up: bool = False
) -> tuple[int, int]:
    """(amount0, amount1) of a position on [√a, √b] at √price; rounded down it is what burning pays."""
    low, high = _ordered(sqrt_a, sqrt_b, liquidity)
    inside = min(max(sqrt_price, low), high)
    return (
        amount0_delta(inside, high, liquidity, round_up),
        amount1_delta(low, inside, liquidity, round_up),
    )


def liquidity_for_amounts(sqrt_price: int, sqrt_a: int, sqrt_b: int, amount0: int, amount1: int) -> int:
    """Largest liquidity these amounts can fund (LiquidityAmounts.getLiquidityForAmounts), rounded down."""
    low, high = _ordered(sqrt_a, sqrt_b, 0)
    if amount0 < 0 or amount1 < 0:
        raise ValueError(f"amount0, amount1: must not be negative, got {amount0!r}, {amount1!r}")
    if sqrt_price <= low:
        return _liquidity0(low, high, amount0)
    if sqrt_price >= high:
        return amount1 * Q96 // (high - low)
    return min(_liquidity0(sqrt_price, high, amount0), amount1 * Q96 // (sqrt_price - low))


def v2_share(balance0: int, balance1: int, liquidity: int, supply: int) -> tuple[int, int]:
    """What burning `liquidity` of a constant-product pair's `supply` pays, from the pair's token balances."""
    if not 0 <= liquidity <= supply or supply == 0:
        raise ValueError(f"liquidity: need 0 <= liquidity <= supply > 0, got {liquidity!r} of {supply!r}")
    return liquidity * balance0 // supply, liquidity * balance1 // supply


def _liquidity0(low: int, high: int, amount0: int) -> int:
    return amount0 * (low * high // Q96) // (high - low)


def _divide_up(top: int, bottom: int) -> int:
    return -(-top // bottom)


def _ordered(sqrt_a: int, sqrt_b: int, liquidity: int) -> tuple[int, int]:
    if liquidity < 0:
        raise ValueError(f"liquidity: must not be negative, got {liquidity!r}")
    low, high = (sqrt_a, sqrt_b) if sqrt_a <= sqrt_b else (sqrt_b, sqrt_a)
    if low <= 0:
        raise ValueError(f"sqrt_a, sqrt_b: must be > 0, got {sqrt_a!r}, {sqrt_b!r}")
    return low, high
