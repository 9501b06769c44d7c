"""Binance's request parameters."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet.binance_params import need, number
from bot.localnet.web import Refused


def test_numbers_are_exact() -> None:
    assert number({"price": "0.10"}, "price") == Decimal("0.10")


@pytest.mark.parametrize(("value", "code"), [("", -1102), ("x", -1100), ("nan", -1100), ("Infinity", -1100)])
def test_what_is_no_number(value: str, code: int) -> None:
    with pytest.raises(Refused) as info:
        number({"price": value}, "price")
    assert info.value.code == code


def test_missing() -> None:
    with pytest.raises(Refused, match="'symbol' was not sent"):
        need({}, "symbol")
