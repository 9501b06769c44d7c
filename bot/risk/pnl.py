"""Profit and loss by source, as an identity: the lines always sum to the change of equity.

Equity = cash + tokens·S + Σ perp·F + LP value + option value, where cash counts a perp trade as paid in
full.
Rule 1: every event books exactly its own lines; `residual` (equity − capital − Σ lines) is shown live and
must be 0.
Rule 2: a spot fill is measured against the mark just before it; what the price did since is inventory's.
Rule 3: quantities and cash come from the ledger; only marks and lines are floats (plain sums: their
rounding stays ten orders below the tolerance of the identity).
Rule 4: what owners put in or take out is capital, not profit: openings, LP flows, the first value of the
options.
Rule 5: before the first fair value there is no equity; all that happened until then is capital.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bot.model.instrument import InstrumentId

_RECENT_MAX = 64  # marks remembered for fills that are reported late

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


class LpLeg(NamedTuple):
    """The LP book at one price: USDT and tokens per USDT-free unit (delta in tokens)."""

    value: float = 0.0
    delta: float = 0.0


class OptionLeg(NamedTuple):
    """The option book at one price and time: USDT; delta in tokens, gamma per USDT, theta per year, vega
    per 1.00.
    """

    value: float = 0.0
    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0
    sigma: float = 0.0


class Holdings(NamedTuple):
    """What the ledger holds, as floats: cash (Σ USDT − cost of open perps), spot tokens, perp positions,
    loan.
    """

    cash: float = 0.0
    tokens: float = 0.0
    perps: Mapping[InstrumentId, float] = MappingProxyType({})
    loan: float = 0.0


class Pnl:
    """Lines, marks and the equity they must add up to."""

    def __init__(self) -> None:
        self.lines = dict.fromkeys((*LINES, "loan_delta"), 0.0)
        self.holdings = Holdings()
        self.spot: float | None = None
        self.perp_marks: dict[InstrumentId, float] = {}
        self.lp = LpLeg()
        self.option = OptionLeg()
        self.capital = 0.0
        self._marked_ns = 0
        self._recent: deque[tuple[int, float]] = deque(maxlen=_RECENT_MAX)

    # --- marks ---

    def spot_before(self, traded_ns: int) -> float | None:
        """Fair value in force just before a trade. None before the first mark; the present one for a trade
        without a time, in the future, or older than what is remembered.

        A sweep that fills us moves the price in the same instant: measured against the price after it, a
        spread would look as if it had not been earned.
        """
        if traded_ns > 0:
            for at_ns, spot in reversed(self._recent):
                if at_ns < traded_ns:
                    return spot
        return self.spot

    def mark(
        self, now_ns: int, spot: float, perps: Mapping[InstrumentId, float], legs: tuple[LpLeg, OptionLeg]
    ) -> None:
        """Move all marks to `now_ns`. A perp without a mark keeps its last one (at first: the spot price)."""
        old = self.spot
        if old is None:
            self._begin(now_ns, spot, perps, legs)
            return
        step = spot - old
        lines, held = self.lines, self.holdings
        if step:
            lines["inventory_delta"] += held.tokens * step
            lines["loan_delta"] += -held.loan * step
        marks = self.perp_marks
        for key, price in perps.items():
            position = held.perps.get(key, 0.0)
            if position:
                lines["perp_delta"] += position * step
                lines["perp_basis"] += position * ((price - marks.get(key, old)) - step)
            marks[key] = price
        lp, option = legs
        self._lp_mark(lp, step)
        self.spot = spot
        self._recent.append((now_ns, spot))
        self.option_mark(now_ns, option, step)

    def _begin(
        self, now_ns: int, spot: float, perps: Mapping[InstrumentId, float], legs: tuple[LpLeg, OptionLeg]
    ) -> None:
        self.spot, self._marked_ns = spot, now_ns
        self.perp_marks = {key: perps.get(key, spot) for key in {**self.holdings.perps, **perps}}
        self.lp, self.option = legs
        self.capital += self.equity()

    def _lp_mark(self, lp: LpLeg, step: float) -> None:
        old = self.lp
        if old.value or lp.value:
            trend = old.delta * step
            self.lines["lp_delta"] += trend
            self.lines["lp_swap_value"] += (lp.value - old.value) - trend
        self.lp = lp

    def option_mark(self, now_ns: int, option: OptionLeg, step: float = 0.0) -> None:
        """Move the option book to a new price (`step` USDT away), time or volatility; Taylor terms plus a
        rest.
        """
        old, lines = self.option, self.lines
        years = max(0, now_ns - self._marked_ns) / YEAR_NS
        self._marked_ns = max(self._marked_ns, now_ns)
        if old.value or option.value:
            delta, gamma = old.delta * step, 0.5 * old.gamma * step * step
            theta, vega = old.theta * years, old.vega * (option.sigma - old.sigma)
            lines["option_delta"] += delta
            lines["option_gamma"] += gamma
            lines["option_theta"] += theta
            lines["option_vega"] += vega
            lines["option_residual"] += (option.value - old.value) - (delta + gamma + theta + vega)
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
            self.lines[line] += usdt

    def contribute(self, tokens: float, usdt: float) -> None:
        """Capital put in (> 0) or taken out (< 0), tokens valued at the mark."""
        if self.spot is not None:
            self.capital += tokens * self.spot + usdt

    def spot_fill(self, line: str, quantity: float, price: float, before: float | None = None) -> None:
        """A spot trade (signed tokens) against fair value just before it; `line` names the account.

        What the price did since is the inventory's.
        """
        if self.spot is not None:
            mark = self.spot if before is None else before
            self.lines[line] += quantity * (mark - price)
            self.lines["inventory_delta"] += quantity * (self.spot - mark)

    def perp_fill(self, line: str, key: InstrumentId, quantity: float, price: float) -> None:
        """A perp trade (signed tokens) against its mark: `hedge_slippage` or `external`."""
        if self.spot is not None:
            self.lines[line] += quantity * (self.perp_marks.setdefault(key, self.spot) - price)

    def lp_read(self, lp: LpLeg, flow: bool) -> None:
        """The chain was read at an unchanged price: the change is fees earned, or capital when liquidity
        moved.
        """
        change, self.lp = lp.value - self.lp.value, lp
        if self.spot is None:
            return
        if flow:
            self.capital += change
        else:
            self.lines["lp_fees"] += change

    def option_begin(self, now_ns: int, option: OptionLeg) -> None:
        """First valuation: a model value that came with the deal, so capital."""
        self.option = option
        self._marked_ns = max(self._marked_ns, now_ns)
        if self.spot is not None:
            self.capital += option.value

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
        perps, marks = 0.0, self.perp_marks
        for key, position in held.perps.items():
            if position:
                perps += position * marks.get(key, spot)
        return held.cash + held.tokens * spot + perps + self.lp.value + self.option.value

    def profit(self) -> float:
        """Equity − capital, USDT: the total as the identity has it, without summing the lines."""
        return self.equity() - self.capital

    def total(self) -> float:
        """Sum of all lines, USDT."""
        return sum(self.lines[name] for name in LINES)

    def residual(self) -> float:
        """Equity − capital − total: zero but for rounding, or something was booked wrongly."""
        return self.equity() - self.capital - self.total() if self.spot is not None else 0.0

    def gross(self) -> float:
        """Gross notional in USDT: what the tolerance of the identity scales with."""
        spot, held = self.spot or 0.0, self.holdings
        perps = sum(abs(h) for h in held.perps.values())
        return (
            abs(held.cash) + (abs(held.tokens) + perps) * spot + abs(self.lp.value) + abs(self.option.value)
        )

    def table(self) -> dict[str, float]:
        """Every line, `total`, `loan_delta`, `total_economic`, `equity` and `residual`, in USDT."""
        lines = dict(self.lines)
        loan = lines.pop("loan_delta")
        total, equity = sum(lines.values()), self.equity()
        lines["total"] = total
        lines["loan_delta"] = loan
        lines["total_economic"] = total + loan
        lines["equity"] = equity
        lines["residual"] = equity - self.capital - total if self.spot is not None else 0.0
        return lines
