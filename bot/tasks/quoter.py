"""Keeps one exchange's quotes where the obligation and the view want them.

Rule 1: a book tick is answered in the loop turn that read it: top without our own size, reference, ladder,
difference, orders. No task switch, no Decimal, no disk.
Rule 2: most ticks change nothing: while reference and mid stay inside the promised bounds the ladder is good.
Rule 3: view changes, answers and timers are served by the quoter's own task.
Rule 4: a failing quoter pulls its own quotes and says so; the other exchanges and the hedger go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from bot.channels import Inbox, Latest
from bot.clock import NS, Clock
from bot.deal.obligations import predicate
from bot.model.errors import Refusal
from bot.model.facts import (
    Fill,
    FundingPaid,
    OrderUpdated,
    QuoterDown,
    QuotesObserved,
    VenueDown,
    VenueSnapshot,
    VenueUp,
)
from bot.model.instrument import InstrumentId
from bot.model.limits import Limits
from bot.model.market import OrderBook, PublicTrade, TopOfBook
from bot.model.order import ClientIds, OrderIntent, OrderState, Purpose, TimeInForce
from bot.model.view import Level, View
from bot.quoting.diff import Actions, diff
from bot.quoting.ladder import LadderInputs, build
from bot.quoting.levels import LadderPlan
from bot.quoting.live import AmendRights, LiveQuotes, Pending
from bot.quoting.skew import shift_bps
from bot.tasks.sampler import OwnSizes, Sampler
from bot.tasks.seller import Seller
from bot.tasks.supervise import contained
from bot.venues.guard import Guard

_SKEW_STEP_BPS = 0.1  # a smaller change of the skew does not move the quotes
_RETRY_S = 0.2
_OBSERVE_S = 4.0
_DEPTH_STEP = 0.01


class Quoter:
    """Sink of one spot instrument and the task that quotes it."""

    def __init__(
        self,
        guard: Guard,
        view: Latest[View],
        inbox: Inbox,
        clock: Clock,
        ids: ClientIds,
        helpers: tuple[Sampler, Seller],
    ) -> None:
        self._guard, self._view, self._inbox, self._clock, self._ids = guard, view, inbox, clock, ids
        self._sampler, self._seller = helpers
        self.key: InstrumentId = guard.instrument.id
        self._exchange, self._tick = guard.instrument.exchange, float(guard.instrument.tick)
        self.live = LiveQuotes(guard.instrument, AmendRights(price=True, size_down=True))
        self._own = OwnSizes(self.live, self._seller.resting(self.key))
        self._sampler.own[self.key] = self._own
        self._plan: LadderPlan | None = None
        self._planned: Limits | None = None
        self._others = TopOfBook(self.key, 0, 0, 0, 0, 0)
        self._mid, self._skew = 0.0, 0.0
        self._gate: tuple[object, ...] = ()
        self._off = ""  # why nothing is quoted by this quoter itself ("" = nothing wrong)
        self._observed: QuotesObserved | None = None
        self._observed_at, self._answered = 0.0, False
        self._retry_at: float | None = None
        self._wake = asyncio.Event()
        self.reconnected: Callable[[InstrumentId], None] = lambda _: None
        self.on_book: Callable[[OrderBook], None] = contained(self._on_book, self.failed)
        view.watch(self._on_view)

    # --- the task ---

    async def run(self) -> None:
        """Serve view changes, answers and timers until cancelled."""
        self._off = "" if self._off.startswith("failed") else self._off
        while True:
            self._wake.clear()
            self._requote()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._wake.wait()
            self._on_time()
            if self._answered:
                self._answered = False
                self._observe()

    def _pause_s(self) -> float:
        """Until the next observation is due, or an earlier retry."""
        now = self._clock.monotonic()
        until = self._observed_at + _OBSERVE_S
        if self._retry_at is not None:
            until = min(until, self._retry_at)
        return max(0.0, until - now)

    def _on_time(self) -> None:
        now = self._clock.monotonic()
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            self.live.invalidate()
        if now >= self._observed_at + _OBSERVE_S:
            self._observe(force=True)

    def stop(self) -> None:
        """Quote no more (shutdown); resting quotes are cancelled."""
        self._off = "stopping"
        self._pull()

    def failed(self, reason: str) -> None:
        """This quoter broke: stand down and say so."""
        self._off = f"failed: {reason}"
        self._inbox.put(QuoterDown(self._clock.now_ns(), self._exchange, reason))
        self._pull()

    def resting(self) -> int:
        """Orders that may still rest."""
        return len(self.live)

    # --- the decision ---

    def _on_book(self, book: OrderBook) -> None:
        top = book.top_without(self._own.bids(), self._own.asks())
        last = self._others
        if top[1] == last[1] and top[3] == last[3]:
            return
        self._others = top
        ticks = top.bid_ticks + top.ask_ticks
        if not (0 < top.bid_ticks < top.ask_ticks):
            self._mid = 0.0
            self._pull()
            return
        self._mid = ticks * self._tick / 2
        self._sampler.touch(self.key, ticks)
        self._requote()

    def _on_view(self, view: View) -> None:
        """Inside the aggregator's step: only look whether the task has something to do."""
        gate = (view.level, view.ready, view.paused, view.limits_version)
        if gate != self._gate:
            self._gate = gate
            self.live.invalidate()
            self._wake.set()
        elif not self._waiting() and (
            self.live.needs_refresh(self._reference(view), self._mid) or self._skew_moved(view)
        ):
            self._wake.set()

    def _waiting(self) -> bool:
        """Whether an answer is outstanding: it will wake the task by itself."""
        return any(order.pending for order in self.live.orders())

    def _skew_moved(self, view: View) -> bool:
        return abs(shift_bps(view, self.key) - self._skew) > _SKEW_STEP_BPS

    def _reference(self, view: View) -> float:
        """Fair value as last judged, carried on by what this exchange's mid did since."""
        fair, sampled = view.marks.fair, view.marks.mids.get(self.key)
        if fair is None or not sampled or not self._mid:
            return 0.0
        return fair * self._mid / sampled

    def _requote(self) -> None:
        view = self._view.value
        reference = self._reference(view)
        if not self._may_quote(view) or reference <= 0.0:
            self._pull()
            return
        if self._skew_moved(view):
            self._skew = shift_bps(view, self.key)
            self.live.invalidate()
        if not self.live.needs_refresh(reference, self._mid):
            return
        plan = self._compiled(view.limits)
        if plan is None:
            return
        inputs = self._inputs(view, reference)
        now = self._clock.now_ns()
        self._send(diff(plan, inputs, build(plan, inputs), self.live, now), now)

    def _may_quote(self, view: View) -> bool:
        return (
            not self._off
            and view.ready
            and not view.paused
            and view.level < Level.PULLED
            and view.limits.quote.enabled
        )

    def _compiled(self, limits: Limits) -> LadderPlan | None:
        if limits is not self._planned:
            owed = limits.obligations.get(self._exchange)
            self._plan = LadderPlan.compile(self._guard.instrument, owed, limits.quote) if owed else None
            self._planned = limits
            self._guard.budget.resize(limits.quote.message_rate_per_s_max)
        return self._plan

    def _inputs(self, view: View, reference: float) -> LadderInputs:
        spot = view.spots[self.key]
        cautious = view.level is Level.CAUTIOUS
        return LadderInputs(
            reference=reference,
            mid=self._mid,
            skew_bps=self._skew,
            tokens=spot.tokens,
            usdt=spot.usdt,
            room_buy=view.quote_room_buy,
            room_sell=view.quote_room_sell,
            widen=view.limits.quote.cautious_widen_factor if cautious else 1.0,
            bid_enabled=True,
            ask_enabled=True,
            others=self._others,
        )

    def _send(self, actions: Actions, now_ns: int) -> None:
        live, guard = self.live, self._guard
        for client_id in actions.cancels:
            live.cancelling(client_id)
            guard.cancel(client_id)
        for amend in actions.amends:
            if self._refused(guard.amend(amend)):
                return
            live.amending(amend, now_ns)
        for side, ticks, lots in actions.places:
            client_id = self._ids.draw(Purpose.QUOTE)
            intent = OrderIntent(client_id, self.key, side, ticks, lots, Purpose.QUOTE, TimeInForce.POST_ONLY)
            if self._refused(guard.place(intent)):
                return
            live.sent(intent, now_ns)
        if actions.retry_ns:
            self._retry_at = self._clock.monotonic() + max(0, actions.retry_ns - now_ns) / NS

    def _refused(self, refusal: Refusal | None) -> bool:
        if refusal is not None:
            self._retry_at = self._clock.monotonic() + _RETRY_S
        return refusal is not None

    def _pull(self) -> None:
        for order in list(self.live.orders()):
            if order.pending == Pending.NONE:
                self.live.cancelling(order.client_id)
                self._guard.cancel(order.client_id)

    # --- the obligation ---

    def _observe(self, force: bool = False) -> None:
        view, now = self._view.value, self._clock.now_ns()
        owed = view.limits.obligations.get(self._exchange)
        if owed is None:
            return
        mid = self._mid / self._tick if self._mid else None
        seen = predicate(self.live, mid, owed, self._guard.instrument)
        cause = "" if seen.bid_met and seen.ask_met else self._off or view.level_reason or seen.cause
        fact = QuotesObserved(
            now,
            self._exchange,
            self._mid or None,
            seen.bid_depth_usdt,
            seen.ask_depth_usdt,
            seen.spread_bps,
            seen.bid_met,
            seen.ask_met,
            len(self.live),
            self.live.unknown,
            cause,
        )
        if force or self._observed is None or _news(fact, self._observed):
            self._observed, self._observed_at = fact, self._clock.monotonic()
            self._inbox.put(fact)

    # --- VenueSink ---

    def on_trade(self, trade: PublicTrade) -> None:
        """Public volume."""
        self._sampler.traded(trade)
        self._seller.traded(trade)

    def on_order(self, update: OrderUpdated) -> None:
        """One of our orders was answered."""
        if self.live.on_order(update):
            self._answered = True
            self._wake.set()
        else:
            self._seller.on_order(update)

    def on_fill(self, fill: Fill) -> None:
        """One of our orders traded: the ledger first."""
        self._inbox.put(fill)
        if self.live.on_fill(fill):
            self._answered = True
            self._wake.set()
        else:
            self._seller.on_fill(fill)

    def on_funding(self, payment: FundingPaid) -> None:
        """Spot pays no funding; pass on what a venue says all the same."""
        self._inbox.put(payment)

    def on_health(self, change: VenueUp | VenueDown) -> None:
        """Streams lost: our quotes are in doubt. Back: reconcile before anything else."""
        up = isinstance(change, VenueUp)
        self._sampler.health(self.key, up)
        if up:
            self._off = "" if self._off == "venue down" else self._off
            self.reconnected(self.key)
        else:
            self._off = self._off or "venue down"
            self._seller.venue_down(self.key)
            self._inbox.put(change)
            self._observe(force=True)

    # --- reconcile ---

    def owns(self, client_id: str) -> bool:
        """Whether this order is one of the quotes."""
        return client_id in self.live

    def reconciled(self, snapshot: VenueSnapshot, receive_window_s: float) -> None:
        """What a query does not show and cannot arrive any more is dead."""
        if snapshot.open_orders is None:
            return
        resting = {order.client_id for order in snapshot.open_orders}
        horizon = snapshot.seen_ns - round(receive_window_s * NS)
        for order in list(self.live.orders()):
            if order.client_id not in resting and order.sent_ns < horizon:
                dead = OrderUpdated(
                    snapshot.seen_ns, 0, self.key, order.client_id, OrderState.DEAD, 0, "query"
                )
                self.live.on_order(dead)
        self._wake.set()


def _news(new: QuotesObserved, old: QuotesObserved) -> bool:
    if (new.bid_met, new.ask_met, new.unknown_orders) != (old.bid_met, old.ask_met, old.unknown_orders):
        return True
    pairs = ((new.bid_depth_usdt, old.bid_depth_usdt), (new.ask_depth_usdt, old.ask_depth_usdt))
    for now, then in pairs:
        if now is None or then is None:
            if now is not then:
                return True
        elif abs(now - then) > _DEPTH_STEP * max(1.0, then):
            return True
    return False
