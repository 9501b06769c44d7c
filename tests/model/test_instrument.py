from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.instrument import Instrument, Kind


def spot(tick: str = "0.0001", lot: str = "0.1") -> Instrument:
    return Instrument(
        "binance",
        Kind.SPOT,
        "TKN/USDT",
        Decimal(tick),
        Decimal(lot),
        Decimal(5),
        Decimal(0),
        Decimal("0.001"),
    )


def test_id_names_exchange_and_kind() -> None:
    assert spot().id == "binance.spot"


@pytest.mark.parametrize(
    ("price", "rounding", "ticks"),
    [
        ("1.00004", "down", 10000),
        ("1.00004", "up", 10001),
        ("1.00004", "nearest", 10000),
        ("1.0001", "up", 10001),
    ],
)
def test_rounding_direction_is_the_callers(price: str, rounding: str, ticks: int) -> None:
    assert spot().ticks(Decimal(price), rounding) == ticks


def test_unknown_rounding_is_an_error() -> None:
    with pytest.raises(KeyError):
        spot().ticks(Decimal(1), "sideways")


@given(st.integers(1, 10**9), st.sampled_from(["0.0001", "0.01", "0.00000001", "0.5"]))
def test_ticks_round_trip(ticks: int, step: str) -> None:
    instrument = spot(tick=step, lot=step)
    assert instrument.ticks(instrument.price(ticks)) == ticks
    assert instrument.lots(instrument.tokens(ticks)) == ticks


@given(st.decimals("0", "1000000", places=6))
def test_lots_never_round_up_by_default(tokens: Decimal) -> None:
    instrument = spot()
    assert instrument.tokens(instrument.lots(tokens)) <= tokens
