"""Profit and loss by source, as an identity: the lines always sum to the change of equity.

Equity = cash + tokens·S + Σ perp·F + LP value + option value, where cash counts a perp trade as paid in
full.
Rule 1: every event books exactly its own lines; `residual` (equity − capital − Σ lines) is shown live and
must be 0.
Rule 2: the mark moves first, then the fill at the same instant.
Rule 3: quantities and cash come from the ledger; only marks are floats; lines are compensated sums
(Neumaier 1974).
Rule 4: what owners put in or take out is capital, not profit: openings, LP flows, the first value of the
options.
Rule 5: before the first fair value there is no equity; all that happened until then is capital.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.instrument import InstrumentId

LINES = (
    "spread_capture",
    "sale_slippage",
    "inventory_delta",
    "lp_delta",
    "lp_swap_value",
    "lp_fees",
    "perp_delta",
    "perp_basis",
    "option_delta",
    "option_gamma",
    "option_theta",
    "option_vega",
    "option_residual",
    "exercise",
    "hedge_slippage",
    "spot_fees",
    "hedge_fees",
    "funding",
    "transfers",
    "external",
)
"""Lines of the total. `loan_delta` stands beside them: it belongs to the economic view only."""

YEAR_NS = 365 * 86_400 * 1_000_000_000


class Sum:
    """A float sum that does not lose small terms beside large ones."""

    __slots__ = ("_carry", "_sum")

    def __init__(self) -> None:
        self._sum = 0.0
        self._carry = 0.0

    def add(self, x: float) -> None:
        """Add one term."""
        old = self._sum
        new = old + x
        if abs(old) >= abs(x):
            self._carry += (old - new) + x
        else:
            self._carry += (x - new) + old
        self._sum = new

    @property
    def value(self) -> float:
        """The sum."""
        return self._sum + self._carry


@dataclass(frozen=True, slots=True)
class LpLeg:
    """The LP book at one price: USDT and tokens per USDT-free unit (delta in tokens)."""

    value: float = 0.0
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """The option book at one price and time: USDT; delta in tokens, gamma per USDT, theta per year, vega
    per 1.00.
    """

    value: float = 0.0
    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0
    sigma: float = 0.0


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the ledger holds, as floats: cash (Σ USDT − cost of open perps), spot tokens, perp positions,
    loan.
    """

    cash: float = 0.0
    tokens: float = 0.0
    perps: Mapping[InstrumentId, float] = field(default_factory=dict)
    loan: float = 0.0


class Pnl:
    """Lines, marks and the equity they must add up to."""

    def __init__(self) -> None:
        self.lines = {name: Sum() for name in (*LINES, "loan_delta")}
        self.holdings = Holdings()
        self.spot: float | None = None
        self.perp_marks: dict[InstrumentId, float] = {}
        self.lp = LpLeg()
        self.option = OptionLeg()
        self.capital = Sum()
        self._marked_ns = 0

    # --- marks ---

    def mark(
        self, now_ns: int, spot: float, perps: Mapping[InstrumentId, float], legs: tuple[LpLeg, OptionLeg]
    ) -> None:
        """Move all marks to `now_ns`. A perp without a mark keeps its last one (at first: the spot price).
        """
        old = self.spot
        if old is None:
            self._begin(now_ns, spot, perps, legs)
            return
        step = spot - old
        add, held = self.lines, self.holdings
        if step:
            add["inventory_delta"].add(held.tokens * step)
            add["loan_delta"].add(-held.loan * step)
        marks = self.perp_marks
        for key, price in perps.items():
            position = held.perps.get(key, 0.0)
            if position:
                add["perp_delta"].add(position * step)
                add["perp_basis"].add(position * ((price - marks.get(key, old)) - step))
            marks[key] = price
        lp, option = legs
        self._lp_mark(lp, step)
        self.spot = spot
        self.option_mark(now_ns, option, step)

    def _begin(
        self, now_ns: int, spot: float, perps: Mapping[InstrumentId, float], legs: tuple[LpLeg, OptionLeg]
    ) -> None:
        self.spot, self._marked_ns = spot, now_ns
        self.perp_marks = {key: perps.get(key, spot) for key in {**self.holdings.perps, **perps}}
        self.lp, self.option = legs
        self.capital.add(self.equity())

    def _lp_mark(self, lp: LpLeg, step: float) -> None:
        old = self.lp
        if old.value or lp.value:
            trend = old.delta * step
            self.lines["lp_delta"].add(trend)
            self.lines["lp_swap_value"].add((lp.value - old.value) - trend)
        self.lp = lp

    def option_mark(self, now_ns: int, option: OptionLeg, step: float = 0.0) -> None:
        """Move the option book to a new price (`step` USDT away), time or volatility; Taylor terms plus a
        rest.
        """
        old, add = self.option, self.lines
        years = max(0, now_ns - self._marked_ns) / YEAR_NS
        self._marked_ns = max(self._marked_ns, now_ns)
        if old.value or option.value:
            delta, gamma = old.delta * step, 0.5 * old.gamma * step * step
            theta, vega = old.theta * years, old.vega * (option.sigma - old.sigma)
            add["option_delta"].add(delta)
            add["option_gamma"].add(gamma)
            add["option_theta"].add(theta)
            add["option_vega"].add(vega)
            add["option_residual"].add((option.value - old.value) - (delta + gamma + theta + vega))
        self.option = option

    # --- events at unchanged marks ---

    def hold(self, holdings: Holdings) -> None:
        """Take the ledger's new quantities; the caller books the lines of the same event."""
        self.holdings = holdings
        if self.spot is not None:
            for key in holdings.perps:
                self.perp_marks.setdefault(key, self.spot)

    def book(self, line: str, usdt: float) -> None:
        """Add to one line (no effect before the first mark: then it is capital)."""
        if self.spot is not None:
            self.lines[line].add(usdt)

    def contribute(self, tokens: float, usdt: float) -> None:
        """Capital put in (> 0) or taken out (< 0), tokens valued at the mark."""
        if self.spot is not None:
            self.capital.add(tokens * self.spot + usdt)

    def spot_fill(self, line: str, quantity: float, price: float) -> None:
        """A spot trade (signed tokens) against fair value: `spread_capture`, `sale_slippage` or `external`.
        """
        if self.spot is not None:
            self.lines[line].add(quantity * (self.spot - price))

    def perp_fill(self, line: str, key: InstrumentId, quantity: float, price: float) -> None:
        """A perp trade (signed tokens) against its mark: `hedge_slippage` or `external`."""
        if self.spot is not None:
            self.lines[line].add(quantity * (self.perp_marks.setdefault(key, self.spot) - price))

    def lp_read(self, lp: LpLeg, flow: bool) -> None:
        """The chain was read at an unchanged price: the change is fees earned, or capital when liquidity
        moved.
        """
        change, self.lp = lp.value - self.lp.value, lp
        if self.spot is None:
            return
        if flow:
            self.capital.add(change)
        else:
            self.lines["lp_fees"].add(change)

    def option_begin(self, now_ns: int, option: OptionLeg) -> None:
        """First valuation: a model value that came with the deal, so capital."""
        self.option = option
        self._marked_ns = max(self._marked_ns, now_ns)
        if self.spot is not None:
            self.capital.add(option.value)

    def option_gone(self, value: float) -> None:
        """Tranches worth `value` left the book by exercise; the tokens and the strike paid book on the same
        line.
        """
        old = self.option
        self.option = OptionLeg(old.value - value, old.delta, old.gamma, old.theta, old.vega, old.sigma)
        self.book("exercise", -value)

    # --- results ---

    def equity(self) -> float:
        """Equity in USDT at the current marks, the loan left out; 0 before the first mark."""
        spot, held = self.spot, self.holdings
        if spot is None:
            return 0.0
        perps = sum(h * self.perp_marks.get(key, spot) for key, h in held.perps.items())
        return held.cash + held.tokens * spot + perps + self.lp.value + self.option.value

    def total(self) -> float:
        """Sum of all lines, USDT."""
        return sum(self.lines[name].value for name in LINES)

    def residual(self) -> float:
        """Equity − capital − total: zero but for rounding, or something was booked wrongly."""
        return self.equity() - self.capital.value - self.total() if self.spot is not None else 0.0

    def gross(self) -> float:
        """Gross notional in USDT: what the tolerance of the identity scales with."""
        spot, held = self.spot or 0.0, self.holdings
        perps = sum(abs(h) for h in held.perps.values())
        return (
            abs(held.cash) + (abs(held.tokens) + perps) * spot + abs(self.lp.value) + abs(self.option.value)
        )

    def table(self) -> dict[str, float]:
        """Every line, `loan_delta`, `total`, `total_economic` and `residual`, in USDT."""
        lines = {name: line.value for name, line in self.lines.items()}
        loan = lines.pop("loan_delta")
        total = sum(lines.values())
        residual = self.equity() - self.capital.value - total if self.spot is not None else 0.0
        return lines | {
            "total": total,
            "loan_delta": loan,
            "total_economic": total + loan,
            "residual": residual,
        }
