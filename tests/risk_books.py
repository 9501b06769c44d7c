"""Bookkeeper and audit over a PnL marked at 1.00, for the risk tests."""

from __future__ import annotations

import pytest

from bot.model.facts import AccountOpened
from bot.risk.audit import Audit
from bot.risk.bookkeeper import Bookkeeper
from bot.risk.pnl import LpLeg, OptionLeg, Pnl
from risk_desk import setup
from risk_world import PERPS, SPOTS, T0, D, S

FLAT = (LpLeg(), OptionLeg())


class Desk:
    """Bookkeeper, PnL marked at 1.00, and the alerts raised."""

    def __init__(self, marked: bool = True) -> None:
        self.alerts: list[str] = []
        self.texts: list[str] = []
        self.pnl = Pnl()
        self.books = Bookkeeper(setup(), self.pnl, self.alert)
        self.audit = Audit(setup(), self.books, self.pnl, self.alert)
        if marked:
            self.mark(1.0)

    def alert(self, code: str, text: str) -> None:
        self.alerts.append(code)
        self.texts.append(text)

    def mark(self, spot: float, at_s: float = 0.0) -> None:
        perps = dict.fromkeys(PERPS, spot * 1.001)
        self.audit.enter_adopted(perps, spot)
        self.pnl.mark(T0 + round(at_s * S), spot, perps, FLAT)

    def check(self) -> dict[str, float]:
        table = self.pnl.table()
        assert table["residual"] == pytest.approx(0, abs=1e-7)
        return table


def opened() -> Desk:
    """1,000 tokens and 1,000 USDT on every spot account, 5,000 USDT in every perp wallet."""
    made = Desk()
    for key in SPOTS:
        made.books.open(AccountOpened(T0, key, D(1_000), D(1_000)))
    for key in PERPS:
        made.books.open(AccountOpened(T0, key, D(0), D(5_000)))
    return made
