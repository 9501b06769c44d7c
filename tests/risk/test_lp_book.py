"""The LP book: unknown before a reading, replaced whole, valued at the fair price with its fees."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.facts import LpReading, PoolObserved
from bot.risk.lp_book import LpBook, position_at

V2 = LpReading("pair", "v2", 500_000.0, 0.0, math.inf, 500_000.0, 500_000.0, 0.0, 0.0)
V3 = LpReading("7", "v3", 1_000_000.0, 0.8, 1.25, 105_573.0, 105_573.0, 120.0, 80.0, staked=True)


def reading(*positions: LpReading, seen_ns: int = 10**9, block: int = 5) -> PoolObserved:
    return PoolObserved(seen_ns, seen_ns, block, "0xab", 1.0, positions)


def test_before_the_first_reading_everything_is_unknown():
    book = LpBook()
    assert book.value_at(1.0) is None
    assert book.age_s(10**9) is None
    assert book.vanished([]) == ()


def test_totals_follow_liquidity_at_the_fair_price_and_count_fees_once():
    book = LpBook()
    book.replace(reading(V2, V3))
    at = book.value_at(1.1)
    one, two = position_at(V2, 1.1), position_at(V3, 1.1)
    assert at.token == one.token + two.token
    assert at.token != V2.token_amount + V3.token_amount
    assert at.delta == at.token + 120.0
    assert (at.fees_token, at.fees_usdt) == (120.0, 80.0)
    assert at.value == pytest.approx(one.value + two.value + 120.0 * 1.1 + 80.0)
    assert at.gamma == one.gamma + two.gamma
    assert at.in_range


def test_at_the_pools_own_price_the_amounts_are_those_read():
    book = LpBook()
    book.replace(reading(V2))
    at = book.value_at(1.0)
    assert (at.token, at.usdt, at.value, at.gamma) == (500_000.0, 500_000.0, 1e6, -250_000.0)


def test_a_reading_replaces_the_whole():
    book = LpBook()
    book.replace(reading(V2, V3))
    book.replace(reading(V2, seen_ns=3 * 10**9))
    assert book.value_at(1.0).delta == 500_000.0
    assert book.age_s(5 * 10**9) == 2.0
    book.replace(reading())
    assert book.value_at(1.0) == (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, True)


def test_a_position_that_disappears_is_named_if_it_held_anything():
    book = LpBook()
    closed = replace(V3, position_id="8", liquidity=0.0, fees_token=0.0, fees_usdt=0.0)
    owed = replace(closed, position_id="9", fees_usdt=1.0)
    book.replace(reading(V2, V3, closed, owed))
    assert book.vanished(["pair", "7", "8", "9"]) == ()
    assert book.vanished(["pair"]) == ("7", "9")
    assert book.value_at(1.0).delta == 500_000.0 + position_at(V3, 1.0).token + 120.0


def test_out_of_range_is_said_only_for_positions_with_liquidity():
    book = LpBook()
    book.replace(reading(V2, V3))
    assert book.value_at(1.25).in_range
    assert not book.value_at(1.26).in_range
    assert not book.value_at(0.79).in_range
    book.replace(reading(V2, replace(V3, liquidity=0.0)))
    assert book.value_at(0.79).in_range


@given(st.floats(0.2, 5.0))
def test_delta_is_the_slope_of_value(price):
    book = LpBook()
    book.replace(reading(V2, V3))
    h = 1e-6 * price
    slope = (book.value_at(price + h).value - book.value_at(price - h).value) / (2 * h)
    assert slope == pytest.approx(book.value_at(price).delta, rel=1e-5)


def test_refusals():
    book = LpBook()
    book.replace(reading(V2))
    for price in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="price"):
            book.value_at(price)
    with pytest.raises(ValueError, match="position 7: unknown kind 'v4'"):
        position_at(replace(V3, kind="v4"), 1.0)
