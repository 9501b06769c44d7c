"""LP and options as parts of the book."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.limits import Limits
from bot.risk.legs import Legs
from bot.risk.pnl import Pnl
from risk_desk import options, pool
from risk_world import T0, S

LIMITS = Limits()


class Desk:
    """Legs with a PnL marked at 1.00 and a list of alerts."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.pnl = Pnl()
        self.legs = Legs(self.pnl, lambda code, text: self.alerts.append((code, text)))

    def mark(self, spot: float, at_s: float = 0.0) -> None:
        now = T0 + round(at_s * S)
        self.pnl.mark(now, spot, {}, self.legs.reprice(spot, now))


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.mark(1.0)
    return made


def test_unknown_is_not_zero(desk: Desk) -> None:
    lp, option = desk.legs.parts(T0, LIMITS, (True, True))
    assert (lp.known, option.known, lp.delta, option.delta) == (False, False, 0, 0)
    assert desk.legs.lp_view(1.0, T0).value_usdt is None
    assert desk.legs.option_view(1.0, T0).value_usdt is None
    none_expected = desk.legs.parts(T0, LIMITS, (False, False))
    assert all(part.known for part in none_expected)


def test_readings_count_and_grow_old(desk: Desk) -> None:
    desk.legs.pool(pool())
    desk.legs.value_options(options(), T0)
    lp, option = desk.legs.parts(T0, LIMITS, (True, True))
    assert lp.delta == pytest.approx(500_000)
    assert lp.gamma == pytest.approx(-250_000)
    assert option.delta == pytest.approx(149_356, abs=20)
    late_lp, late_option = desk.legs.parts(T0 + 61 * S, LIMITS, (True, True))
    assert (late_lp.known, late_option.known) == (False, True)
    assert late_lp.delta == lp.delta
    assert not desk.legs.parts(T0 + 1_801 * S, LIMITS, (True, True))[1].known


def test_first_readings_are_capital_then_moves_are_profit(desk: Desk) -> None:
    desk.legs.pool(pool())
    desk.legs.value_options(options(), T0)
    assert desk.pnl.total() == 0
    desk.mark(1.02, 1)
    lines = desk.pnl.lines
    assert lines["lp_delta"] == pytest.approx(10_000)
    assert lines["lp_swap_value"] == pytest.approx(0, abs=1e-9)  # the pool has not been traded with yet
    assert lines["option_delta"] == pytest.approx(149_356 * 0.02, rel=1e-3)
    assert lines["option_gamma"] == pytest.approx(0.5 * 111_548 * 0.02**2, rel=1e-3)
    assert abs(lines["option_residual"]) < 0.02 * lines["option_gamma"]
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("reading", "line"),
    [
        (pool(1, liquidity=500_010), "fees"),  # V2: the share grows by its fees
        (pool(1, fees=12.0), "fees"),
        (pool(1, liquidity=600_000), "capital"),
        (pool(1, liquidity=400_000), "capital"),
        (replace(pool(1), positions=()), "capital"),
        (replace(pool(1), positions=(replace(pool().positions[0], position_id="new"),)), "capital"),
    ],
)
def test_growth_is_fees_and_moved_liquidity_is_capital(desk: Desk, reading: object, line: str) -> None:
    desk.legs.pool(pool())
    before = desk.pnl.capital
    desk.legs.pool(reading)  # type: ignore[arg-type]
    if line == "fees":
        assert desk.pnl.lines["lp_fees"] > 0
        assert desk.pnl.capital == before
    else:
        assert desk.pnl.lines["lp_fees"] == 0
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)


def test_a_swap_by_others_moves_the_delta_in_its_block_and_books_what_it_cost(desk: Desk) -> None:
    desk.legs.pool(pool())
    desk.mark(1.02, 1)
    desk.legs.pool(pool(1, price=1.02, block=2))
    lp, _ = desk.legs.parts(T0 + S, LIMITS, (True, True))
    assert lp.delta == pytest.approx(500_000 / 1.02**0.5)
    lines = desk.pnl.lines
    assert lines["lp_swap_value"] == pytest.approx(-0.5 * 250_000 * 0.02**2, rel=0.02)
    assert lines["lp_fees"] == pytest.approx(0, abs=1e-9)
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)


def test_the_fee_of_a_swap_is_told_from_what_the_swap_cost(desk: Desk) -> None:
    desk.legs.pool(pool())
    desk.mark(1.02, 1)
    desk.legs.pool(pool(1, price=1.02, block=2, liquidity=500_040))
    lines = desk.pnl.lines
    assert lines["lp_fees"] == pytest.approx(2 * 40 * 1.02**0.5)
    assert lines["lp_swap_value"] == pytest.approx(-0.5 * 250_000 * 0.02**2, rel=0.02)
    assert desk.legs.lp_view(1.02, T0 + S).fees_today_usdt == lines["lp_fees"]
    desk.legs.pool(pool(86_400, price=1.02, block=3, liquidity=500_050))
    today = desk.legs.lp_view(1.02, T0 + 86_400 * S).fees_today_usdt
    assert today == pytest.approx(2 * 10 * 1.02**0.5)
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)


def test_a_swap_and_its_undoing_leave_no_trace(desk: Desk) -> None:
    desk.legs.pool(replace(pool(block=5, fees=10.0)))
    desk.legs.pool(pool(1, block=6, price=1.02, fees=25.0))
    desk.legs.pool(replace(pool(2, block=6, fees=10.0), block_hash="0xother"))
    assert desk.pnl.total() == pytest.approx(0, abs=1e-6)
    assert desk.pnl.capital == pytest.approx(1_000_020)


def test_collecting_into_the_wallet_changes_neither_delta_nor_value(desk: Desk) -> None:
    desk.legs.pool(replace(pool(fees=12.0), wallet_token=3.0, wallet_usdt=4.0))
    before, view = desk.legs.lp, desk.legs.lp_view(1.0, T0)
    assert before is not None
    assert before.delta == pytest.approx(500_015)
    desk.legs.pool(replace(pool(1, fees=0.0, block=2), wallet_token=15.0, wallet_usdt=16.0))
    after, capital = desk.legs.lp, desk.pnl.capital
    assert after is not None
    assert (after.delta, after.value) == (before.delta, before.value)
    assert desk.pnl.total() == 0
    assert desk.legs.lp_view(1.0, T0).value_usdt == view.value_usdt
    desk.legs.pool(replace(pool(2, block=3), wallet_token=0.0, wallet_usdt=16.0))  # sent elsewhere
    assert desk.pnl.capital == pytest.approx(capital - 15)
    assert desk.pnl.total() == 0


def test_fees_collected_out_of_sight_are_no_loss(desk: Desk) -> None:
    desk.legs.pool(pool(fees=12.0))
    desk.legs.pool(pool(1, fees=0.0, block=2))
    assert desk.pnl.lines["lp_fees"] == 0
    (alert,) = desk.alerts
    assert alert[0] == "lp_fees_out_of_sight"
    assert "set chain.owner" in alert[1]


def test_an_old_reading_is_ignored_and_a_vanished_position_alarmed(desk: Desk) -> None:
    desk.legs.pool(pool(5))
    desk.legs.pool(pool(4, liquidity=1.0))
    assert desk.legs.lp is not None
    assert desk.legs.lp.delta == pytest.approx(500_000)
    desk.legs.pool(replace(pool(6), positions=()))
    assert [code for code, _ in desk.alerts] == ["lp_vanished"]


def test_nonsense_is_refused_and_the_old_stays(desk: Desk) -> None:
    desk.legs.pool(pool())
    bad = replace(pool(1), positions=(replace(pool().positions[0], liquidity=float("nan")),))
    desk.legs.pool(bad)
    desk.legs.pool(replace(pool(1), positions=(replace(pool().positions[0], kind="v9"),)))
    desk.legs.pool(replace(pool(1), price=float("nan")))
    desk.legs.value_options(options(), T0)
    desk.legs.value_options(replace(options(1), years=(1.0,)), T0 + S)
    assert [code for code, _ in desk.alerts] == ["lp_refused"] * 3 + ["options_refused"]
    assert desk.legs.lp_book.reading == pool()
    assert desk.legs.option_book.valued == options()


def test_readings_before_the_first_price_wait_for_it() -> None:
    desk = Desk()
    desk.legs.pool(pool())
    desk.legs.value_options(options(), T0)
    assert desk.legs.lp_view(None, T0).delta == pytest.approx(500_000)
    assert desk.legs.option_view(None, T0).value_usdt is None
    desk.mark(1.0)
    assert desk.pnl.capital == pytest.approx(1_000_000 + 73_236, abs=50)
    assert desk.pnl.total() == 0


def test_a_new_volatility_is_vega(desk: Desk) -> None:
    desk.legs.value_options(options(), T0)
    desk.legs.value_options(options(1, sigma=1.1), T0 + S)
    lines = desk.pnl.lines
    assert lines["option_vega"] == pytest.approx(0.1 * 111_548, rel=0.02)
    assert abs(lines["option_residual"]) < 0.05 * lines["option_vega"]
    desk.legs.value_options(options(0.5, sigma=2.0), T0 + S)  # older valuation: ignored
    assert desk.legs.option_view(1.0, T0).sigma == 1.1


def test_exercised_tokens_leave_at_their_mark(desk: Desk) -> None:
    desk.legs.value_options(options(), T0)
    held = desk.pnl.option.value
    less = options(1)
    less = replace(less, tranches=less.tranches[1:], years=less.years[1:])
    desk.legs.value_options(less, T0 + S)
    assert desk.pnl.lines["exercise"] == pytest.approx(-30_017, abs=20)
    assert held + desk.pnl.lines["exercise"] == pytest.approx(desk.pnl.option.value, abs=1)
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)


def test_a_spot_off_the_grid_keeps_the_last_greeks_as_unknown(desk: Desk) -> None:
    desk.legs.value_options(replace(options(), years=()), T0)
    delta = desk.legs.parts(T0, LIMITS, (True, True))[1].delta
    desk.mark(3.0, 1)
    option = desk.legs.parts(T0 + S, LIMITS, (True, True))[1]
    assert (option.delta, option.known) == (delta, False)
    assert desk.pnl.residual() == pytest.approx(0, abs=1e-6)
    desk.mark(1.0, 2)
    assert desk.legs.parts(T0 + 2 * S, LIMITS, (True, True))[1].known


def test_views(desk: Desk) -> None:
    desk.legs.pool(pool(fees=3.0))
    desk.legs.value_options(options(), T0)
    lp, option = desk.legs.lp_view(1.1, T0 + 2 * S), desk.legs.option_view(1.1, T0 + 2 * S)
    assert lp.fees_usdt == pytest.approx(3 + 3.3)
    assert (lp.age_s, lp.block, lp.in_range) == (2.0, 1, True)
    assert (lp.block_hash, lp.provider, lp.to_lower, lp.wallet_token) == ("0x1", "", None, None)
    assert [move for move, _ in lp.deltas] == [-0.05, -0.02, -0.01, 0.01, 0.02, 0.05]
    assert option.age_s == 2.0
    assert [row[0] for row in option.tranches] == ["a", "b", "c"]
    assert sum(row[2] * row[4] for row in option.tranches) == pytest.approx(option.delta, rel=1e-6)
