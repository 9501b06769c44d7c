from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.deal.terms import DealTerms, DealType

BASE: dict[str, Any] = {
    "token": "TKN",
    "start": datetime(2026, 1, 1, tzinfo=UTC),
    "expiry": datetime(2027, 1, 1, tzinfo=UTC),
    "tranches": [{"name": "a", "strike_usdt": 1.25, "tokens": 100_000}],
}


def terms(**changes: Any) -> DealTerms:
    return DealTerms.model_validate(BASE | changes)


def test_a_year_is_365_days() -> None:
    deal = terms()
    (call,) = deal.open_calls(deal.start_ns)
    assert (call.years, call.strike, call.tokens, call.style) == (1.0, 1.25, 100_000, "american")
    assert deal.open_calls(deal.expiry_ns + 1)[0].years == 0.0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expiry": datetime(2025, 1, 1, tzinfo=UTC)}, "must be after start"),
        ({"expiry": datetime(2027, 1, 1)}, "timezone"),  # noqa: DTZ001 - that is the point
        ({"loan_tokens": 0}, "loan_tokens must be > 0"),
        ({"loan_tokens": float("nan")}, "finite"),
        ({"tranches": BASE["tranches"] * 2}, "unique"),
        ({"colour": "blue"}, "Extra inputs"),
        ({"pool": {"kind": "v2", "lower_usdt": 0.5, "upper_usdt": 2}}, "no range"),
        ({"pool": {"kind": "v3", "lower_usdt": 2, "upper_usdt": 1}}, "must be below"),
        ({"pool": {"kind": "v3", "lower_usdt": 2}}, "give both"),
        ({"fees": {"profit_share": 1.5}}, "less than or equal to 1"),
        ({"type": "gift"}, "loan_call_option"),
    ],
)
def test_refusals_name_the_fault(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        terms(**changes)


def test_a_retainer_needs_no_loan() -> None:
    assert terms(type="retainer", loan_tokens=0, tranches=[]).type is DealType.RETAINER
