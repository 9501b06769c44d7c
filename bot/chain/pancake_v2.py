"""PancakeSwap V2 to the wei: what a share of the pair would be paid. Pure.

Rule 1: the formulas are PancakePair.sol's `_mintFee` and `burn`, in its integers and its roundings.
Rule 2: the fee that is minted before a burn dilutes us first; a share of reserves would overstate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from bot.chain.state import Pair, PairState
from bot.pricing.liquidity_math import v2_share


@dataclass(frozen=True, slots=True)
class MintFee:
    """feeTo is minted S·n·(√k − √kLast) / (a·√k + b·√kLast): today's pair has 8/(17, 8)."""

    numerator: int = 8
    root_k: int = 17
    root_k_last: int = 8


TODAY = MintFee()
ORIGINAL_2020 = MintFee(1, 3, 1)


def minted_fee(pair: PairState, rule: MintFee = TODAY) -> int:
    """Liquidity tokens the next mint or burn creates for the protocol."""
    if not pair.fee_on or pair.k_last == 0:
        return 0
    root, last = isqrt(pair.reserves[0] * pair.reserves[1]), isqrt(pair.k_last)
    if root <= last:
        return 0
    return pair.supply * (root - last) * rule.numerator // (rule.root_k * root + rule.root_k_last * last)


def payout(pair: PairState, rule: MintFee = TODAY) -> Pair:
    """(token0, token1) that burning our whole share pays now: of the balances, donations included."""
    return v2_share(*pair.balances, pair.lp_tokens, pair.supply + minted_fee(pair, rule))


def raw_price(pair: PairState) -> float:
    """Token1 per token0, raw units, by the reserves."""
    return pair.reserves[1] / pair.reserves[0]
