"""A Swap or Sync log → the state after it, without asking anybody. Pure.

Rule 1: only logs that carry absolute values count: V3 Swap (price, liquidity, tick) and V2 Sync (reserves).
Rule 2: fees are not in the log; they stay as last read until the block's full reading.
Rule 3: the full reading of the same block is the judge: any difference is a defect to be alarmed.
"""

from __future__ import annotations

from dataclasses import replace

from bot.chain import decode
from bot.chain.decode import Log
from bot.chain.multiread import Targets
from bot.chain.state import ChainState


def apply(state: ChainState, log: Log, targets: Targets) -> ChainState | None:
    """The state after this log, or None where it tells nothing absolute. Raises `AbiError`."""
    if log.address == targets.pool and log.kind == decode.V3_SWAP and state.pool is not None:
        return replace(state, block=log.block, pool=decode.v3_swap(log, state.pool))
    if log.address == targets.pair and log.kind == decode.V2_SYNC and state.pair is not None:
        reserves = decode.v2_sync(log)
        pair = replace(state.pair, reserves=reserves, balances=reserves)
        return replace(state, block=log.block, pair=pair)
    return None


def differences(fast: ChainState, full: ChainState) -> str:
    """What the logs had said otherwise than the contracts; empty if nothing.

    A reading after a mint or burn differs in liquidity by right: then only the price is compared.
    """
    wrong: list[str] = []
    if fast.pool is not None and full.pool is not None:
        for name in ("sqrt_price_x96", "tick"):
            told, read = getattr(fast.pool, name), getattr(full.pool, name)
            if told != read:
                wrong.append(f"{name} {told} by log, {read} by call")
    before, after = fast.pair, full.pair
    if before is None or after is None or before.supply != after.supply:
        return ", ".join(wrong)
    if before.reserves != after.reserves:
        wrong.append(f"reserves {before.reserves} by log, {after.reserves} by call")
    return ", ".join(wrong)
