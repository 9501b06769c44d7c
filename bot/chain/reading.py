"""States of the contracts → the facts the risk aggregator reads. Pure.

Rule 1: amounts are taken at the pool's own price; at which price they are valued is the reader's question.
Rule 2: principal left in tokensOwed counts as uncollected: it is ours and it is exposure.
Rule 3: integers are divided once, at the end; the exact ones stay available as `Holding`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.chain import pancake_v2, pancake_v3
from bot.chain.decode import Head
from bot.chain.pancake_v3 import raw_price
from bot.chain.state import ChainState, NftState, Pair, TokenOrder
from bot.model.facts import LpReading, PoolObserved
from bot.pricing.lp_position import v2_liquidity
from bot.pricing.tick_math import MAX_TICK, sqrt_ratio_at_tick

_EDGE = MAX_TICK - 400  # wider than any spacing: bounds out there mean the full range


@dataclass(frozen=True, slots=True)
class Holding:
    """One position to the wei, (token0, token1): what its liquidity and its fees would pay now."""

    position_id: str
    principal: Pair
    fees: Pair

    @property
    def total(self) -> Pair:
        """Principal and fees."""
        return self.principal[0] + self.fees[0], self.principal[1] + self.fees[1]


def holdings(state: ChainState) -> tuple[Holding, ...]:
    """Every position at this block, in order: V3 by id, then V2."""
    found: list[Holding] = []
    for nft in state.nfts:
        assert state.pool is not None
        found.append(
            Holding(
                f"v3:{nft.token_id}",
                pancake_v3.principal(state.pool, nft),
                pancake_v3.uncollected(state.pool, nft),
            )
        )
    if state.pair is not None:
        found.append(Holding("v2", pancake_v2.payout(state.pair), (0, 0)))
    return tuple(found)


def pool_price(state: ChainState, order: TokenOrder) -> float:
    """USDT per token: the V3 pool's price, or the V2 pair's where there is no pool."""
    if state.pool is not None:
        return order.price(raw_price(state.pool.sqrt_price_x96))
    if state.pair is None or 0 in state.pair.reserves:
        return math.nan
    return order.price(pancake_v2.raw_price(state.pair))


def twap_price(state: ChainState, order: TokenOrder) -> float | None:
    """USDT per token, geometric mean over the pool's window; None where the pool keeps none."""
    if state.pool is None or state.pool.twap_tick is None:
        return None
    return order.price(math.pow(1.0001, state.pool.twap_tick))


def bounds(nft: NftState, order: TokenOrder) -> tuple[float, float]:
    """The range in USDT per token, lower first; 0 and infinity for the full range."""
    if nft.lower < -_EDGE and nft.upper > _EDGE:
        return 0.0, math.inf
    edges = [order.price(raw_price(sqrt_ratio_at_tick(tick))) for tick in (nft.lower, nft.upper)]
    return min(edges), max(edges)


def readings(
    state: ChainState, order: TokenOrder, fees: Mapping[str, Pair] | None = None
) -> tuple[LpReading, ...]:
    """One `LpReading` per position.

    `fees` overrides the fees of positions: between two full reads a log moves the price, but the fee growth
    that belongs to it is not known yet.
    """
    nfts = {f"v3:{nft.token_id}": nft for nft in state.nfts}
    found: list[LpReading] = []
    for holding in holdings(state):
        token, usdt = order.whole(holding.principal)
        owed = holding.fees if fees is None else fees.get(holding.position_id, holding.fees)
        fees_token, fees_usdt = order.whole(owed)
        nft = nfts.get(holding.position_id)
        lower, upper = bounds(nft, order) if nft is not None else (0.0, math.inf)
        liquidity = nft.liquidity / order.liquidity_unit if nft is not None else v2_liquidity(token, usdt)
        found.append(
            LpReading(
                position_id=holding.position_id,
                kind="v3" if nft is not None else "v2",
                liquidity=liquidity,
                lower=lower,
                upper=upper,
                token_amount=token,
                usdt_amount=usdt,
                fees_token=fees_token,
                fees_usdt=fees_usdt,
                staked=nft is not None and nft.staked,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Told:
    """Where a state comes from: when it was learned, at which head, from which node."""

    seen_ns: int
    head: Head
    provider: str
    finalized_block: int = 0


def observed(
    state: ChainState, order: TokenOrder, told: Told, fees: Mapping[str, Pair] | None = None
) -> PoolObserved:
    """The fact: every position, the wallet beside them and the farm's reward. `fees` as in `readings`."""
    wallet = None if state.wallet is None else order.whole(state.wallet)
    return PoolObserved(
        seen_ns=told.seen_ns,
        venue_ns=told.head.time_ns,
        block=told.head.number,
        block_hash=told.head.hash,
        price=pool_price(state, order),
        positions=readings(state, order, fees),
        provider=told.provider,
        wallet_token=None if wallet is None else wallet[0],
        wallet_usdt=None if wallet is None else wallet[1],
        cake=sum(nft.cake for nft in state.nfts) / 10**18,
        finalized_block=told.finalized_block,
    )
