"""Works off the sale of the loan on the spot exchanges.

Rule 1: what may be sold now is a pure decision (`bot.deal.schedule`); this task only carries it out.
Rule 2: never against our own bids: while ours is the best bid the sale rests as a maker beside our best
ask, else it takes the bids of others.
Rule 3: one order per exchange; nothing new while the fate of the last one is open.
Rule 4: progress counts fills that the view has seen and orders that work: a fill between the two holds the
next slice back.
Rule 5: the sale needs no hedge of its own: sold tokens change spot delta, and the hedger follows.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bot.channels import Inbox, Latest
from bot.clock import NS, Clock
from bot.deal.schedule import Progress, Slice, next_slice
from bot.model.facts import Fill, OrderUpdated, VenueSnapshot
from bot.model.instrument import Instrument, InstrumentId
from bot.model.limits import Limits
from bot.model.market import PublicTrade, TopOfBook
from bot.model.order import ClientIds, OrderIntent, OrderState, Purpose, Side, TimeInForce
from bot.model.view import Level, View
from bot.tasks.sampler import OwnSizes
from bot.venues.guard import Guard

log = structlog.get_logger("seller")

_MOVE_BPS = 2.0  # a resting sale is re-priced when it stands further than this from where it should
_KEEP_MARGIN = 1.1
_REVIEW_S = 1.0


@dataclass(slots=True)
class _Sale:
    """What is outstanding on one exchange; `resting` maps ticks to lots for the book's own-size removal."""

    client_id: str = ""
    ticks: int = 0
    lots: int = 0
    filled_lots: int = 0
    cancelling: bool = False
    unknown: bool = False
    sent_ns: int = 0
    resting: dict[int, int] = field(default_factory=dict)

    def clear(self) -> None:
        self.client_id, self.lots, self.filled_lots, self.cancelling, self.unknown = "", 0, 0, False, False
        self.resting.clear()


class Seller:
    """Sells under participation and price limits until the plan's total is sold."""

    def __init__(
        self,
        guards: Mapping[InstrumentId, Guard],
        view: Latest[View],
        inbox: Inbox,
        clock: Clock,
        ids: ClientIds,
    ) -> None:
        self._guards, self._view, self._inbox, self._clock, self._ids = guards, view, inbox, clock, ids
        self._sales = {key: _Sale() for key in guards}
        self._volume_tokens = 0.0
        self._sold_before: float | None = None
        self._stopped = False
        self._seen_fact = 0
        self._next_at = 0.0
        self.own: dict[InstrumentId, OwnSizes] = {}
        self.waiting = ""

    async def run(self) -> None:
        """New slices once per interval, a look at what rests every second, until cancelled."""
        while True:
            self.act()
            resting = any(sale.resting for sale in self._sales.values())
            until = self._next_at - self._clock.monotonic()
            await asyncio.sleep(max(0.0, min(until, _REVIEW_S) if resting else until))

    def act(self) -> None:
        """Cancel sales that stand wrong; place the next slices when their time has come."""
        view, now = self._view.value, self._clock.monotonic()
        due = now >= self._next_at
        if due:
            self._next_at = now + view.limits.sell.slice_interval_s
        allowed = view.ready and not view.paused and view.level < Level.PULLED
        allowed = allowed and view.sell.active and not self._stopped
        for key, sale in self._sales.items():
            if not allowed:
                self._cancel(key, sale)
            elif sale.client_id:
                self._review(view, key, sale)
            elif due and view.version >= self._seen_fact:
                self._place(view, key, sale)

    def stop(self) -> None:
        """Sell no more (shutdown); the resting slices are cancelled."""
        self._stopped = True
        self.act()

    def failed(self, reason: str) -> None:
        """The task broke and will be started again: leave nothing resting meanwhile."""
        log.error("seller_failed", reason=reason)
        for key, sale in self._sales.items():
            self._cancel(key, sale)

    def working(self) -> bool:
        """Whether a sale may still trade."""
        return any(sale.client_id for sale in self._sales.values())

    def resting(self, key: InstrumentId) -> dict[int, int]:
        """Our resting sale by ticks (a live mapping, kept current)."""
        return self._sales[key].resting

    def traded(self, trade: PublicTrade) -> None:
        """Public spot volume: what participation is measured against."""
        self._volume_tokens += trade.quantity_lots * float(self._guards[trade.instrument].instrument.lot)

    # --- decisions ---

    def _progress(self, view: View) -> Progress:
        sold = view.sell.sold_tokens
        if self._sold_before is None:
            self._sold_before = sold
        working = sum(
            sale.lots * float(self._guards[key].instrument.lot) for key, sale in self._sales.items()
        )
        # Volume is known since this run began, so the sale is measured from there too.
        total = view.sell.total_tokens - self._sold_before
        return Progress(total, sold - self._sold_before + working, self._volume_tokens)

    def _place(self, view: View, key: InstrumentId, sale: _Sale) -> None:
        fair, top = view.marks.fair, self._others(key)
        spot = view.spots[key]
        if fair is None or not top.bid_ticks or key not in view.marks.tops or not spot.healthy:
            return
        if view.exposure.net < -view.exposure.band:
            self.waiting = "the hedge of what was sold is behind"
            return
        instrument = self._guards[key].instrument
        tick, lot = float(instrument.tick), float(instrument.lot)
        spare = spot.tokens - _kept(view.limits, instrument.exchange, fair)
        choice = next_slice(self._progress(view), view.limits.sell, fair, top.bid_ticks * tick, spare)
        if not isinstance(choice, Slice):
            self.waiting = choice
            return
        self.waiting = ""
        lots = math.floor(choice.tokens / lot)
        ticks, force = self._where(view, instrument, math.ceil(choice.price_usdt / tick - 1e-9))
        if lots <= 0 or lots * lot * ticks * tick < float(instrument.notional_usdt_min):
            return
        intent = OrderIntent(self._ids.draw(Purpose.SELL), key, Side.SELL, ticks, lots, Purpose.SELL, force)
        sale.sent_ns = self._clock.now_ns()
        sale.client_id, sale.ticks, sale.lots = intent.client_id, ticks, lots
        if self._guards[key].place(intent) is not None:
            sale.clear()
        elif force is TimeInForce.POST_ONLY:
            sale.resting[ticks] = lots

    def _others(self, key: InstrumentId) -> TopOfBook:
        """The top of the book now without anything of ours."""
        book, own = self._guards[key].venue.book, self.own.get(key)
        return book.top() if own is None else book.top_without(own.bids(), own.asks())

    def _where(self, view: View, instrument: Instrument, floor_ticks: int) -> tuple[int, TimeInForce]:
        """Price and manner: take foreign bids where they stand above ours, else rest beside our best ask."""
        book, top = self._guards[instrument.id].venue.book, self._others(instrument.id)
        own = self.own.get(instrument.id)
        ours = max(own.bids(), default=0) if own is not None else 0
        if top.bid_ticks >= floor_ticks and top.bid_ticks > ours:
            return top.bid_ticks, TimeInForce.IOC
        fair_ticks = (view.marks.fair or 0.0) / float(instrument.tick)
        ticks = math.ceil(fair_ticks * (1 + view.limits.quote.level_depths_bps[0] / 1e4))
        return max(ticks, book.best_bid + 1, floor_ticks), TimeInForce.POST_ONLY

    def _review(self, view: View, key: InstrumentId, sale: _Sale) -> None:
        instrument = self._guards[key].instrument
        known = view.marks.fair and key in view.marks.tops
        ticks, _ = self._where(view, instrument, 1) if known else (0, None)
        if not ticks or abs(ticks / sale.ticks - 1) > _MOVE_BPS / 1e4:
            self._cancel(key, sale)

    def _cancel(self, key: InstrumentId, sale: _Sale) -> None:
        if sale.client_id and not sale.cancelling and not sale.unknown:
            sale.cancelling = True
            self._guards[key].cancel(sale.client_id)

    # --- answers (routed here by the spot venue's sink) ---

    def on_order(self, update: OrderUpdated) -> None:
        """A sale was answered."""
        sale = self._sales[update.instrument]
        if update.client_id != sale.client_id:
            return
        if update.state is OrderState.UNKNOWN:
            sale.unknown = True
            self._inbox.put(update)
        elif update.state.settled:
            if sale.unknown:
                self._inbox.put(update)
            coming = update.filled_lots - sale.filled_lots
            if coming > 0:  # fills still on their way count as working
                sale.lots, sale.cancelling = coming, True
                sale.resting.clear()
            else:
                sale.clear()

    def on_fill(self, fill: Fill) -> None:
        """A sale traded (the ledger has it already)."""
        sale = self._sales[fill.instrument]
        if fill.client_id != sale.client_id or not sale.client_id:
            return
        self._seen_fact = self._inbox.last
        lots = self._guards[fill.instrument].instrument.lots(fill.quantity)
        sale.lots, sale.filled_lots = max(0, sale.lots - lots), sale.filled_lots + lots
        if sale.ticks in sale.resting:
            sale.resting[sale.ticks] = sale.lots
        if not sale.lots:
            self._known_again(fill.instrument, fill.seen_ns, OrderState.FILLED)
            sale.clear()

    def venue_down(self, key: InstrumentId) -> None:
        """The streams of an exchange are lost: what rests there is in doubt."""
        if self._sales[key].client_id:
            self._sales[key].unknown = True

    # --- reconcile ---

    def owns(self, client_id: str) -> bool:
        """Whether this order is one of the sales."""
        return bool(client_id) and any(sale.client_id == client_id for sale in self._sales.values())

    def reconciled(self, snapshot: VenueSnapshot, receive_window_s: float) -> None:
        """What a query does not show and cannot arrive any more is dead; what it shows is known again."""
        sale = self._sales[snapshot.instrument]
        if not sale.client_id or snapshot.open_orders is None:
            return
        if any(order.client_id == sale.client_id for order in snapshot.open_orders):
            self._known_again(snapshot.instrument, snapshot.seen_ns, OrderState.OPEN)
        elif sale.sent_ns < snapshot.seen_ns - round(receive_window_s * NS) and snapshot.trades is not None:
            self._seen_fact = self._inbox.last  # its trades came with the snapshot
            self._known_again(snapshot.instrument, snapshot.seen_ns, OrderState.DEAD)
            sale.clear()

    def _known_again(self, key: InstrumentId, now_ns: int, state: OrderState) -> None:
        """Take back a doubt that the aggregator was told of."""
        sale = self._sales[key]
        if sale.unknown:
            sale.unknown, sale.cancelling = False, False
            self._inbox.put(OrderUpdated(now_ns, 0, key, sale.client_id, state, 0, "settled"))


def _kept(limits: Limits, exchange: str, fair_usdt: float) -> float:
    """Tokens of one exchange that the asks owed there need: they are not for sale."""
    owed = limits.obligations.get(exchange)
    if owed is None:
        return 0.0
    return _KEEP_MARGIN * owed.ask_usdt * (1 + limits.quote.depth_buffer_share) / fair_usdt
