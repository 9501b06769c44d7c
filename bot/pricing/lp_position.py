"""A pool position as a function of price: amounts, value, delta and gamma, and what holding it costs.

Rule 1: prices and bounds are USDT per token, whichever the pool calls token0; `from_pool` converts.
Rule 2: liquidity is in the unit where a full-range position holds L/√P tokens and L·√P USDT.
Rule 3: uncollected fees are not here: add them to value, and their tokens to delta.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class LpValue(NamedTuple):
    """Tokens, USDT, value in USDT, delta in tokens (equal to tokens), gamma in tokens per USDT (≤ 0)."""

    token: float
    usdt: float
    value: float
    delta: float
    gamma: float


class PoolPrices(NamedTuple):
    """Price and range of a position in USDT per token."""

    price: float
    lower: float
    upper: float


def v2(liquidity: float, price: float) -> LpValue:
    """A constant-product (x·y = L²) position at `price`. Raises ValueError on nonsensical input."""
    _check(liquidity, price)
    root = math.sqrt(price)
    token, usdt = liquidity / root, liquidity * root
    return LpValue(token, usdt, 2 * usdt, token, -0.5 * token / price)


def v3(liquidity: float, price: float, lower: float, upper: float) -> LpValue:
    """A concentrated position on [lower, upper] at `price` (Uniswap v3 white paper, eq. 2.2).

    Below the range all tokens, above it all USDT; delta = token amount (envelope theorem); gamma is 0 outside
    and, by convention, at the bounds. `lower` may be 0, `upper` inf. Raises ValueError on nonsensical input.
    """
    _check(liquidity, price)
    if not 0 <= lower < upper:
        raise ValueError(f"lower, upper: need 0 <= lower < upper, got {lower!r}, {upper!r}")
    inside = min(max(price, lower), upper)
    root, root_lower, root_upper = math.sqrt(inside), math.sqrt(lower), math.sqrt(upper)
    token = liquidity * (1 / root - 1 / root_upper)
    usdt = liquidity * (root - root_lower)
    gamma = -0.5 * liquidity / (price * math.sqrt(price)) if lower < price < upper else 0.0
    return LpValue(token, usdt, token * price + usdt, token, gamma)


def from_pool(price: float, lower: float, upper: float, token_is_token0: bool) -> PoolPrices:
    """Price and bounds of a pool (token1 per token0) as USDT per token, for either order of the pair.

    With USDT as token0 prices are inverted and the bounds change places; liquidity is the same number.
    """
    if token_is_token0:
        return PoolPrices(price, lower, upper)
    return PoolPrices(1 / price, 1 / upper, 1 / lower if lower > 0 else math.inf)


def v2_liquidity(token: float, usdt: float) -> float:
    """Liquidity of a constant-product share holding these amounts: √(token·usdt)."""
    return math.sqrt(token * usdt)


def v3_liquidity(token_max: float, usdt_max: float, prices: PoolPrices) -> float:
    """Largest liquidity these amounts can fund at this price and range."""
    price, lower, upper = prices
    inside = min(max(price, lower), upper)
    token_part = 1 / math.sqrt(inside) - 1 / math.sqrt(upper)
    usdt_part = math.sqrt(inside) - math.sqrt(lower)
    return min(
        token_max / token_part if token_part > 0 else math.inf,
        usdt_max / usdt_part if usdt_part > 0 else math.inf,
    )


def lvr_usdt_per_year(gamma: float, price: float, sigma: float) -> float:
    """Loss versus rebalancing, −½ σ² P² Γ (Milionis et al. 2022): a benchmark, never booked."""
    return -0.5 * sigma * sigma * price * price * gamma


def arbitrage_share(fee: float, block_s: float, sigma: float) -> float:
    """Share of LVR that arbitrageurs keep: the probability that a block brings a trade.

    1 / (1 + fee·√(2λ)/σ), λ blocks per year (Milionis, Moallemi, Roughgarden 2023); the rest returns as fees.
    """
    blocks_per_year = 365 * 86_400 / block_s
    return 1 / (1 + fee * math.sqrt(2 * blocks_per_year) / sigma)


def hold_loss_v2(price_ratio: float) -> float:
    """Value of a full-range position over that of its opening amounts, minus 1, when price moved by ratio."""
    return 2 * math.sqrt(price_ratio) / (1 + price_ratio) - 1


def hold_loss(now: LpValue, opened: LpValue, price: float) -> float:
    """Value of a position over holding its opening amounts, minus 1 (≤ 0 without fees)."""
    return now.value / (opened.token * price + opened.usdt) - 1


def _check(liquidity: float, price: float) -> None:
    if not 0 <= liquidity < math.inf:
        raise ValueError(f"liquidity: must be finite and not negative, got {liquidity!r}")
    if not 0 < price < math.inf:
        raise ValueError(f"price: must be finite and > 0, got {price!r}")
