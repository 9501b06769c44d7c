"""The identity: lines sum to the change of equity, whatever happens."""

from __future__ import annotations

import math
import random
from types import MappingProxyType

import pytest

from bot.risk.pnl import LINES, Holdings, LpLeg, OptionLeg, Pnl
from risk_world import PERPS, T0, S

VENUES = PERPS


class World:
    """Three spot venues, three perps, a V2 pool and an option: holdings kept apart from the meter under
    test.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pnl = Pnl()
        self.now, self.spot, self.cash, self.tokens = T0, 1.0, 3_000_000.0, 700_000.0
        self.perps = dict.fromkeys(VENUES, -250_000.0)
        self.basis = dict.fromkeys(VENUES, 0.0)
        self.liquidity, self.fees, self.sigma = 500_000.0, 0.0, 1.0
        self.hold()
        self.mark()
        self.first = self.pnl.equity()

    def hold(self) -> None:
        perps = MappingProxyType(dict(self.perps))
        self.pnl.hold(Holdings(self.cash, self.tokens, perps, 3_000_000.0))

    def lp(self) -> LpLeg:
        root = math.sqrt(self.spot)
        return LpLeg(2 * self.liquidity * root + self.fees, self.liquidity / root)

    def option(self) -> OptionLeg:
        s, years = self.spot, (self.now - T0) / (365 * 86_400 * S)
        value = 70_000 * s**2 * self.sigma * math.exp(-years)
        return OptionLeg(value, 2 * value / s, 2 * value / s**2, -value, value / self.sigma, self.sigma)

    def marks(self) -> dict[str, float]:
        return {key: self.spot * (1 + b) for key, b in self.basis.items()}

    def mark(self) -> None:
        self.pnl.mark(self.now, self.spot, self.marks(), (self.lp(), self.option()))

    def step(self) -> None:
        draw = self.random
        self.now += draw.randrange(1, 60 * S)
        kind = draw.choice(
            ["mark", "spot", "perp", "fee", "funding", "lp", "vol", "transfer", "sale", "capital"]
        )
        quantity, price = draw.gauss(0, 3_000), self.spot * (1 + draw.gauss(0, 1e-3))
        if kind == "mark":
            self.spot *= math.exp(draw.gauss(0, 2e-3))
            self.basis = {key: draw.gauss(0, 3e-4) for key in VENUES if draw.random() < 0.9}
            self.mark()
        elif kind in ("spot", "sale"):
            self.pnl.spot_fill("spread_capture" if kind == "spot" else "sale_slippage", quantity, price)
            self.tokens, self.cash = self.tokens + quantity, self.cash - quantity * price
        elif kind == "perp":
            key = draw.choice(VENUES)
            self.pnl.perp_fill("hedge_slippage", key, quantity, price)
            self.perps[key] += quantity
            self.cash -= quantity * price
        elif kind == "lp":
            self.fees += abs(quantity) * 1e-3
            self.liquidity *= 1 + abs(draw.gauss(0, 1e-6))
            self.pnl.lp_read(self.lp(), flow=False)
        elif kind == "vol":
            self.sigma *= math.exp(draw.gauss(0, 0.02))
            self.pnl.option_mark(self.now, self.option())
        elif kind == "capital":
            self.pnl.contribute(quantity, price)
            self.tokens, self.cash = self.tokens + quantity, self.cash + price
        else:
            line = {"fee": "spot_fees", "funding": "funding", "transfer": "transfers"}[kind]
            self.pnl.book(line, price)
            self.cash += price
        self.hold()

    @property
    def tolerance(self) -> float:
        return 1e-9 * max(1.0, self.pnl.gross())


@pytest.fixture(scope="module")
def long_run() -> World:
    world = World(20260101)
    for n in range(20_000):
        world.step()
        if n % 500 == 0:
            assert abs(world.pnl.residual()) <= world.tolerance
    return world


def test_identity_over_20_000_random_events(long_run: World) -> None:
    pnl = long_run.pnl
    assert abs(pnl.residual()) <= long_run.tolerance
    table = pnl.table()
    assert table["total"] == pytest.approx(pnl.equity() - pnl.capital, abs=long_run.tolerance)
    assert table["total"] == pytest.approx(math.fsum(table[name] for name in LINES), abs=1e-6)
    assert abs(pnl.profit() - pnl.total()) <= long_run.tolerance
    # The error itself, far inside the tolerance: plain sums are enough.
    assert abs(pnl.residual()) < 1e-5


def test_every_line_that_moved_is_needed(long_run: World) -> None:
    moved = [name for name in LINES if abs(long_run.pnl.lines[name]) > 1e-3]
    assert {"spread_capture", "lp_swap_value", "perp_basis", "option_vega", "option_residual"} <= set(moved)
    table = long_run.pnl.table()
    change = long_run.pnl.equity() - long_run.pnl.capital
    for name in moved:
        if abs(table[name]) > long_run.tolerance:
            others = math.fsum(table[n] for n in LINES if n != name)
            assert abs(others - change) > long_run.tolerance


def test_the_mark_comes_first_at_the_same_instant() -> None:
    # Quote filled while the price moves: inventory is revalued before, the fill is measured at the new mark.
    def run(order: str) -> Pnl:
        pnl = Pnl()
        pnl.hold(Holdings(0.0, 100.0))
        pnl.mark(T0, 1.0, {}, (LpLeg(), OptionLeg()))
        for part in order:
            if part == "m":
                pnl.mark(T0 + 1, 1.1, {}, (LpLeg(), OptionLeg()))
            else:
                pnl.spot_fill("spread_capture", 10.0, 1.05)
                pnl.hold(Holdings(-10.5, 110.0))
        return pnl

    first, after = run("mf"), run("fm")
    assert first.lines["inventory_delta"] == pytest.approx(10.0)
    assert first.lines["spread_capture"] == pytest.approx(0.5)
    assert after.lines["spread_capture"] == pytest.approx(-0.5)
    assert first.total() == pytest.approx(after.total())  # the split depends on the order, the total does not


def test_relabelling_does_not_change_the_total(long_run: World) -> None:
    pnl = long_run.pnl
    before = pnl.total()
    pnl.lines["inventory_delta"] += 500.0
    pnl.lines["spread_capture"] -= 500.0
    assert pnl.total() == pytest.approx(before, abs=1e-6)
    pnl.lines["inventory_delta"] -= 500.0
    pnl.lines["spread_capture"] += 500.0


def test_before_the_first_mark_everything_is_capital() -> None:
    pnl = Pnl()
    pnl.book("funding", 5.0)
    pnl.spot_fill("spread_capture", 10.0, 1.0)
    pnl.perp_fill("hedge_slippage", PERPS[0], 1.0, 1.0)
    pnl.contribute(5.0, 5.0)
    pnl.hold(Holdings(1_000.0, 50.0, {PERPS[0]: -50.0}))
    assert pnl.equity() == pnl.total() == pnl.residual() == 0
    pnl.mark(T0, 2.0, {}, (LpLeg(10.0, 1.0), OptionLeg(7.0)))
    assert pnl.capital == pnl.equity() == 1_000 + 100 - 100 + 10 + 7
    assert pnl.total() == 0


def test_a_missing_perp_mark_keeps_the_last() -> None:
    pnl = Pnl()
    pnl.hold(Holdings(0.0, 0.0, {PERPS[0]: -100.0}))
    pnl.mark(T0, 1.0, {PERPS[0]: 1.01}, (LpLeg(), OptionLeg()))
    pnl.mark(T0 + 1, 1.2, {}, (LpLeg(), OptionLeg()))
    assert pnl.total() == 0
    pnl.mark(T0 + 2, 1.2, {PERPS[0]: 1.21}, (LpLeg(), OptionLeg()))
    assert pnl.total() == pytest.approx(-20.0)
    assert pnl.residual() == pytest.approx(0, abs=1e-12)


def test_options_arrive_as_capital_and_leave_by_exercise() -> None:
    pnl = Pnl()
    pnl.mark(T0, 1.0, {}, (LpLeg(), OptionLeg()))
    pnl.option_begin(T0, OptionLeg(73_236.0, 149_356.0))
    assert (pnl.total(), pnl.capital) == (0, 73_236)
    pnl.option_gone(40_000.0)
    assert pnl.lines["exercise"] == -40_000
    assert pnl.residual() == pytest.approx(0, abs=1e-9)


def test_liquidity_that_moves_is_capital_and_fees_are_profit() -> None:
    pnl = Pnl()
    pnl.mark(T0, 1.0, {}, (LpLeg(), OptionLeg()))
    pnl.lp_read(LpLeg(1_000_000.0, 500_000.0), flow=True)
    assert (pnl.total(), pnl.capital) == (0, 1_000_000)
    pnl.lp_read(LpLeg(1_000_010.0, 500_001.0), flow=False)
    assert pnl.lines["lp_fees"] == 10
    assert pnl.residual() == 0


def test_the_loan_counts_in_the_economic_view_only() -> None:
    pnl = Pnl()
    pnl.hold(Holdings(0.0, 0.0, {}, 3_000_000.0))
    pnl.mark(T0, 1.0, {}, (LpLeg(), OptionLeg()))
    pnl.mark(T0 + 1, 1.5, {}, (LpLeg(), OptionLeg()))
    table = pnl.table()
    assert (table["total"], table["loan_delta"], table["total_economic"]) == (0, -1_500_000, -1_500_000)


def test_a_fill_is_measured_against_the_price_before_the_sweep_that_made_it() -> None:
    pnl = Pnl()
    pnl.hold(Holdings(0.0, 100.0))
    legs = (LpLeg(), OptionLeg())
    for at, price in ((0, 1.00), (10, 1.01), (20, 1.02)):
        pnl.mark(T0 + at, price, {}, legs)
    assert pnl.spot_before(T0 + 20) == 1.01  # the mark of the same instant is the sweep's own work
    assert pnl.spot_before(T0 + 21) == 1.02
    assert pnl.spot_before(0) == 1.02  # a venue that says no time
    drift = pnl.lines["inventory_delta"]
    pnl.spot_fill("spread_capture", -10.0, 1.015, pnl.spot_before(T0 + 20))
    assert pnl.lines["spread_capture"] == pytest.approx(10 * (1.015 - 1.01))
    assert pnl.lines["inventory_delta"] - drift == pytest.approx(-10 * (1.02 - 1.01))
