"""The LP book: unknown before a reading, replaced whole, the pool's own amounts valued at the fair price."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.facts import LpReading, PoolObserved
from bot.risk.lp_book import MOVES, LpBook, own_price, position_at

V2 = LpReading("pair", "v2", 500_000.0, 0.0, math.inf, 500_000.0, 500_000.0, 0.0, 0.0)
V3 = LpReading("7", "v3", 1_000_000.0, 0.8, 1.25, 105_573.0, 105_573.0, 120.0, 80.0, staked=True)


def reading(*positions: LpReading, seen_ns: int = 10**9, block: int = 5) -> PoolObserved:
    return PoolObserved(seen_ns, seen_ns, block, "0xab", 1.0, positions)


def at_price(price: float) -> PoolObserved:
    """Both positions as the chain would show them with the pool at `price`."""

    def held(position: LpReading) -> LpReading:
        value = position_at(position, price)
        return replace(position, token_amount=value.token, usdt_amount=value.usdt)

    return replace(reading(held(V2), held(V3)), price=price)


def test_before_the_first_reading_everything_is_unknown():
    book = LpBook()
    assert book.value_at(1.0) is None
    assert book.age_s(10**9) is None
    assert book.vanished([]) == ()


def test_totals_are_the_pools_own_amounts_at_the_fair_price_and_count_fees_once():
    book = LpBook()
    book.replace(reading(V2, V3))
    at = book.value_at(1.1)
    assert at.token == V2.token_amount + V3.token_amount
    assert at.delta == at.token + 120.0
    assert (at.fees_token, at.fees_usdt) == (120.0, 80.0)
    assert at.value == pytest.approx(605_693 * 1.1 + 605_653)
    assert at.gamma == position_at(V2, 1.0).gamma + position_at(V3, 1.0).gamma
    assert at.in_range
    assert book.value_at(1.2).delta == at.delta


def test_a_swap_moves_the_amounts_whatever_the_fair_price_says():
    book = LpBook()
    book.replace(at_price(1.0))
    before = book.value_at(1.0)
    book.replace(at_price(1.02))
    after = book.value_at(1.0)
    assert after.delta - before.delta == pytest.approx(before.gamma * 0.02, rel=0.02)
    assert after.value > before.value  # whoever swapped paid more than fair


def test_the_wallet_counts_like_the_principal_and_unknown_is_left_out():
    book = LpBook()
    book.replace(replace(reading(V2), wallet_token=70.0, wallet_usdt=30.0))
    at = book.value_at(2.0)
    assert (at.delta, at.value) == (500_070.0, 500_070.0 * 2 + 500_030.0)
    assert (at.token, at.wallet_token, at.wallet_usdt) == (500_000.0, 70.0, 30.0)


def test_a_pair_stands_at_its_own_price():
    pair = replace(V2, token_amount=250_000.0, usdt_amount=1_000_000.0)
    assert own_price(pair, 1.0) == 4.0
    assert own_price(replace(pair, token_amount=0.0), 1.0) == 1.0
    assert own_price(V3, 1.0) == 1.0
    book = LpBook()
    book.replace(reading(pair))
    assert book.value_at(1.0).gamma == position_at(pair, 4.0).gamma


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
    assert book.value_at(1.0) == (*(0.0,) * 9, True)


def test_a_position_that_disappears_is_named_if_it_held_anything():
    book = LpBook()
    closed = replace(V3, position_id="8", liquidity=0.0, fees_token=0.0, fees_usdt=0.0)
    owed = replace(closed, position_id="9", fees_usdt=1.0)
    book.replace(reading(V2, V3, closed, owed))
    assert book.vanished(["pair", "7", "8", "9"]) == ()
    assert book.vanished(["pair"]) == ("7", "9")
    assert book.value_at(1.0).delta == 500_000.0 + 3 * V3.token_amount + 120.0


def test_out_of_range_is_said_only_for_positions_with_liquidity():
    book = LpBook()
    for price, inside in ((1.25, True), (1.26, False), (0.79, False)):
        book.replace(replace(reading(V3), price=price))
        assert book.value_at(1.0).in_range is inside
    book.replace(replace(reading(V2, replace(V3, liquidity=0.0)), price=0.79))
    assert book.value_at(1.0).in_range


def test_the_outlook_names_the_nearest_bounds_and_the_deltas_beyond_them():
    book = LpBook()
    assert book.outlook() is None
    book.replace(reading(V2))
    assert book.outlook()[:2] == (None, None)
    wide = replace(V3, position_id="8", lower=0.5, upper=1.02)
    book.replace(replace(reading(V2, V3, wide, replace(V3, liquidity=0.0, lower=0.99)), wallet_token=7.0))
    seen = book.outlook()
    assert (seen.to_lower, seen.to_upper) == (pytest.approx(0.2), pytest.approx(0.02))
    deltas = dict(seen.deltas)
    assert list(deltas) == list(MOVES)
    beside = 7.0 + 3 * 120.0
    for move, delta in deltas.items():
        moved = [position_at(p, 1 + move).token for p in (V2, V3, wide)]
        assert delta == pytest.approx(sum(moved) + beside)
    assert position_at(wide, 1.05).token == 0.0
    book.replace(replace(reading(V3), price=1.3))
    assert book.outlook().to_upper == pytest.approx(1.25 / 1.3 - 1)


@given(st.floats(0.2, 5.0))
def test_gamma_is_the_slope_of_the_delta_along_the_curve(price):
    h = 1e-4
    book = LpBook()
    book.replace(at_price(price))
    up, down = LpBook(), LpBook()
    up.replace(at_price(price * (1 + h)))
    down.replace(at_price(price * (1 - h)))
    slope = (up.value_at(1.0).delta - down.value_at(1.0).delta) / (2 * h * price)
    near_bound = any(abs(price / bound - 1) < 2 * h for bound in (V3.lower, V3.upper))
    assert near_bound or slope == pytest.approx(book.value_at(1.0).gamma, rel=1e-4)


NAN = math.nan


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (replace(reading(V2), price=NAN), "pool price"),
        (replace(reading(V2), price=0.0), "pool price"),
        (reading(replace(V2, token_amount=-1.0)), "position pair: amounts"),
        (reading(replace(V2, fees_usdt=math.inf)), "position pair: amounts"),
        (reading(replace(V3, liquidity=NAN)), "liquidity"),
        (reading(replace(V3, lower=2.0)), "lower < upper"),
        (replace(reading(V2), wallet_usdt=NAN), "wallet: amounts"),
    ],
)
def test_nonsense_is_refused_and_the_last_reading_stays(bad: PoolObserved, words: str):
    book = LpBook()
    book.replace(reading(V2))
    with pytest.raises(ValueError, match=words):
        book.replace(bad)
    assert book.reading == reading(V2)
    assert book.value_at(1.0).delta == 500_000.0


def test_refusals():
    book = LpBook()
    book.replace(reading(V2))
    for price in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="price"):
            book.value_at(price)
    with pytest.raises(ValueError, match="position 7: unknown kind 'v4'"):
        position_at(replace(V3, kind="v4"), 1.0)
