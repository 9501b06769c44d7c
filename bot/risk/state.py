"""The state of the deal: a fold of facts, and the only writer.

Rule 1: `apply` is one match that hands each fact to the part that owns it, then reviews exposure, targets
and level once. It never waits, logs, or reads a clock: time is the newest `seen_ns`.
Rule 2: any order and any repetition of facts is legal; bad data is refused with an alert; only a broken
invariant raises (`FailSafe`).
Rule 3: limits change by one assignment; band, targets and level follow in the same step.
Rule 4: `view` depends on the facts alone, never on how often it was asked for.
"""

from __future__ import annotations

from bot.model.facts import (
    AccountOpened,
    Alarmed,
    Fact,
    Fill,
    FundingPaid,
    HedgeWorking,
    LimitsChanged,
    LimitsRefused,
    MarketSampled,
    OperatorCommand,
    OptionsValued,
    OrderUpdated,
    PoolObserved,
    QuoterDown,
    QuotesObserved,
    SellerWorking,
    Started,
    Ticked,
    Transferred,
    VenueDown,
    VenueSnapshot,
    VenueUp,
)
from bot.model.order import OrderState, Purpose, parse_client_id
from bot.model.view import View
from bot.risk.parts import Parts
from bot.risk.review import Review
from bot.risk.setup import RiskSetup
from bot.risk.views import Viewer

__all__ = ["RiskSetup", "RiskState"]

_DISPLAY_NS = 2_000_000_000


class RiskState:
    """Everything the daemon knows. `apply` facts in, `view` out."""

    def __init__(self, setup: RiskSetup) -> None:
        self.parts = Parts(setup)
        self._review = Review(self.parts)
        self._viewer = Viewer(self.parts)

    def apply(self, fact: Fact) -> None:  # noqa: C901 - one arm per fact is the point
        """Fold one fact."""
        p = self.parts
        p.count += 1
        if fact.seen_ns > p.now_ns:
            p.now_ns = fact.seen_ns
        match fact:
            case MarketSampled():
                self._sample(fact)
            case Fill():
                p.books.fill(fact)
            case HedgeWorking():
                p.steering.work(fact)
            case QuotesObserved():
                self._quotes(fact)
            case OrderUpdated():
                self._order(fact)
            case PoolObserved():
                p.legs.pool(fact)
                p.display = (p.pnl.spot, p.now_ns)
            case OptionsValued():
                p.legs.value_options(fact, p.now_ns)
                p.display = (p.pnl.spot, p.now_ns)
            case VenueSnapshot():
                p.audit.snapshot(fact)
                p.steering.snapshot(fact)
            case FundingPaid():
                p.books.funding(fact)
            case Transferred():
                p.books.transfer(fact)
            case AccountOpened():
                p.books.open(fact)
            case VenueUp() | VenueDown():
                self._health(fact)
            case LimitsChanged():
                self._limits(fact)
            case OperatorCommand():
                self._command(fact)
            case Started():
                self._start(fact)
            case QuoterDown() | LimitsRefused() | Alarmed():
                self._report(fact)
            case SellerWorking() | Ticked():
                pass
        self._review.run()

    def view(self) -> View:
        """The snapshot for all readers; sub-objects that did not change are the same objects as before."""
        return self._viewer.build()

    # --- arms ---

    def _sample(self, fact: MarketSampled) -> None:
        p = self.parts
        if not p.marker.sample(fact, p.limits):
            return
        marks = p.marker.marks
        p.steering.mark(marks, p.marker.touch)
        if marks.fair is not None:
            perps = {key: x.mark for key, x in p.steering.perps.items() if x.mark is not None}
            p.audit.enter_adopted(perps, marks.fair)
            legs = p.legs.reprice(marks.fair, fact.seen_ns)
            p.pnl.mark(fact.seen_ns, marks.fair, perps, legs)
            p.books.markouts.mark(fact.seen_ns, marks.fair)
        if p.now_ns - p.display[1] >= _DISPLAY_NS or p.display[0] is None:
            p.display = (p.pnl.spot, p.now_ns)

    def _quotes(self, fact: QuotesObserved) -> None:
        p = self.parts
        p.unknown_quotes[fact.exchange] = fact.unknown_orders
        p.meter.observe(fact)

    def _order(self, fact: OrderUpdated) -> None:
        p = self.parts
        # Quotes and hedges in doubt are counted by their own tasks' facts.
        parsed = parse_client_id(fact.client_id)
        if parsed is None or parsed.purpose not in (Purpose.SELL, Purpose.FLATTEN):
            return
        if fact.state is OrderState.UNKNOWN:
            p.unknown_sales.add(fact.client_id)
        else:
            p.unknown_sales.discard(fact.client_id)

    def _health(self, fact: VenueUp | VenueDown) -> None:
        p = self.parts
        key, up = fact.instrument, isinstance(fact, VenueUp)
        p.health_version += 1
        if key not in p.setup.instruments:
            p.alert("instrument", f"health of an instrument that is not configured: {key}")
            return
        if isinstance(fact, VenueDown):
            p.up.discard(key)
            p.alert("venue_down", f"{key}: {fact.reason}")
        else:
            p.up.add(key)
        if key in p.steering.perps:
            p.steering.perps[key].up = up

    def _limits(self, fact: LimitsChanged) -> None:
        p = self.parts
        p.limits, p.limits_version = fact.limits, fact.version
        p.steering.limit(fact.limits)
        p.meter.limits(fact.limits.obligations)

    def _command(self, fact: OperatorCommand) -> None:
        p = self.parts
        p.levels.command(fact.command, fact.reason, fact.by, p.now_ns)
        if fact.command == "resume":
            p.peak = None
            p.steering.excuse()

    def _start(self, fact: Started) -> None:
        p = self.parts
        p.audit.start(fact)
        p.steering.restart()
        p.up.clear()
        p.health_version += 1
        p.unknown_quotes.clear()
        p.unknown_sales.clear()
        p.ready = False

    def _report(self, fact: QuoterDown | LimitsRefused | Alarmed) -> None:
        p = self.parts
        if isinstance(fact, QuoterDown):
            p.alert("quoter_down", f"{fact.exchange}: {fact.reason}")
        elif isinstance(fact, LimitsRefused):
            p.alert("limits_refused", "; ".join(fact.problems))
        else:
            p.alert(fact.code, fact.message)
