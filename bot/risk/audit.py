"""The one reconcile path: what a venue's answer changes in our books, at start, on reconnect, on a timer.

Rule 1: trades the venue reports are booked first; only then is what is left compared.
Rule 2: an account never opened takes its first balance from the venue, as capital.
Rule 3: a newer epoch of our own prefix on a venue means another instance took over: fail safe.
"""

from __future__ import annotations

from decimal import Decimal

from bot.model.errors import FailSafe
from bot.model.facts import Started, VenueSnapshot
from bot.model.instrument import InstrumentId
from bot.risk.bookkeeper import Alert, Bookkeeper
from bot.risk.pnl import Pnl
from bot.risk.reconcile import TOLERANCE_USDT, sort_orders
from bot.risk.setup import RiskSetup


class Audit:
    """Takes snapshots; `settled` names the instruments whose books agreed with their venue in this run."""

    def __init__(self, setup: RiskSetup, books: Bookkeeper, pnl: Pnl, alert: Alert) -> None:
        self._setup, self._books, self._pnl, self._alert = setup, books, pnl, alert
        self._perps = frozenset(setup.perps)
        self.settled: set[InstrumentId] = set()
        self.epoch = 0

    def start(self, fact: Started) -> None:
        """A new run: every account has to be reconciled again."""
        self.epoch = max(self.epoch, fact.epoch)
        self.settled.clear()

    def snapshot(self, fact: VenueSnapshot) -> None:
        """The one reconcile path: orders, trades, then what no trade explains."""
        key = fact.instrument
        account = self._books.ledger.accounts.get(key)
        if account is None or key not in self._setup.instruments:
            self._alert("instrument", f"snapshot of an instrument that is not configured: {key}")
            return
        self._orders(fact)
        if not account.opened:
            self._adopt(fact)
            return
        for trade in fact.trades or ():
            self._books.fill(trade)
        verdict = self._books.differences.judge(fact, account)
        if verdict.tokens or verdict.usdt:
            self._books.external(key, verdict.tokens, verdict.usdt)
        if verdict.entry_usdt:
            self._books.ledger.shift_entry(key, verdict.entry_usdt)
        if verdict.note:
            self._alert("reconcile", verdict.note)
        if verdict.settled:
            self.settled.add(key)
        self._books.hold(key)

    def enter_adopted(self, marks: dict[InstrumentId, float], spot: float) -> None:
        """Give perp positions taken over from a venue their entry: the first mark seen."""
        entered = False
        for key in self._perps:
            if not self._books.ledger.accounts[key].entry_known:
                self._books.ledger.set_entry(key, Decimal(repr(marks.get(key, spot))))
                self._pnl.contribute(0.0, -float(self._books.ledger.accounts[key].cost))
                entered = True
        if entered:
            self._books.hold()

    def _orders(self, fact: VenueSnapshot) -> None:
        if not fact.open_orders or not self.epoch:
            return
        found = sort_orders(fact.open_orders, self._setup.prefix, self.epoch)
        if found.newer:
            order = found.newer[0].client_id
            raise FailSafe(f"{fact.instrument} order {order} is of a newer run; another instance took over")
        if found.foreign:
            self._alert("foreign_order", f"{fact.instrument}: {len(found.foreign)} open orders are not ours")
        if found.orphans:
            self._alert("orphan_order", f"{fact.instrument}: {len(found.orphans)} orders of an older run")

    def _adopt(self, fact: VenueSnapshot) -> None:
        key, position, usdt = fact.instrument, fact.position, fact.usdt
        if position is None or usdt is None or not (position.is_finite() and usdt.is_finite()):
            self._alert("reconcile", f"{key}: opening balance unknown (query failed)")
            return
        for trade in fact.trades or ():
            self._books.ledger.know(trade)
        expected = self._setup.opening.get(key)
        if expected is not None:
            lot = self._setup.instruments[key].lot
            if abs(position - expected[0]) > lot or abs(usdt - expected[1]) > TOLERANCE_USDT:
                self._alert("opening", f"{key} holds {position} tokens, {usdt} USDT; expected {expected}")
        self._books.ledger.adopt(key, position, usdt)
        spot, mark = self._pnl.spot, self._pnl.perp_marks.get(key)
        if key not in self._perps:
            self._pnl.contribute(float(position), float(usdt))
        elif spot is not None:
            self._pnl.contribute(0.0, float(usdt) + float(position) * (spot if mark is None else mark))
        self.settled.add(key)
        self._books.hold(key)
