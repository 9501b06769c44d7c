"""The gate before a venue: no order reaches it otherwise.

Rule 1: what may pass depends on the level and the purpose: cancels always, hedges up to PULLED, in REDUCING
only what shrinks exposure, quotes only in NORMAL and CAUTIOUS, nothing new in HALTED.
Rule 2: hard caps in code stand above the configuration (`NOTIONAL_USDT_CAP`): a mistyped limit cannot
exceed them.
Rule 3: a refusal is a value with a reason; the caller decides. Cancels and hedges may use the whole request
budget, quotes only their share.
"""

from __future__ import annotations

from typing import Protocol

from bot.channels import Latest
from bot.model.errors import Refusal
from bot.model.order import Amend, OrderIntent, Purpose
from bot.model.view import Level, View
from bot.venues.base import Venue
from bot.venues.throttle import Budget

NOTIONAL_USDT_CAP = 1_000_000.0

_NO_BUDGET = Refusal("budget", "no request budget left; price again")


class IntentLog(Protocol):
    """Where intents are written down before they are sent."""

    def intent(self, intent: OrderIntent) -> None:
        """Note an order about to be sent; must not block."""
        ...


class Guard:
    """Checks every order for one venue against the newest view, then sends it."""

    def __init__(self, venue: Venue, view: Latest[View], budget: Budget, intents: IntentLog) -> None:
        self.venue, self._view, self.budget, self._intents = venue, view, budget, intents
        self.instrument = venue.instrument
        self._tick = float(venue.instrument.tick)
        self._lot = float(venue.instrument.lot)
        self.refusals: dict[str, int] = {}

    def place(self, intent: OrderIntent) -> Refusal | None:
        """Send an order, or say why not."""
        refusal = self._check(intent)
        if refusal is not None:
            self.refusals[refusal.reason] = self.refusals.get(refusal.reason, 0) + 1
            return refusal
        self._intents.intent(intent)
        self.venue.place(intent)
        return None

    def amend(self, amend: Amend) -> Refusal | None:
        """Re-price or shrink a resting quote, or say why not."""
        view = self._view.value
        if view.level >= Level.PULLED:
            return Refusal("level", f"no quotes while {view.level.name}: {view.level_reason}")
        refusal = self._price_and_size(view, amend.price_ticks, amend.quantity_lots, 0.05)
        if refusal is None and not self.budget.quote():
            refusal = _NO_BUDGET
        if refusal is not None:
            self.refusals[refusal.reason] = self.refusals.get(refusal.reason, 0) + 1
            return refusal
        self.venue.amend(amend)
        return None

    def cancel(self, client_id: str) -> None:
        """Cancels always pass; they are counted so that the budget stays honest."""
        self.budget.urgent()
        self.venue.cancel(client_id)

    def _check(self, intent: OrderIntent) -> Refusal | None:
        view = self._view.value
        refusal = _level_refusal(intent, view)
        if refusal is not None:
            return refusal
        collar = 0.05 if intent.purpose is Purpose.QUOTE else 0.1
        refusal = self._price_and_size(view, intent.price_ticks, intent.quantity_lots, collar)
        if refusal is not None:
            return refusal
        allowed = self.budget.quote() if intent.purpose is Purpose.QUOTE else self.budget.urgent()
        return None if allowed else _NO_BUDGET

    def _price_and_size(self, view: View, ticks: int, lots: int, collar: float) -> Refusal | None:
        if ticks <= 0 or lots <= 0:
            return Refusal("size", f"price {ticks} ticks and quantity {lots} lots must both be > 0")
        price = ticks * self._tick
        fair = view.marks.fair
        if fair is None:
            return Refusal("no_fair", "no fair value: an order without a reference price is not sent")
        if abs(price / fair - 1) > collar:
            return Refusal("collar", f"price {price:g} is more than {collar:.0%} from fair {fair:g}")
        if price * lots * self._lot > NOTIONAL_USDT_CAP:
            return Refusal(
                "notional", f"{price * lots * self._lot:,.0f} USDT is above the hard cap per order"
            )
        return None


def _level_refusal(intent: OrderIntent, view: View) -> Refusal | None:
    level = view.level
    if level is Level.HALTED:
        return Refusal("level", f"nothing is sent while HALTED: {view.level_reason}")
    match intent.purpose:
        case Purpose.QUOTE | Purpose.SELL:
            if level >= Level.PULLED or view.paused or not view.ready:
                return Refusal(
                    "level", f"no {intent.purpose.name.lower()} while {level.name}: {view.level_reason}"
                )
        case Purpose.HEDGE:
            shrinks = view.exposure.net * intent.side <= 0
            if level >= Level.REDUCING and not shrinks:
                return Refusal(
                    "level", f"{level.name}: a hedge may only shrink net delta {view.exposure.net:,.0f}"
                )
        case Purpose.FLATTEN:
            if level is not Level.FLATTEN:
                return Refusal("level", "flattening orders need the operator's flatten command")
    return None
