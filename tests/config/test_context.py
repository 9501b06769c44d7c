"""The caps in code cover what could hurt, and leave room for the shipped limits."""

from __future__ import annotations

from decimal import Decimal

from bot.config.context import HARD_CAPS, Context
from bot.config.read import flat
from bot.model.instrument import Instrument, Kind
from bot.model.limits import Limits


def test_every_cap_is_a_key_with_room_above_its_default() -> None:
    values = flat(Limits().model_dump())
    for key, cap in HARD_CAPS.items():
        assert isinstance(values[key], (int, float)), key
        assert values[key] * 2 <= cap or key == "sell.price_usdt_min", key


def test_every_amount_of_money_and_every_age_has_a_cap() -> None:
    for key, value in flat(Limits().model_dump(exclude={"obligations"})).items():
        if key.endswith(("_usdt_max", "_age_s_max", "_bps_max", "_per_s_max")) and value is not None:
            assert key in HARD_CAPS, key


def test_instruments_of_one_kind() -> None:
    terms = (Decimal("0.1"), Decimal(1), Decimal(5), Decimal(0), Decimal(0))
    found = {
        item.id: item
        for item in (Instrument("a", Kind.SPOT, "X", *terms), Instrument("a", Kind.PERP, "X", *terms))
    }
    context = Context("limits.toml", 1.0, 0.0, True, found)
    assert [item.id for item in context.of(Kind.PERP)] == ["a.perp"]
