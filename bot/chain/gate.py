"""Whether a new reading may move the hedge: jumps, drained and vanished positions, range exits. Pure.

Rule 1: a price that jumped counts only if a second witness (the perp's mark, the pool's own average) saw it
too, or if it has stood for many blocks: a price pushed within one block does not.
Rule 2: a position that vanished, was drained or left its range is a suspicion until another node says so too.
Rule 3: while in doubt the last accepted state stays; nothing here ever returns a zero for "do not know".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bot.chain import pancake_v3
from bot.chain.reading import holdings, pool_price, twap_price
from bot.chain.state import ChainState, TokenOrder

GONE, DRAINED, OUT_OF_RANGE = "lp_position_gone", "lp_position_drained", "lp_out_of_range"


@dataclass(frozen=True, slots=True)
class GateLimits:
    """`jump_bps` between two readings needs a witness within `agree_bps`; `drain_share` of value may go.

    `stand_blocks`: a jump without any witness is believed after so long. `confirm_blocks`: a position must be
    missing in so many readings, on `confirm_nodes` nodes, before it counts as gone.
    """

    jump_bps: float = 300.0
    agree_bps: float = 150.0
    drain_share: float = 0.05
    stand_blocks: int = 66
    confirm_blocks: int = 2
    confirm_nodes: int = 2


def suspicions(last: ChainState, new: ChainState, order: TokenOrder, limits: GateLimits) -> dict[str, str]:
    """Code → words for everything structural that changed for the worse since the last accepted state."""
    found: dict[str, str] = {}
    had = {f"v3:{nft.token_id}" for nft in last.nfts} | ({"v2"} if last.pair is not None else set())
    lost = [words for words in new.gone if words.split(" ")[0].split(":0x")[0] in had]
    if lost:
        found[GONE] = "; ".join(lost)
    left = _left_range(last, new)
    if left:
        found[OUT_OF_RANGE] = f"left the range: {', '.join(left)}"
    expected, actual = _expected_and_actual(last, new, order)
    if not lost and actual < expected * (1 - limits.drain_share):
        found[DRAINED] = f"worth {actual:,.0f} USDT where the last reading implies {expected:,.0f}"
    return found


def jump(
    last: ChainState, new: ChainState, order: TokenOrder, reference: float | None, limits: GateLimits
) -> str:
    """Empty if the price may be believed, else why not. `reference` = the perp's mark, None = unknown."""
    before, now = pool_price(last, order), pool_price(new, order)
    if _bps(now, before) <= limits.jump_bps:
        return ""
    words = f"the pool jumped from {before:.6g} to {now:.6g} USDT"
    if reference is not None:
        agreed = _bps(now, reference) <= limits.agree_bps
        return "" if agreed else f"{words}, the perp's mark is {reference:.6g}"
    average = twap_price(new, order)
    if average is not None and _bps(now, average) <= limits.agree_bps:
        return ""
    if average is not None:
        return f"{words}, its average over the last seconds is {average:.6g}"
    return f"{words}, and there is neither a mark nor an average to compare with"


def agrees(state: ChainState, order: TokenOrder, reference: float | None, limits: GateLimits) -> bool:
    """Whether the perp's mark confirms the pool's price."""
    return reference is not None and _bps(pool_price(state, order), reference) <= limits.agree_bps


def _left_range(last: ChainState, new: ChainState) -> list[str]:
    if last.pool is None or new.pool is None:
        return []
    before = {nft.token_id for nft in last.nfts if pancake_v3.in_range(last.pool, nft)}
    return [
        f"v3:{nft.token_id}"
        for nft in new.nfts
        if nft.token_id in before and nft.liquidity and not pancake_v3.in_range(new.pool, nft)
    ]


def _expected_and_actual(last: ChainState, new: ChainState, order: TokenOrder) -> tuple[float, float]:
    """Worth of the last holdings at the new prices, and of the new ones with what went to the wallet."""
    price = pool_price(new, order)
    expected = 0.0
    if last.pool is not None and new.pool is not None:
        moved = replace(last.pool, sqrt_price_x96=new.pool.sqrt_price_x96, tick=new.pool.tick)
        for nft in last.nfts:
            token, usdt = order.whole(pancake_v3.principal(moved, nft))
            owed_token, owed_usdt = order.whole(nft.owed)
            expected += (token + owed_token) * price + usdt + owed_usdt
    if last.pair is not None:
        token, usdt = order.whole(holdings(replace(last, nfts=(), pool=None))[0].principal)
        expected += 2 * math.sqrt(token * usdt * _pair_price(last, new, order))
    actual = 0.0
    for holding in holdings(new):
        token, usdt = order.whole(holding.total)
        actual += token * price + usdt
    if last.wallet is not None and new.wallet is not None:
        before, now = order.whole(last.wallet), order.whole(new.wallet)
        actual += max(0.0, now[0] - before[0]) * price + max(0.0, now[1] - before[1])
    return expected, actual


def _pair_price(last: ChainState, new: ChainState, order: TokenOrder) -> float:
    source = new if new.pair is not None and 0 not in new.pair.reserves else last
    return pool_price(replace(source, pool=None, nfts=()), order)


def _bps(price: float, other: float) -> float:
    if not (price > 0 and other > 0):
        return math.inf
    return abs(math.log(price / other)) * 1e4
