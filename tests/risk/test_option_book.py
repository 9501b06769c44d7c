"""The option book: unknown before a valuation, interpolated inside the grid, priced directly outside."""

from __future__ import annotations

import math

import pytest

from bot.model.facts import OptionsValued
from bot.pricing.option_grid import Tranche, value_book, value_tranches
from bot.pricing.options import call
from bot.risk.option_book import YEAR_NS, OptionBook

TRANCHES = tuple(Tranche(f"c{k}", 100_000.0, k, 1.0) for k in (1.25, 1.5, 2.0))
AT_NS = 10**18


def valued(tranches=TRANCHES, years=(1.0, 1.0, 1.0)) -> OptionsValued:
    grid = value_tranches(tranches, 1.0, 1.0, 0.05, -0.1)
    return OptionsValued(AT_NS, AT_NS, 1.0, 0.05, -0.1, grid.spots, grid.rows, years)


def book(fact: OptionsValued) -> OptionBook:
    made = OptionBook()
    made.replace(fact)
    return made


def test_before_the_first_valuation_everything_is_unknown():
    empty = OptionBook()
    assert empty.totals_at(1.0, AT_NS) is None
    assert empty.rows_at(1.0) is None
    assert empty.age_s(AT_NS) is None


@pytest.mark.parametrize("spot", [0.65, 0.9, 1.0, 1.237, 1.349])
def test_inside_the_grid_totals_are_those_of_direct_pricing(spot):
    got = book(valued()).totals_at(spot, AT_NS)
    want = value_book(TRANCHES, spot, 1.0, 0.05, -0.1)
    assert got.value == pytest.approx(want.value, abs=0.01)
    assert got.delta == pytest.approx(want.delta, abs=0.01)
    assert got[2:] == pytest.approx(want[2:], rel=1e-3)


@pytest.mark.parametrize("spot", [0.0, 0.1, 0.6, 1.4, 5.0, 100.0])
def test_outside_the_grid_the_book_is_priced_directly(spot):
    assert book(valued()).totals_at(spot, AT_NS) == value_book(TRANCHES, spot, 1.0, 0.05, -0.1)
    rows = book(valued()).rows_at(spot)
    assert [row[3] for row in rows] == [call(spot, k, 1.0, 1.0, 0.05, -0.1).price for k in (1.25, 1.5, 2.0)]


def test_outside_the_grid_without_lives_it_is_unknown():
    blind = book(valued(years=()))
    assert blind.totals_at(1.0, AT_NS) is not None
    assert blind.totals_at(2.0, AT_NS) is None
    assert blind.rows_at(1.0) is not None
    assert blind.rows_at(2.0) is None


def test_value_drifts_by_theta_and_never_below_zero():
    made = book(valued())
    now, later = made.totals_at(1.0, AT_NS), made.totals_at(1.0, AT_NS + YEAR_NS // 365)
    assert later.value == pytest.approx(now.value + now.theta / 365)
    assert later[1:] == now[1:]
    assert made.totals_at(1.0, AT_NS + 50 * YEAR_NS).value == 0.0
    tomorrow = value_book(
        [Tranche(t.name, t.tokens, t.strike, 364 / 365) for t in TRANCHES], 1.0, 1.0, 0.05, -0.1
    )
    assert later.value == pytest.approx(tomorrow.value, abs=0.5)


def test_rows_show_each_tranche_per_token():
    rows = book(valued()).rows_at(1.1)
    assert [row[:3] for row in rows] == [("c1.25", 1.25, 1e5), ("c1.5", 1.5, 1e5), ("c2.0", 2.0, 1e5)]
    for row in rows:
        assert row[3:] == pytest.approx(tuple(call(1.1, row[1], 1.0, 1.0, 0.05, -0.1)), rel=1e-4)
    total = book(valued()).totals_at(1.1, AT_NS)
    assert sum(row[2] * row[4] for row in rows) == pytest.approx(total.delta)


def test_with_every_tranche_gone_the_book_is_zero_not_unknown():
    empty = book(valued(tranches=(), years=()))
    assert empty.totals_at(1.0, AT_NS) == (0.0,) * 5
    assert empty.rows_at(1.0) == ()


def test_a_valuation_replaces_the_whole_and_ages():
    made = book(valued())
    made.rows_at(1.0)
    made.replace(valued(TRANCHES[:1], (1.0,)))
    assert len(made.rows_at(1.0)) == 1
    assert made.totals_at(1.0, AT_NS).delta < 100_000
    assert made.age_s(AT_NS + 5 * 10**9) == 5.0


def test_refusals_leave_the_last_valuation_in_force():
    made = book(valued())
    with pytest.raises(ValueError, match="years: 2 for 3 tranches"):
        made.replace(valued(years=(1.0, 1.0)))
    assert made.totals_at(1.0, AT_NS) is not None
    for spot in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="spot"):
            made.totals_at(spot, AT_NS)
