"""The deal as the contract states it: loan, options, pool, term, fees.

Rule 1: what an operator may change while the daemon runs is in the limits, not here: terms need a restart.
Rule 2: units stand in the names; unknown keys and non-finite numbers are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bot.pricing.option_grid import Tranche

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


YEAR_S = 365 * 86_400


class DealType(StrEnum):
    """Who brings the tokens and how the market maker is paid."""

    LOAN_CALL_OPTION = "loan_call_option"
    RETAINER = "retainer"
    ACTIVE = "active"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OptionTerms(_Section):
    """One tranche: the right to buy `tokens` at `strike_usdt` each."""

    name: str = Field(min_length=1, max_length=32)
    strike_usdt: Positive
    tokens: Positive


class PoolTerms(_Section):
    """The liquidity owed on the DEX. A V3 range is in USDT per token; None = full range."""

    usdt: NonNegative = 500_000
    tokens: NonNegative = 500_000
    kind: Literal["v2", "v3"] = "v2"
    lower_usdt: Positive | None = None
    upper_usdt: Positive | None = None

    @model_validator(mode="after")
    def _range(self) -> PoolTerms:
        low, high = self.lower_usdt, self.upper_usdt
        if (low is None) != (high is None):
            raise ValueError("give both lower_usdt and upper_usdt, or neither for the full range")
        if low is not None and high is not None and low >= high:
            raise ValueError(f"lower_usdt {low:g} must be below upper_usdt {high:g}")
        if low is not None and self.kind == "v2":
            raise ValueError("a v2 pool has no range: remove lower_usdt and upper_usdt or set kind = 'v3'")
        return self


class FeeTerms(_Section):
    """What is paid for the service or the loan."""

    retainer_usdt_per_month: NonNegative = 0
    profit_share: Share = 0
    loan_fee_per_year: NonNegative = 0


class DealTerms(_Section):
    """Everything in deal.toml. `token_buffer_share` is the share of asks kept on top of what is owed."""

    type: DealType = DealType.LOAN_CALL_OPTION
    token: str = Field(min_length=1, max_length=16)
    start: AwareDatetime
    expiry: AwareDatetime
    loan_tokens: NonNegative = 3_000_000
    tranches: tuple[OptionTerms, ...] = ()
    style: Literal["american", "european"] = "american"
    pool: PoolTerms = PoolTerms()
    fees: FeeTerms = FeeTerms()
    token_buffer_share: NonNegative = 0.30

    @model_validator(mode="after")
    def _whole(self) -> DealTerms:
        if self.expiry <= self.start:
            raise ValueError(f"expiry {self.expiry} must be after start {self.start}")
        if self.type is DealType.LOAN_CALL_OPTION and self.loan_tokens <= 0:
            raise ValueError("loan_tokens must be > 0 in a loan_call_option deal")
        names = [option.name for option in self.tranches]
        if len(set(names)) != len(names):
            raise ValueError(f"option names must be unique, got {', '.join(names)}")
        return self

    @property
    def start_ns(self) -> int:
        """Start, UTC nanoseconds."""
        return _ns(self.start)

    @property
    def expiry_ns(self) -> int:
        """Expiry of loan and options, UTC nanoseconds."""
        return _ns(self.expiry)

    def open_calls(self, now_ns: int) -> tuple[Tranche, ...]:
        """The options as the pricing functions take them, with the years (of 365 days) left at `now_ns`."""
        years = max(0.0, (self.expiry_ns - now_ns) / 1e9 / YEAR_S)
        return tuple(Tranche(o.name, o.tokens, o.strike_usdt, years, self.style) for o in self.tranches)


def _ns(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp()) * 1_000_000_000
