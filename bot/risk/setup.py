"""What the state needs to know before its first fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.deal.terms import DealTerms, DealType
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.model.limits import Limits


@dataclass(frozen=True, slots=True)
class RiskSetup:
    """Fixed for the life of a deal.

    `prefix` marks our client ids. `sell_total_tokens` is what the plan sells of the loan. `opening` says
    what an account ought to hold when it is first seen: (tokens, USDT); a difference raises an alarm.
    """

    terms: DealTerms
    instruments: Mapping[InstrumentId, Instrument]
    limits: Limits
    mode: str
    prefix: str
    sell_total_tokens: float = 0.0
    opening: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def lp_expected(self) -> bool:
        """Whether the deal has a pool."""
        return self.terms.pool.usdt > 0 or self.terms.pool.tokens > 0

    @property
    def loan_tokens(self) -> float | None:
        """Tokens the contract says are owed; None when only the openings say what was borrowed."""
        return self.terms.loan_tokens if self.terms.type is DealType.LOAN_CALL_OPTION else None

    @property
    def perps(self) -> tuple[InstrumentId, ...]:
        """The perpetuals."""
        return tuple(key for key, item in self.instruments.items() if item.kind is Kind.PERP)

    @property
    def spots(self) -> tuple[InstrumentId, ...]:
        """The spot instruments."""
        return tuple(key for key, item in self.instruments.items() if item.kind is Kind.SPOT)
