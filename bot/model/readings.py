"""What a fact may hold: one LP position, one resting order, as a query showed them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.model.order import Side


@dataclass(frozen=True, slots=True)
class LpReading:
    """One LP position as the chain has it. Amounts in whole tokens / USDT (floats of exact integers).

    `kind` is v2 or v3; `liquidity` is in the unit where V2 x = L/√P (tokens, USDT); `lower`/`upper` are
    USDT per token (0 and inf for V2 and full range).
    """

    position_id: str
    kind: str
    liquidity: float
    lower: float
    upper: float
    token_amount: float
    usdt_amount: float
    fees_token: float
    fees_usdt: float
    staked: bool = False


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A resting order as a venue's query shows it."""

    client_id: str | None
    venue_order_id: str
    side: Side
    price: Decimal
    remaining: Decimal
