"""The account as venues ask for it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet.engine import average_text, perp_state, price_text, size_text, spot_balances, text
from bot.model.order import Side
from localnet.desks import HandClock, bid, engine, order


def test_spot_balances_show_what_orders_hold() -> None:
    venue = engine()
    bid(venue.spot, "100", "0.9995")
    order(venue.spot, Side.SELL, "50", "1.0005")
    token, usdt = spot_balances(venue)
    assert (token.total, token.locked, token.free) == (1_000_000, 50, 999_950)
    assert usdt.locked == Decimal("99.95")


def test_the_perp_account_at_the_mark() -> None:
    venue = engine()
    order(venue.perp, Side.SELL, "1000", None)
    state = perp_state(venue)
    assert (state.position, state.entry) == (-1000, venue.perp.instrument.price(venue.perp.trades[-1].ticks))
    assert state.equity == state.wallet + state.unrealised
    assert state.unrealised == (state.entry - state.mark) * 1000
    assert state.initial_margin == state.mark * 100
    assert state.available == state.equity - state.initial_margin
    assert state.liquidation is not None
    assert state.liquidation > 1_000


def test_requests_must_be_timely() -> None:
    clock = HandClock()
    venue, now = engine(clock=clock), clock.now_ns() // 1_000_000
    assert venue.timely(now - 5_000, 5_000)
    assert not venue.timely(now - 5_001, 5_000)
    assert not venue.timely(now + 1_000, 5_000)
    assert not venue.timely(now - 60_001, 10**9)


def test_numbers_without_exponents() -> None:
    instrument = engine().spot.instrument
    assert price_text(instrument, 99_950) == "0.99950"
    assert size_text(instrument, 1_000) == "100.0"
    assert average_text(instrument, 3 * 10, 3, 5) == "0.00010"
    assert average_text(instrument, 0, 0) == "0"
    assert text(Decimal("1E-8"), 8) == "0.00000001"
    assert text(Decimal("1E+3")) == "1000"


def test_sequences_grow_and_funding_is_told() -> None:
    venue = engine()
    assert venue.sequence() < venue.sequence()
    rate, hours, next_ms = venue.funding()
    assert (hours, next_ms % (8 * 3_600_000)) == (8, 0)
    assert rate == pytest.approx(Decimal("0.00004566"))
    assert venue.leverage == 10
