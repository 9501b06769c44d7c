"""Turns facts about money into ledger entries and PnL lines of the same event.

Rule 1: the ledger decides whether a fact is new; only what it booked reaches the PnL.
Rule 2: whose trade it was is read from the client id; a trade that is not ours is EXTERNAL: counted and
alarmed.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.model.errors import Refusal
from bot.model.facts import AccountOpened, Fill, FundingPaid, Transferred
from bot.model.instrument import InstrumentId
from bot.model.order import Purpose, parse_client_id
from bot.risk.hedge import FillVariance
from bot.risk.ledger import ZERO, Booked, Ledger
from bot.risk.markout import Markouts
from bot.risk.pnl import Holdings, Pnl
from bot.risk.reconcile import Differences
from bot.risk.setup import RiskSetup

Alert = Callable[[str, str], None]

_CAPITAL = frozenset({"lp", "loan", "owner", "project", "outside"})
"""Outside accounts whose flows are capital; `exercise` has its own line, all others book on `transfers`."""


class Bookkeeper:
    """The ledger and the counters that come from fills."""

    def __init__(self, setup: RiskSetup, pnl: Pnl, alert: Alert) -> None:
        self._setup, self._pnl, self._alert = setup, pnl, alert
        self.ledger = Ledger(setup.instruments, setup.terms.token)
        self._perps = frozenset(setup.perps)
        self.differences = Differences(setup.instruments)
        self.fill_variance = FillVariance()
        self.markouts = Markouts()
        self.fills = self.hedges = 0
        self.sold_tokens = self.sale_usdt = ZERO
        self.version = 0
        self._cash: dict[str, float] = {}
        self._tokens: dict[str, float] = {}
        self._positions: dict[InstrumentId, float] = {}
        self.hold()

    # --- facts ---

    def open(self, fact: AccountOpened) -> None:
        """Opening balance: capital."""
        if self._refused(self.ledger.open(fact)):
            return
        self._pnl.contribute(float(fact.tokens), float(fact.usdt))
        self.hold()

    def transfer(self, fact: Transferred) -> None:
        """Between our accounts nothing is earned; across the border it is capital or its own line."""
        moved = self.ledger.transfer(fact)
        if moved is None or isinstance(moved, Refusal):
            self._refused(moved)
            return
        tokens, usdt = float(moved.tokens), float(moved.usdt)
        if moved.counterparty in _CAPITAL:
            self._pnl.contribute(tokens, usdt)
        elif moved.counterparty:
            line = "exercise" if moved.counterparty == "exercise" else "transfers"
            self._pnl.book(line, tokens * (self._pnl.spot or 0.0) + usdt)
        self.hold()

    def funding(self, fact: FundingPaid) -> None:
        """A settled funding payment."""
        booked = self.ledger.funding(fact)
        if isinstance(booked, Refusal):
            self._refused(booked)
        elif booked:
            self._pnl.book("funding", float(fact.usdt))
            self.hold(fact.instrument)

    def fill(self, fact: Fill) -> None:
        """A trade of ours, or of our account."""
        booked = self.ledger.fill(fact)
        if booked is None or isinstance(booked, Refusal):
            self._refused(booked)
            return
        purpose = self._purpose(fact)
        if booked.instrument in self._perps:
            self._perp_fill(booked, purpose)
        else:
            self._spot_fill(booked, purpose, fact)
        if purpose is None:
            self._alert("external_fill", f"{fact.instrument}: {booked.quantity} @ {fact.price} is not ours")
        if booked.fee_other:
            self._alert("fee_unvalued", f"{fact.instrument}: fee of {fact.fee} {booked.fee_other} not valued")
        tokens, usdt = self.differences.explained(fact)
        if tokens or usdt:
            self.external(fact.instrument, -tokens, -usdt)
        self.hold(fact.instrument)

    # --- parts ---

    def _purpose(self, fact: Fill) -> Purpose | None:
        """Who sent the order behind a fill; None = not us. Trades by query may come without client id."""
        if fact.origin == "external":
            return None
        parsed = parse_client_id(fact.client_id)
        if parsed is not None and parsed.prefix == self._setup.prefix:
            return parsed.purpose
        if fact.client_id is None and fact.origin == "backfill":
            return Purpose.HEDGE if fact.instrument in self._perps else Purpose.QUOTE
        return None

    def _spot_fill(self, booked: Booked, purpose: Purpose | None, fact: Fill) -> None:
        pnl, quantity, price = self._pnl, float(booked.quantity), float(booked.price)
        before = pnl.spot_before(min(fact.venue_ns, fact.seen_ns))
        line = "spread_capture"
        if purpose is Purpose.SELL:
            line = "sale_slippage"
            self.sold_tokens -= booked.quantity
            self.sale_usdt -= booked.quantity * booked.price
        elif purpose is Purpose.QUOTE:
            self.fills += 1
            self.fill_variance.add(quantity, fact.seen_ns)
            if before is not None:
                self.markouts.add(quantity, before, fact.seen_ns)
        elif purpose is None:
            line = "external"
        else:
            line = "hedge_slippage"
        pnl.spot_fill(line, quantity, price, before)
        fee = float(booked.fee_usdt) + float(booked.fee_tokens) * (pnl.spot or 0.0)
        if fee:
            pnl.book("spot_fees", -fee)

    def _perp_fill(self, booked: Booked, purpose: Purpose | None) -> None:
        line = "external" if purpose is None else "hedge_slippage"
        self.hedges += purpose is not None
        self._pnl.perp_fill(line, booked.instrument, float(booked.quantity), float(booked.price))
        if booked.fee_usdt:
            self._pnl.book("hedge_fees", -float(booked.fee_usdt))

    def external(self, key: InstrumentId, tokens: Decimal, usdt: Decimal) -> None:
        """Book a difference at the mark: a perp changes hands there, spot tokens appear or vanish."""
        pnl = self._pnl
        mark = pnl.perp_marks.get(key, pnl.spot or 0.0)
        account = self.ledger.accounts[key]
        if key in self._perps and not mark:
            average = account.average_entry
            mark = float(average) if average is not None else 0.0
        price = Decimal(repr(mark))
        self.ledger.adjust(key, tokens, usdt, price)
        value = 0.0 if key in self._perps else float(tokens) * (pnl.spot or 0.0)
        pnl.book("external", value + float(usdt))
        self._alert("external_adjustment", f"{key}: {tokens} tokens, {usdt} USDT at {mark:g}")

    def hold(self, *keys: str) -> None:
        """Tell the PnL what the ledger holds now; `keys` are the accounts that changed (none = any)."""
        ledger, perps = self.ledger, self._positions
        for key in keys or ledger.accounts:
            account = ledger.accounts[key]
            self._cash[key] = float(account.usdt - account.cost)
            if key in self._perps:
                self._positions = perps = {**perps, key: float(account.tokens)}
            else:
                self._tokens[key] = float(account.tokens)
        owed = self._setup.loan_tokens
        loan = (float(ledger.borrowed) if owed is None else owed) - float(ledger.repaid)
        self._pnl.hold(Holdings(sum(self._cash.values()), sum(self._tokens.values()), perps, loan))
        self.version += 1

    def _refused(self, refusal: Refusal | None) -> bool:
        if refusal is not None and refusal.detail:
            self._alert(refusal.reason, refusal.detail)
        return refusal is not None
