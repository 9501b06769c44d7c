"""The codec gives back what it was given, for every kind of fact, and refuses what has no exact form."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.facts import (
    FACT_TYPES,
    Alarmed,
    Fill,
    LimitsChanged,
    LpReading,
    MarketSampled,
    PoolObserved,
    Started,
    Ticked,
)
from bot.model.limits import Limits
from bot.model.market import TopOfBook
from bot.model.order import Amend, OrderIntent, Purpose, Side
from bot.ops.codec import CodecError, decode, encode, kind_of

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LIMITS = st.builds(
    lambda share, cap: Limits.model_validate({"risk": {"phi": share}, "hedge": {"band_usdt_max": cap}}),
    st.floats(0, 1),
    st.floats(1, 1e9),
)
LP_READING = st.builds(
    LpReading,
    *(st.text(max_size=5), st.text(max_size=5), FINITE, FINITE),
    upper=st.one_of(FINITE, st.just(math.inf)),
    token_amount=FINITE,
    usdt_amount=FINITE,
    fees_token=FINITE,
    fees_usdt=FINITE,
)
st.register_type_strategy(float, FINITE)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
st.register_type_strategy(Limits, LIMITS)
st.register_type_strategy(LpReading, LP_READING)

FILL = Fill(
    1,
    2,
    "binance.spot",
    "t1",
    None,
    Side.SELL,
    Decimal("1.10"),
    Decimal("5E+2"),
    Decimal("-0.00"),
    "USDT",
    True,
)
TOPS = tuple(
    TopOfBook(f"{exchange}.{kind}", 10_000, 5, 10_001, 7, 1_700_000_000_000_000_000)
    for exchange in ("binance", "bybit", "bitget")
    for kind in ("spot", "perp")
)


@pytest.mark.parametrize("cls", [*FACT_TYPES.values(), OrderIntent, Amend], ids=lambda cls: cls.__name__)
def test_every_kind_comes_back_equal_and_writes_the_same_bytes_again(cls: type) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.from_type(cls))
    def check(record: Any) -> None:
        data = encode(record)
        back = decode(kind_of(record), data)
        assert back == record
        assert type(back) is cls
        assert encode(back) == data
        assert b"\n" not in data

    check()


@pytest.mark.parametrize("cls", FACT_TYPES.values(), ids=lambda cls: cls.__name__)
def test_no_field_holds_a_type_without_exact_form(cls: type) -> None:
    def leaves(hint: Any) -> list[Any]:
        if get_origin(hint) is Literal:
            return []
        return [leaf for arg in get_args(hint) for leaf in leaves(arg)] or [hint]

    assert not {leaf for hint in get_type_hints(cls).values() for leaf in leaves(hint)} & {
        Any,
        object,
        dict,
        list,
    }


def test_decimals_keep_their_digits_and_types_are_the_declared_ones() -> None:
    back = decode("Fill", encode(FILL))
    assert isinstance(back, Fill)
    assert [str(back.price), str(back.quantity), str(back.fee)] == ["1.10", "5E+2", "-0.00"]
    assert back.side is Side.SELL
    sampled = decode("MarketSampled", encode(MarketSampled(1, TOPS)))
    assert isinstance(sampled, MarketSampled)
    assert isinstance(sampled.tops[0], TopOfBook)


def test_the_bytes_are_the_documented_ones() -> None:
    assert encode(Ticked(5)) == b'{"seen_ns":5}'
    intent = OrderIntent("tkn-0001q00000001", "binance.spot", Side.BUY, 9_995, 10, Purpose.QUOTE)
    assert encode(intent) == (
        b'{"client_id":"tkn-0001q00000001","instrument":"binance.spot","side":1,"price_ticks":9995,'
        b'"quantity_lots":10,"purpose":"q","time_in_force":"post_only","reduce_only":false}'
    )


def test_equal_limits_give_equal_bytes_whether_defaulted_or_read() -> None:
    read = Limits.model_validate(Limits().model_dump())
    facts = [
        LimitsChanged(1, 2, limits, (("risk.phi", "0", "1"),), "ann", "d" * 64) for limits in (Limits(), read)
    ]
    assert encode(facts[0]) == encode(facts[1])


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (replace(FILL, price=Decimal("NaN")), "Fill.price"),
        (replace(FILL, quantity=Decimal("Infinity")), "Fill.quantity"),
        (MarketSampled(1, (), (("binance.perp", math.nan, 8.0, 1),)), "MarketSampled.funding"),
        (MarketSampled(1, (), (), (("binance.spot", math.inf),)), "MarketSampled.volume_tokens"),
        (
            PoolObserved(1, 1, 1, "0x", 1.0, (LpReading("p", "v2", -math.inf, 0, math.inf, 1, 1, 0, 0),)),
            "LpReading.liquidity",
        ),
        (PoolObserved(1, 1, 1, "0x", math.nan, ()), "PoolObserved.price"),
    ],
)
def test_numbers_that_are_not_finite_are_refused_by_name(fact: Any, field: str) -> None:
    with pytest.raises(CodecError, match=f"{field}.*not a finite number"):
        encode(fact)


def test_numpy_numbers_are_written_as_plain_ones() -> None:
    fact = PoolObserved(int(np.int64(3)), 1, np.int64(7), "0x", np.float64(1.5), ())  # type: ignore[arg-type]
    back = decode("PoolObserved", encode(fact))
    assert isinstance(back, PoolObserved)
    assert (back.block, back.price) == (7, 1.5)
    assert type(back.price) is float


def test_broken_text_from_a_venue_is_marked_not_fatal() -> None:
    back = decode("Alarmed", encode(Alarmed(1, "reject", "bad \ud800 text", "warning", (("k", "\udfff"),))))
    assert back == Alarmed(1, "reject", "bad ? text", "warning", (("k", "?"),))


def test_a_field_added_later_takes_its_default_in_old_facts() -> None:
    assert decode("Alarmed", b'{"seen_ns":1,"code":"c","message":"m"}') == Alarmed(1, "c", "m")


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("Nonsense", b"{}", "unknown kind 'Nonsense'"),
        ("Started", b"{", "Started cannot be read"),
        ("Started", b"[]", "Started cannot be read"),
        ("Started", b'{"seen_ns":1}', "missing 3 required"),
        ("Started", b'{"seen_ns":1,"epoch":1,"mode":"paper","version":"1","colour":2}', "colour"),
        ("Fill", encode(FILL).replace(b'"1.10"', b'"one"'), "Fill cannot be read"),
        ("Fill", encode(FILL).replace(b'"side":-1', b'"side":3'), "3 is not a valid Side"),
        ("MarketSampled", b'{"seen_ns":1,"tops":[["binance.spot",1]]}', "MarketSampled cannot be read"),
        (
            "MarketSampled",
            b'{"seen_ns":1,"tops":[],"funding":[["binance.perp",1.0]]}',
            "a row of 2 values where 4",
        ),
    ],
)
def test_bytes_that_are_not_the_kind_are_refused(kind: str, data: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decode(kind, data)


def test_started_reads_back() -> None:
    fact = Started(1, 2, "paper", "1.0")
    assert decode(kind_of(fact), encode(fact).decode()) == fact
