"""Instruments: what is traded where, and how its prices and quantities round.

Rule 1: on the hot path prices are integer ticks and quantities integer lots.
Rule 2: rounding direction is an argument, never a habit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

InstrumentId = str
"""`<exchange>.<kind>`, e.g. `binance.spot`. One deal trades one token, so this names an instrument."""

_ROUNDING = {"down": ROUND_FLOOR, "up": ROUND_CEILING, "nearest": ROUND_HALF_EVEN}


class Kind(StrEnum):
    """Spot or USDT-margined perpetual."""

    SPOT = "spot"
    PERP = "perp"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable symbol of one exchange.

    `tick` is the price step in USDT per token, `lot` the quantity step in tokens (a contract size is
    already multiplied in), fees are fractions of notional (negative = rebate).
    """

    exchange: str
    kind: Kind
    symbol: str
    tick: Decimal
    lot: Decimal
    notional_usdt_min: Decimal
    maker_fee: Decimal
    taker_fee: Decimal

    @property
    def id(self) -> InstrumentId:
        """`<exchange>.<kind>`."""
        return f"{self.exchange}.{self.kind.value}"

    def ticks(self, price_usdt: Decimal, rounding: str = "nearest") -> int:
        """Price in USDT → integer ticks; `rounding` is down, up or nearest."""
        return int((price_usdt / self.tick).to_integral_value(_ROUNDING[rounding]))

    def lots(self, tokens: Decimal, rounding: str = "down") -> int:
        """Quantity in tokens → integer lots; `rounding` is down, up or nearest."""
        return int((tokens / self.lot).to_integral_value(_ROUNDING[rounding]))

    def price(self, ticks: int) -> Decimal:
        """Integer ticks → price in USDT per token."""
        return self.tick * ticks

    def tokens(self, lots: int) -> Decimal:
        """Integer lots → quantity in tokens."""
        return self.lot * lots
