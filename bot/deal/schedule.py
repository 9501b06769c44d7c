"""The sale of the loan: how much may be sold now, at what price, and how long the rest takes.

Rule 1: participation is counted from the public volume since the sale began; what was missed is not caught
up faster than one slice per interval.
Rule 2: nothing is sold more than `slippage_bps_max` below fair, nor below `price_usdt_min`.
Rule 3: waiting has a reason, in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.deal.terms import DealTerms
from bot.model.limits import ObligationLimits, SellLimits


class Slice(NamedTuple):
    """Sell at most `tokens` at `price_usdt` or better."""

    tokens: float
    price_usdt: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the sale stands: tokens in all, sold so far, public volume since it began (tokens)."""

    total_tokens: float
    sold_tokens: float
    volume_tokens: float

    @property
    def left_tokens(self) -> float:
        """Tokens still to be sold."""
        return max(0.0, self.total_tokens - self.sold_tokens)


def tokens_to_sell(terms: DealTerms, owed: Mapping[str, ObligationLimits], spot_usdt: float) -> float:
    """What the plan sells of the loan: all but the asks owed with their buffer and the pool's tokens."""
    asks = sum(one.ask_usdt for one in owed.values()) * (1 + terms.token_buffer_share) / spot_usdt
    return max(0.0, terms.loan_tokens - asks - terms.pool.tokens)


def next_slice(
    progress: Progress, limits: SellLimits, fair_usdt: float, bid_usdt: float, held_tokens: float
) -> Slice | str:
    """The next slice, or why there is none now.

    `bid_usdt` is the best bid that is not ours, `held_tokens` what the account can spare for the sale.
    """
    if not limits.enabled:
        return "sale is switched off"
    if progress.left_tokens <= 0:
        return "all is sold"
    floor = max(limits.price_usdt_min, fair_usdt * (1 - limits.slippage_bps_max / 1e4))
    if bid_usdt < floor:
        return f"best bid {bid_usdt:.6g} is below {floor:.6g}"
    allowed = limits.participation_max * progress.volume_tokens - progress.sold_tokens
    tokens = min(progress.left_tokens, limits.slice_usdt_max / bid_usdt, held_tokens, allowed)
    if tokens <= 0:
        return "waiting for volume" if allowed <= 0 else "no tokens on this exchange to sell"
    return Slice(tokens, floor)


def remaining_s(
    progress: Progress, limits: SellLimits, volume_tokens_per_s: float, fair_usdt: float
) -> float | None:
    """Seconds until the rest is sold at this volume and these limits; None when it cannot be said."""
    by_slices = limits.slice_usdt_max / fair_usdt / limits.slice_interval_s if fair_usdt > 0 else 0.0
    rate = min(limits.participation_max * volume_tokens_per_s, by_slices)
    if progress.left_tokens <= 0:
        return 0.0
    return progress.left_tokens / rate if rate > 0 else None
