"""What happened to the pool positions between two readings: swaps by others, or money that moved.

Rule 1: liquidity, collected fees and the owner's wallet move by somebody's hand; prices and fees do not.
Rule 2: a block that was undone takes fees back with it: that is no collect.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from bot.model.facts import LpReading, PoolObserved

_COMPOUNDING_MAX = 0.01  # a V2 share grows by its fees; a larger step in one reading is liquidity added
_ROUNDING = 1e-12


def moved(old: PoolObserved, new: PoolObserved) -> bool:
    """Whether liquidity was added or removed, fees were collected, or the wallet beside them changed."""
    if (old.wallet_token, old.wallet_usdt) != (new.wallet_token, new.wallet_usdt):
        return True
    before = {p.position_id: p for p in old.positions}
    if before.keys() != {p.position_id for p in new.positions}:
        return True
    undone = _undone(old, new)
    return any(_touched(before[now.position_id], now, undone) for now in new.positions)


def collected_unseen(old: PoolObserved, new: PoolObserved) -> tuple[str, ...]:
    """Positions whose fees were paid out while nobody watches the wallet they went to."""
    if new.wallet_token is not None or _undone(old, new):
        return ()
    before = {p.position_id: p for p in old.positions}
    less = [
        p.position_id for p in new.positions if p.position_id in before and _paid(before[p.position_id], p)
    ]
    return tuple(less)


def _undone(old: PoolObserved, new: PoolObserved) -> bool:
    return new.block <= old.block and new.block_hash != old.block_hash


def _paid(was: LpReading, now: LpReading) -> bool:
    return now.fees_token < was.fees_token or now.fees_usdt < was.fees_usdt


def _touched(was: LpReading, now: LpReading, undone: bool) -> bool:
    growth = now.liquidity - was.liquidity
    compounds = _COMPOUNDING_MAX * was.liquidity if now.kind == "v2" else 0.0
    shrinks = compounds if undone else 0.0
    rounding = _ROUNDING * was.liquidity
    if not -shrinks - rounding <= growth <= compounds + rounding:
        return True
    return not undone and _paid(was, now)


def swapped(old: Iterable[LpReading], new: Iterable[LpReading], spot: float) -> float:
    """USDT at `spot` that moving along the curve gained or lost (Σ dx·S + dy), fees left out.

    A V2 share keeps its fees in the reserves: the amounts are taken back to the old liquidity first.
    """
    before = {p.position_id: p for p in old}
    return math.fsum(_along(before[now.position_id], now, spot) for now in new)


def _along(was: LpReading, now: LpReading, spot: float) -> float:
    same = was.liquidity / now.liquidity if now.kind == "v2" and now.liquidity > 0 else 1.0
    tokens, usdt = now.token_amount * same - was.token_amount, now.usdt_amount * same - was.usdt_amount
    return tokens * spot + usdt
