"""Whether a new reading may move the hedge: jumps, drained and vanished positions, range exits. Pure.

Rule 1: a price that jumped counts only if a second witness (the perp's mark, the pool's own average) saw it
too, or if it has stood for many blocks: a price pushed within one block does not.
Rule 2: a position that vanished, was drained or left its range is a suspicion until another node says so too.
Rule 3: while in doubt the last accepted state stays; nothing here ever returns a zero for "do not know".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.chain import pancake_v3
from bot.chain.reading import holdings, pool_price, twap_price
from bot.chain.state import ChainState, TokenOrder

DUST_USDT = 1.0
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
    short, missing_usdt = _missing(last, new, order, limits.drain_share)
    if missing_usdt > DUST_USDT:
        lost = [words for words in new.gone if _id_of(words) in short]
        if lost:
            found[GONE] = "; ".join(lost)
        drained = [name for name in short if name not in {_id_of(words) for words in lost}]
        if drained:
            found[DRAINED] = (
                f"{', '.join(drained)}: {missing_usdt:,.0f} USDT less than the last reading implies"
            )
    left = _left_range(last, new)
    if left:
        found[OUT_OF_RANGE] = f"left the range: {', '.join(left)}"
    return found


def jump(
    last: ChainState, new: ChainState, order: TokenOrder, reference: float | None, limits: GateLimits
) -> str:
    """Empty if pool and pair may be believed, else why not. `reference` = the perp's mark, None = unknown."""
    average = twap_price(new, order)
    if last.pool is not None and new.pool is not None:
        before, now = pool_price(last, order), pool_price(new, order)
        words = _jumped(("the pool", before, now), reference, average, limits)
        if words:
            return words
    if last.pair is not None and new.pair is not None:
        before, now = _pair_price(last, order), _pair_price(new, order)
        return _jumped(("the pair", before, now), reference, average, limits)
    return ""


def _jumped(
    move: tuple[str, float, float], reference: float | None, average: float | None, limits: GateLimits
) -> str:
    name, before, now = move
    if _bps(now, before) <= limits.jump_bps:
        return ""
    words = f"{name} jumped from {before:.6g} to {now:.6g} USDT"
    if reference is not None:
        agreed = _bps(now, reference) <= limits.agree_bps
        return "" if agreed else f"{words}, the perp's mark is {reference:.6g}"
    if average is not None:
        agreed = _bps(now, average) <= limits.agree_bps
        return "" if agreed else f"{words}, its average over the last seconds is {average:.6g}"
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


def _missing(last: ChainState, new: ChainState, order: TokenOrder, share: float) -> tuple[list[str], float]:
    """(positions that lack more than `share` of what the last holdings are worth now, USDT missing).

    What arrived in the owner's wallet since then is not missing: that is how a collect or a removal looks.
    """
    price = pool_price(new, order)
    pair_price = _pair_price(new, order)
    if not math.isfinite(pair_price):  # gone or emptied: what was there is judged at its last price
        pair_price = _pair_price(last, order)
    now = {
        h.position_id: _usdt(order.whole(h.total), pair_price if h.position_id == "v2" else price)
        for h in holdings(new)
    }
    short: list[str] = []
    missing = 0.0
    for name, worth in _worth(last, new, order, (price, pair_price)):
        lacking = worth - now.get(name, 0.0)
        if lacking > share * worth:
            short.append(name)
            missing += lacking
    if last.wallet is not None and new.wallet is not None:
        before, after = order.whole(last.wallet), order.whole(new.wallet)
        gained = max(0.0, after[0] - before[0]), max(0.0, after[1] - before[1])
        missing -= _usdt(gained, price) * (1 + share)
    return short, missing


def _worth(
    last: ChainState, new: ChainState, order: TokenOrder, prices: tuple[float, float]
) -> Iterator[tuple[str, float]]:
    """Each position of the last state in USDT at the new prices, fees since its last touch apart."""
    price, pair_price = prices
    if last.pool is not None and new.pool is not None:
        moved = replace(last.pool, sqrt_price_x96=new.pool.sqrt_price_x96, tick=new.pool.tick)
        for nft in last.nfts:
            principal, owed = pancake_v3.principal(moved, nft), nft.owed
            whole = order.whole((principal[0] + owed[0], principal[1] + owed[1]))
            yield f"v3:{nft.token_id}", _usdt(whole, price)
    if last.pair is not None:
        token, usdt = order.whole(holdings(replace(last, nfts=(), pool=None))[0].principal)
        yield "v2", 2 * math.sqrt(token * usdt * pair_price)


def _usdt(amounts: tuple[float, float], price: float) -> float:
    return amounts[0] * price + amounts[1]


def _id_of(words: str) -> str:
    """`v3:7` or `v2` of an entry of `ChainState.gone`."""
    name = words.split(" ")[0]
    return "v2" if name.startswith("v2") else name


def _pair_price(state: ChainState, order: TokenOrder) -> float:
    """The V2 pair's own price; nan without a pair or with an empty one."""
    return pool_price(replace(state, pool=None, nfts=()), order)


def _bps(price: float, other: float) -> float:
    if not (price > 0 and other > 0):
        return math.inf
    return abs(math.log(price / other)) * 1e4
