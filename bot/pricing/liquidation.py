"""Where a linear USDT-margined perpetual is liquidated, and the margin it takes to survive a move.

Rule 1: positions are signed tokens (short < 0); distances are positive while there is room.
Rule 2: `maintenance` is the maintenance margin rate on notional at the mark, without the liquidation's fees.
"""

from __future__ import annotations

import math


def liquidation_price(position: float, entry: float, wallet: float, maintenance: float) -> float | None:
    """Mark price in USDT at which equity equals maintenance margin; None when no price liquidates.

    Short: (W + N·Pe) / (N(1 + m)); long: (N·Pe − W) / (N(1 − m)). `wallet` in USDT, realised; it
    may be negative. Raises ValueError on non-finite input, entry ≤ 0 or maintenance outside [0, 1).
    """
    _check(position, entry, wallet, maintenance)
    if position == 0:
        return None
    size = abs(position)
    if position < 0:
        price = (wallet + size * entry) / (size * (1 + maintenance))
        return max(price, 0.0)
    price = (size * entry - wallet) / (size * (1 - maintenance))
    return price if price > 0 else None


def liquidation_distance(position: float, mark: float, price: float | None) -> float:
    """Share the mark may still move against the position; inf if nothing liquidates, < 0 past `price`."""
    if position == 0 or price is None:
        return math.inf
    return price / mark - 1 if position < 0 else 1 - price / mark


def margin_to_survive(position: float, mark: float, move: float, maintenance: float) -> float:
    """Wallet in USDT that a position opened at `mark` needs so that an adverse `move` (share ≥ 0) just holds.

    Raises ValueError on non-finite input, mark ≤ 0, move < 0 or maintenance outside [0, 1).
    """
    _check(position, mark, 0.0, maintenance)
    if not 0 <= move < math.inf:
        raise ValueError(f"move: must be finite and not negative, got {move!r}")
    after = 1 + move if position < 0 else max(0.0, 1 - move)
    loss = move if position < 0 else min(move, 1.0)
    return abs(position) * mark * (loss + maintenance * after)


def _check(position: float, price: float, wallet: float, maintenance: float) -> None:
    if not math.isfinite(position):
        raise ValueError(f"position: must be finite, got {position!r}")
    if not 0 < price < math.inf:
        raise ValueError(f"price: must be finite and > 0, got {price!r}")
    if not math.isfinite(wallet):
        raise ValueError(f"wallet: must be finite, got {wallet!r}")
    if not 0 <= maintenance < 1:
        raise ValueError(f"maintenance: must lie in [0, 1), got {maintenance!r}")
