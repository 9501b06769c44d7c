"""What the contracts hold, as they hold it: raw integers, one frozen object per contract. Pure.

Rule 1: amounts are in the token's smallest unit, ordered (token0, token1); nothing is rounded or scaled here.
Rule 2: None = the contract refused to say; 0 = it said zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Pair = tuple[int, int]
"""(token0, token1) in raw units."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """A V3 pool: slot0, active liquidity, fee growth (X128) per token and the time-weighted tick, if kept."""

    sqrt_price_x96: int
    tick: int
    fee_protocol: int
    liquidity: int
    growth: Pair
    twap_tick: float | None = None

    @property
    def protocol_share(self) -> tuple[float, float]:
        """Share of the swap fee that the protocol keeps, per token sold."""
        return (self.fee_protocol & 0xFFFF) / 10_000, (self.fee_protocol >> 16) / 10_000


@dataclass(frozen=True, slots=True)
class NftState:
    """A V3 position as the manager keeps it, the fee growth outside its bounds, and who holds it.

    `growth_outside_*` are None where the pool has cleared that tick's record (no liquidity refers to it).
    """

    token_id: int
    lower: int
    upper: int
    liquidity: int
    inside_last: Pair
    owed: Pair
    outside_lower: Pair
    outside_upper: Pair
    owner: str
    staked: bool = False
    cake: int = 0


@dataclass(frozen=True, slots=True)
class PairState:
    """A V2 pair and our share of it. `fee_on` = the factory mints fees (feeTo is set)."""

    reserves: Pair
    balances: Pair
    supply: int
    lp_tokens: int
    k_last: int
    fee_on: bool


@dataclass(frozen=True, slots=True)
class ChainState:
    """Everything about our positions at one block. `gone` holds what was asked for and is not there.

    `nfts` and `pair` leave out what is in `gone`; a reader must never take them for zero.
    """

    block: int
    pool: PoolState | None
    nfts: tuple[NftState, ...]
    pair: PairState | None
    wallet: Pair | None = None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """How (token0, token1) map to (token, USDT), and their decimals."""

    token_is_0: bool
    token_decimals: int
    usdt_decimals: int

    def split(self, amounts: Pair) -> Pair:
        """(token0, token1) → (token, USDT); its own inverse."""
        return amounts if self.token_is_0 else (amounts[1], amounts[0])

    def whole(self, amounts: Pair) -> tuple[float, float]:
        """Raw (token0, token1) → whole tokens and USDT, each the nearest float."""
        token, usdt = self.split(amounts)
        return token / 10**self.token_decimals, usdt / 10**self.usdt_decimals

    def price(self, raw: float) -> float:
        """Raw token1 per token0 → USDT per token."""
        usdt_per_token = raw if self.token_is_0 else 1 / raw
        return usdt_per_token * math.pow(10, self.token_decimals - self.usdt_decimals)

    @property
    def liquidity_unit(self) -> float:
        """Raw liquidity (√(raw·raw)) per unit of √(token·USDT)."""
        return math.pow(10, (self.token_decimals + self.usdt_decimals) / 2)
