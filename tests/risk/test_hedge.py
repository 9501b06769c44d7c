"""Band, targets, and the next order."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.limits import HedgeLimits, Limits
from bot.pricing.bands import BandInputs, combined_band
from bot.risk.capacity import Perp, margin
from bot.risk.hedge import (
    FillVariance,
    Tradable,
    band_in_force,
    pin,
    retarget,
    smallest_band,
)
from risk_world import PERPS, T0, S

LIMITS = Limits()
INPUTS = BandInputs(5e-4, 1e-5, -138_452.0, 1.0, 1.0, 4_000 * 365 * 800.0**2)
LEAST = Tradable(1.0, 5.0)


# --- band ---


def test_the_band_is_the_optimum_within_floor_and_cap() -> None:
    assert band_in_force(INPUTS, LEAST, HedgeLimits(band_usdt_max=1e6)) == pytest.approx(41_509, rel=1e-4)
    assert band_in_force(INPUTS, LEAST, HedgeLimits()) == 25_000
    dear = dataclasses.replace(INPUTS, spot=2.0)
    assert band_in_force(dear, LEAST, HedgeLimits()) == 12_500
    calm = dataclasses.replace(INPUTS, gamma=0.0, fill_variance=0.0)
    assert combined_band(calm) == 0
    assert band_in_force(calm, LEAST, HedgeLimits()) == 500


def test_a_fixed_band_is_taken_but_stays_tradable() -> None:
    assert band_in_force(INPUTS, LEAST, HedgeLimits(band_tokens_fixed=700)) == 700
    assert band_in_force(INPUTS, LEAST, HedgeLimits(band_tokens_fixed=1)) == 5.5
    assert band_in_force(INPUTS, Tradable(1_000, 5.0), HedgeLimits(band_tokens_fixed=1)) == 2_000
    assert smallest_band(0.01, LEAST) == pytest.approx(550)


def test_fill_variance_finds_the_rate_of_steady_fills() -> None:
    variance, per_day = FillVariance(), 4_000
    assert variance.per_year(T0) == 0
    for n in range(2_000):
        variance.add(800.0 if n % 2 else -800.0, T0 + n * 86_400 * S // per_day)
    now = T0 + 2_000 * 86_400 * S // per_day
    assert variance.per_year(now) == pytest.approx(per_day * 365 * 800.0**2, rel=0.05)
    assert variance.per_year(now + 36_000 * S) < 0.001 * variance.per_year(now)


def test_fill_variance_takes_fills_out_of_order() -> None:
    variance = FillVariance()
    for at in (5, 3, 5, 1):
        variance.add(10.0, T0 + at * S)
    assert variance.per_year(T0) > 0


# --- targets ---


def perps(**more: object) -> dict[str, Perp]:
    made = {}
    for n, key in enumerate(PERPS):
        made[key] = Perp(key, 1.0, 5.0, (5 + n) * 1e-4, mark=1.0, top_tokens=20_000.0)
        perp = made[key]
        perp.known = perp.up = True
        perp.wallet_usdt = perp.equity_usdt = 300_000.0
        for name, value in more.items():
            setattr(perp, name, value)
    return made


def total(book: dict[str, Perp]) -> float:
    return sum(p.target for p in book.values())


@given(st.floats(-400_000, 400_000), st.floats(500, 25_000), st.floats(0, 1))
def test_inside_nothing_moves_and_afterwards_all_is_inside(net: float, band: float, share: float) -> None:
    book = perps()
    chosen = Limits(hedge=HedgeLimits(hedge_to_band_share=share))
    decision = retarget(book, net, band, 1.0, chosen)
    after = net + total(book)
    if abs(net) <= band:
        assert total(book) == 0
        assert decision.change == 0
    else:
        assert decision.shortfall == 0
        assert abs(after) <= band
        assert abs(after - (share * band if net > 0 else -share * band)) <= 1 + 2 * 5.25
    before = [p.target for p in book.values()]
    retarget(book, after, band, 1.0, chosen)
    assert [p.target for p in book.values()] == before  # deciding twice decides once


@given(st.lists(st.floats(-60_000, 60_000), min_size=1, max_size=15), st.floats(100, 20_000))
def test_a_walk_never_trades_inside_the_band_and_never_ends_outside(steps: list[float], band: float) -> None:
    book, source = perps(), 0.0
    for step in steps:
        source += step
        before = total(book)
        retarget(book, source + before, band, 1.0, LIMITS)
        if abs(source + before) <= band:
            assert total(book) == before
        assert abs(source + total(book)) <= band + 1e-6


def test_a_small_change_goes_to_the_cheapest_perp() -> None:
    book = perps()
    retarget(book, 20_000, 1_000, 1.0, LIMITS)
    assert [p.target for p in book.values()] == [-19_500, 0, 0]


def test_shorts_go_where_funding_pays_and_come_back_where_it_costs() -> None:
    book = perps()
    book[PERPS[2]].funding_annual = 0.5
    retarget(book, 20_000, 1_000, 1.0, LIMITS)
    assert book[PERPS[2]].target == -19_500
    shorts = perps(target=-50_000.0, position=-50_000.0)
    shorts[PERPS[2]].funding_annual = 0.5
    retarget(shorts, -20_000, 1_000, 1.0, LIMITS)
    assert [p.target for p in shorts.values()] == [-30_500, -50_000, -50_000]


def test_positions_open_the_other_way_are_closed_first() -> None:
    book = perps()
    book[PERPS[2]].target = book[PERPS[2]].position = 15_000.0
    retarget(book, 10_000, 1_000, 1.0, LIMITS)
    assert [p.target for p in book.values()] == [0, 0, 5_500]


def test_no_venue_holds_more_than_its_share_while_others_have_room() -> None:
    book = perps()
    retarget(book, 600_000, 1_000, 1.0, LIMITS)
    assert max(-p.target for p in book.values()) <= 0.6 * 599_500 + 1
    assert total(book) == -599_500


def test_shares_yield_to_neutrality_but_margin_does_not() -> None:
    book = perps()
    for key in PERPS[1:]:
        book[key].up = False
    decision = retarget(book, 300_000, 1_000, 1.0, LIMITS)
    assert decision.shortfall == 0
    assert book[PERPS[0]].target == -299_500
    decision = retarget(book, 5_000_000, 1_000, 1.0, LIMITS)
    assert decision.shortfall > 4_000_000
    assert -book[PERPS[0]].target <= 300_000 * 0.8 / 0.28125 + 1
    assert book[PERPS[1]].target == 0


def test_gross_limit_stops_growth_not_closing() -> None:
    chosen = Limits(risk=Limits().risk.model_copy(update={"gross_perp_usdt_max": 100_000.0}))
    book = perps()
    assert retarget(book, 150_500, 1_000, 1.0, chosen).shortfall == pytest.approx(50_000, abs=3)
    assert retarget(book, -60_500, 1_000, 1.0, chosen).shortfall == 0
    assert total(book) == pytest.approx(-40_000, abs=3)


def test_without_any_usable_perp_all_is_shortfall() -> None:
    book = perps(up=False)
    assert retarget(book, 10_000, 1_000, 1.0, LIMITS).shortfall == 9_500
    assert retarget(book, 10_000, 1_000, 0.0, LIMITS).change == 0


def test_a_perp_that_cannot_trade_is_pinned_and_the_others_take_over() -> None:
    book = perps()
    retarget(book, 300_000, 1_000, 1.0, LIMITS)
    lost = book[PERPS[0]]
    lost.position, lost.working, lost.unknown, lost.up = -20_000.0, -10_000.0, True, False
    pin(book, margin(LIMITS))
    assert lost.target == -25_000  # an order in doubt counts half
    retarget(book, 300_000 + total(book), 1_000, 1.0, LIMITS)
    assert lost.target == -25_000
    assert total(book) == pytest.approx(-299_500, abs=2)


def test_a_target_the_margin_no_longer_carries_is_pulled_back() -> None:
    book = perps()
    one = book[PERPS[0]]
    one.target, one.position, one.equity_usdt = -200_000.0, -50_000.0, 20_000.0
    pin(book, margin(LIMITS))
    assert one.target == pytest.approx(-56_889, abs=1)
    one.equity_usdt = 1_000.0
    pin(book, margin(LIMITS))
    assert one.target == -50_000  # what is held is never dumped by this rule
    one.mark = None
    one.target = -80_000.0
    pin(book, margin(LIMITS))
    assert one.target == -80_000
