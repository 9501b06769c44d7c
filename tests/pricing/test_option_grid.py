"""The grid against direct pricing, between its nodes, at its edges and near expiry."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pricing.option_grid import BookCurve, Tranche, spot_nodes, value_book, value_tranches
from bot.pricing.options import call

STRIKES = (1.25, 1.5, 2.0)


def book(years: float = 1.0, style: str = "american") -> tuple[Tranche, ...]:
    return tuple(Tranche(f"c{k}", 100_000.0, k, years, style) for k in STRIKES)


@pytest.mark.parametrize("style", ["american", "european"])
@pytest.mark.parametrize("carry", [-0.3, 0.0, 0.1095])
def test_nodes_are_the_direct_values(style, carry):
    grid = value_tranches(book(style=style), 1.0, 1.0, 0.05, carry)
    assert len(grid.spots) == 41
    assert (grid.spots[0], grid.spots[-1]) == pytest.approx((0.65, 1.35))
    for name, tokens, strike, *columns in grid.rows:
        assert (name, tokens) == (f"c{strike}", 100_000.0)
        for i in (0, 17, 40):
            direct = call(grid.spots[i], strike, 1.0, 1.0, 0.05, carry, style)
            assert [column[i] for column in columns] == pytest.approx(list(direct), rel=1e-12)


# Allowed error of the whole book of 300,000 tokens: USDT, tokens, and shares of the largest on the grid.
@pytest.mark.parametrize(
    ("years", "spot", "sigma", "carry", "usdt", "tokens", "share"),
    [
        (1.0, 1.0, 1.0, 0.0, 0.001, 0.001, 1e-4),
        (1.0, 1.0, 1.0, -0.3, 0.001, 0.001, 1e-4),
        (30 / 365, 1.4, 0.8, -0.1, 0.01, 0.05, 1e-3),
        (7 / 365, 1.4, 0.8, -0.1, 0.05, 1.0, 0.02),
        (1 / 365, 1.3, 0.8, 0.0, 1.0, 20.0, 0.05),
        # All three exercise boundaries cross the grid; at -100 % carry theta is a small rest of large terms.
        (2.0, 1.5, 0.6, -1.0, 0.05, 2.0, 2.0),
    ],
)
def test_between_nodes_the_book_is_close_to_direct_pricing(years, spot, sigma, carry, usdt, tokens, share):
    tranches = book(years)
    grid = value_tranches(tranches, spot, sigma, 0.05, carry)
    curve = BookCurve(*grid)
    read, direct = [], []
    for i in range(400):
        at = curve.low * (curve.high / curve.low) ** ((i + 0.5) / 400)
        read.append(curve.at(at))
        direct.append(value_book(tranches, at, sigma, 0.05, carry))
    errors = [max(abs(a[k] - b[k]) for a, b in zip(read, direct, strict=True)) for k in range(5)]
    sizes = [max(abs(b[k]) for b in direct) for k in range(5)]
    assert errors[0] < usdt
    assert errors[1] < tokens
    assert all(e <= share * s for e, s in zip(errors[2:], sizes[2:], strict=True)), (errors, sizes)


@given(st.floats(0.3, 3.0), st.floats(0.001, 2.0), st.floats(0.3, 2.0), st.floats(-1.0, 0.3))
def test_delta_read_from_the_grid_stays_between_its_nodes_and_rises(spot, years, sigma, carry):
    grid = value_tranches(book(years), spot, sigma, 0.05, carry)
    curve = BookCurve(*grid)
    last = -1.0
    for i in range(len(grid.spots) - 1):
        for share in (0.0, 0.3, 0.7):
            at = grid.spots[i] + share * (grid.spots[i + 1] - grid.spots[i])
            greeks = curve.at(at)
            assert greeks.delta >= last - 1.0
            assert greeks.gamma >= -20.0
            last = greeks.delta
    assert last <= 300_000 * max(1.0, math.exp(-(0.05 - carry) * years)) + 1.0


def test_outside_the_grid_there_is_no_answer():
    grid = value_tranches(book(), 1.0, 1.0, 0.05, 0.0)
    curve = BookCurve(*grid)
    assert curve.at(curve.low) is not None
    assert curve.at(curve.high) is not None
    for spot in (0.0, curve.low * (1 - 1e-9), curve.high * (1 + 1e-9), math.inf, math.nan):
        assert curve.at(spot) is None


def test_near_expiry_nodes_gather_around_the_strike():
    far = value_tranches(book(0.5), 1.3, 0.8, 0.05, 0.0).spots
    near = value_tranches(book(0.5 / 365), 1.3, 0.8, 0.05, 0.0).spots
    assert len(far) == 41
    assert len(near) > 55
    assert all(b > a for a, b in pairwise(near))
    expired = value_tranches(book(0.0), 1.3, 0.8, 0.05, 0.0)
    curve = BookCurve(*expired)
    assert curve.at(1.26).delta == pytest.approx(100_000.0)
    assert curve.at(1.24).delta == pytest.approx(0.0)


def test_an_empty_book_is_worth_nothing():
    assert value_tranches((), 1.0, 1.0, 0.05, 0.0).rows == ()
    assert tuple(value_book((), 1.0, 1.0, 0.05, 0.0)) == (0.0,) * 5


def test_refusals():
    with pytest.raises(ValueError, match=r"^spot: "):
        spot_nodes(0.0)
    with pytest.raises(ValueError, match=r"^nodes: "):
        spot_nodes(1.0, 1)
    with pytest.raises(ValueError, match=r"^half_width: "):
        spot_nodes(1.0, 41, 1.0)
    with pytest.raises(ValueError, match=r"^sigma: "):
        value_tranches(book(), 1.0, math.nan, 0.05, 0.0)
    with pytest.raises(ValueError, match=r"^years: "):
        value_tranches(book(-1.0), 1.0, 1.0, 0.05, 0.0)
    with pytest.raises(ValueError, match="strictly increasing"):
        BookCurve((1.0, 1.0), ())
    with pytest.raises(ValueError, match=r"c1\.25: 1 values for 2 spots"):
        BookCurve((1.0, 2.0), [("c1.25", 1.0, 1.25, (0.0,), (0.0,), (0.0,), (0.0,), (0.0,))])
