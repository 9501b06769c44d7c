"""Keeps one exchange's quotes where the obligation and the view want them.

Rule 1: a book tick is answered in the loop turn that read it: top without our own size, reference, ladder,
difference, orders. No task switch, no Decimal, no disk.
Rule 2: most ticks change nothing: while reference and mid stay inside the promised bounds the ladder is good.
Rule 3: view changes, answers and timers are served by the quoter's own task.
Rule 4: a failing quoter pulls its own quotes and says so; the other exchanges and the hedger go on. Its
task ends, so that there is one place and one pause for starting again.
Rule 5: a book that is old, not reconciled or far from the others' price is not quoted on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from bot.channels import Inbox, Latest
from bot.clock import NS, Clock
from bot.model.facts import QuoterDown
from bot.model.instrument import InstrumentId
from bot.model.limits import Limits
from bot.model.market import OrderBook, TopOfBook
from bot.model.order import ClientIds
from bot.model.view import Level, View
from bot.quoting.diff import diff
from bot.quoting.ladder import LadderInputs, build
from bot.quoting.levels import LadderPlan
from bot.quoting.live import AmendRights, LiveQuotes
from bot.quoting.skew import shift_bps
from bot.tasks.observer import Observer
from bot.tasks.quote_wire import QuoteWire
from bot.tasks.sampler import OwnSizes, Sampler
from bot.tasks.seller import Seller
from bot.tasks.supervise import contained
from bot.venues.guard import Guard

_SKEW_STEP_BPS = 0.1  # a smaller change of the skew does not move the quotes
_ROOM_STEP = 0.02  # nor does a smaller change of the room to hedge
_FAILED, _STOPPING = "failed: ", "stopping"


class Quoter:
    """Decides and sends the quotes of one spot instrument. `off` says why it quotes nothing ("" = it may)."""

    def __init__(
        self,
        guard: Guard,
        view: Latest[View],
        inbox: Inbox,
        clock: Clock,
        ids: ClientIds,
        helpers: tuple[Sampler, Seller],
    ) -> None:
        self._guard, self._view, self._inbox, self._clock = guard, view, inbox, clock
        self._sampler, self.seller = helpers
        self.key: InstrumentId = guard.instrument.id
        self._tick = float(guard.instrument.tick)
        self.live = LiveQuotes(guard.instrument, AmendRights(price=True, size_down=True))
        self._sale = self.seller.resting(self.key)
        self._own = OwnSizes(self.live, self._sale)
        self._sampler.own[self.key] = self.seller.own[self.key] = self._own
        self._observer = Observer(self.live, guard.instrument, inbox, clock)
        self._plan: LadderPlan | None = None
        self._planned: Limits | None = None
        self._others = TopOfBook(self.key, 0, 0, 0, 0, 0)
        self._mid, self._skew, self._rooms = 0.0, 0.0, (0.0, 0.0)
        self._gate: tuple[object, ...] = ()
        self.off = ""
        self.broke: Callable[[], None] = lambda: None
        self._answered = False
        self._wire = QuoteWire(guard, self.live, clock, ids)
        self._wake = asyncio.Event()
        self.on_book: Callable[[OrderBook], None] = contained(self._on_book, self.failed)
        view.watch(contained(self._on_view, self.failed))

    # --- the task ---

    async def run(self) -> None:
        """Serve view changes, answers and timers until cancelled. RuntimeError when a callback failed."""
        self.off = "" if self.off.startswith(_FAILED) else self.off
        self.live.invalidate()
        while True:
            self._wake.clear()
            if self.off.startswith(_FAILED):
                raise RuntimeError(self.off)
            self._requote()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._wake.wait()
            if self._wire.due():
                self.live.invalidate()
            if self._observer.due_s() <= 0:
                self.observe(force=True)
            elif self._answered:
                self.observe()

    def _pause_s(self) -> float:
        """Until a report is due, or an earlier retry."""
        pause = self._observer.due_s()
        if self._wire.retry_at is not None:
            pause = min(pause, self._wire.retry_at - self._clock.monotonic())
        return max(0.0, pause)

    def answered(self) -> None:
        """The venue said something about our quotes: look again soon."""
        self._answered = True
        self._wake.set()
        if self.off:
            self.pull()

    def observe(self, force: bool = False) -> None:
        """Report how the quotes stand against the obligation."""
        self._answered = False
        view = self._view.value
        self._observer.observe(view, self._mid, self.off or disbelief(view, self.key), force)

    def stop(self) -> None:
        """Quote no more (shutdown); resting quotes are cancelled."""
        self.off = _STOPPING
        self.pull()

    def closed(self) -> None:
        """Shutdown: the venue confirmed that nothing rests any more."""
        self.live.clear()
        self.observe(force=True)

    def failed(self, reason: str) -> None:
        """This quoter broke: stand down and say so, once; the task that then ends is started again."""
        if not self.off.startswith(_FAILED):
            self._inbox.put(QuoterDown(self._clock.now_ns(), self._guard.instrument.exchange, reason))
            self.off = self.off if self.off == _STOPPING else _FAILED + reason
        self._wake.set()
        self.pull()
        self.broke()

    def pull(self) -> None:
        """Cancel what rests."""
        self._wire.pull()

    # --- the decision ---

    def _on_book(self, book: OrderBook) -> None:
        top = book.top_without(self._own.bids(), self._own.asks())
        last = self._others
        if top[1] == last[1] and top[3] == last[3]:
            return
        self._others = top
        if not (0 < top.bid_ticks < top.ask_ticks):
            self._mid = 0.0
            self.pull()
            return
        ticks = top.bid_ticks + top.ask_ticks
        self._mid = ticks * self._tick / 2
        self._sampler.touch(self.key, ticks)
        self._requote()

    def _on_view(self, view: View) -> None:
        """Inside the aggregator's step: only look whether the task has something to do."""
        gate = (view.level, view.ready, view.paused, view.limits_version, disbelief(view, self.key))
        if gate != self._gate:
            self._gate = gate
            self.live.invalidate()
            self._wake.set()
        elif not self._waiting() and (
            self.live.needs_refresh(self._reference(view), self._mid) or self._skew_moved(view)
        ):
            self._wake.set()
        elif self._rooms_moved(view):
            self.live.invalidate()
            self._wake.set()

    def _waiting(self) -> bool:
        """Whether an answer is outstanding: it will wake the task by itself."""
        return any(not order.settled for order in self.live.orders())

    def _skew_moved(self, view: View) -> bool:
        return abs(shift_bps(view, self.key) - self._skew) > _SKEW_STEP_BPS

    def _rooms_moved(self, view: View) -> bool:
        """Whether what can be hedged is clearly less, or more, than when the ladder was built."""
        buy, sell = self._rooms
        moved = abs(view.quote_room_buy - buy) > _ROOM_STEP * buy
        return moved or abs(view.quote_room_sell - sell) > _ROOM_STEP * sell

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
            self.pull()
            return
        if abs(reference / (view.marks.fair or reference) - 1.0) > view.limits.risk.divergence_bps_max / 1e4:
            return  # a jump: the sample that it caused decides in this same loop turn what is believed
        if self._skew_moved(view):
            self._skew = shift_bps(view, self.key)
            self.live.invalidate()
        if not self.live.needs_refresh(reference, self._mid):
            return
        plan = self._compiled(view.limits)
        if plan is None:
            return
        inputs = self._inputs(view, reference)
        self._rooms = (inputs.room_buy, inputs.room_sell)
        now = self._clock.now_ns()
        self._wire.send(diff(plan, inputs, build(plan, inputs), self.live, now), now)

    def _may_quote(self, view: View) -> bool:
        allowed = view.ready and not view.paused and view.level < Level.PULLED
        return allowed and not self.off and view.limits.quote.enabled and not disbelief(view, self.key)

    def _compiled(self, limits: Limits) -> LadderPlan | None:
        if limits is not self._planned:
            owed = limits.obligations.get(self._guard.instrument.exchange)
            self._plan = LadderPlan.compile(self._guard.instrument, owed, limits.quote) if owed else None
            self._planned = limits
            self._guard.budget.resize(limits.quote.message_rate_per_s_max)
        return self._plan

    def _inputs(self, view: View, reference: float) -> LadderInputs:
        spot, cautious, others = view.spots[self.key], view.level is Level.CAUTIOUS, self._others
        if self._sale:  # a bid must stay short of the resting sale too: we do not trade with ourselves
            others = others._replace(ask_ticks=min(others.ask_ticks, *self._sale))
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
            others=others,
        )


def disbelief(view: View, key: InstrumentId) -> str:
    """Why the book of `key` is not quoted on; empty when it may be."""
    marks, risk, spot = view.marks, view.limits.risk, view.spots.get(key)
    top, mid, fair = marks.tops.get(key), marks.mids.get(key), marks.fair
    if spot is None or not spot.healthy:
        return "not reconciled"
    if top is None or mid is None or fair is None:
        return "no two-sided book"
    if marks.time_ns - top.seen_ns > risk.book_age_s_max * NS:
        return "book is old"
    return "far from the others' price" if abs(mid / fair - 1.0) > risk.divergence_bps_max / 1e4 else ""
