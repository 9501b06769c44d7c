"""Order entry over REST: sent at once, awaited by nobody, judged by the venue's code.

Rule 1: nothing is ever sent twice. An answer that does not name the order, or that the table does not know,
leaves it UNKNOWN.
Rule 2: requests about one order leave in the order they were made; orders never wait for each other.
Rule 3: an acknowledgement settles nothing: the private stream does, and a query where the stream is silent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from bot.model.facts import Fill, OrderUpdated
from bot.model.order import Amend, OrderIntent, OrderState, TimeInForce
from bot.venues.ccxt_client import HANDLER_ERRORS
from bot.venues.ccxt_dialect import Change, Dialect
from bot.venues.ccxt_orders import OwnOrder, OwnOrders
from bot.venues.outcomes import Outcome, Verdict, judge

_S = OrderState
Enough = Callable[[OwnOrder], bool]
LOOKS_S = (0.7, 2.0, 6.0)
DRAIN_S = 5.0


class Teller(Protocol):
    """Where outcomes go."""

    def tell(self, told: OrderUpdated | Fill | None) -> None:
        """Deliver one, if any."""
        ...

    def trouble(self, verdict: Verdict) -> None:
        """The venue refused us, not the order."""
        ...


@dataclass(frozen=True, slots=True)
class Lane:
    """What a request needs: the client, the venue's ways, our orders, and who is told."""

    exchange: Any
    dialect: Dialect
    orders: OwnOrders
    teller: Teller


class OrderEntry:
    """Place, amend, cancel of one market."""

    def __init__(self, lane: Lane, looks_s: tuple[float, ...] = LOOKS_S) -> None:
        self._lane, self._looks_s = lane, looks_s
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self.counts: Counter[str] = Counter()

    def place(self, intent: OrderIntent) -> None:
        """Send a new order."""
        order = self._lane.orders.sent(intent)
        self._send(intent.client_id, self._place(order, intent))

    def amend(self, amend: Amend) -> None:
        """Change an order; one that cannot be changed stays as it is and says so."""
        self._send(amend.client_id, self._amend(amend))

    def cancel(self, client_id: str) -> asyncio.Task[None]:
        """Ask for a cancel; the task ends with the answer."""
        return self._send(client_id, self._cancel(client_id))

    def _send(self, client_id: str, request: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a request after the one before it about the same order; the task is held until done."""
        before = self._tails.get(client_id)
        task = asyncio.create_task(_after(before, request))
        self._tails[client_id] = task
        task.add_done_callback(lambda done: self._done(client_id, done))
        return task

    def _done(self, client_id: str, task: asyncio.Task[None]) -> None:
        if self._tails.get(client_id) is task:
            del self._tails[client_id]

    async def _place(self, order: OwnOrder, intent: OrderIntent) -> None:
        lane, client_id = self._lane, intent.client_id
        try:
            order_id = await lane.dialect.place(lane.exchange, intent)
        except HANDLER_ERRORS as error:
            self._failed_place(client_id, judge(lane.dialect.exchange, error))
            return
        if order_id is None:
            self._failed_place(client_id, Verdict(Outcome.UNKNOWN, "", "the answer named no order"))
            return
        self.counts["placed"] += 1
        lane.orders.named(client_id, order_id)
        self._look(client_id, _was_placed)

    def _failed_place(self, client_id: str, verdict: Verdict) -> None:
        lane = self._lane
        self.counts[f"place {verdict.outcome.value}"] += 1
        if verdict.outcome in (Outcome.AUTH, Outcome.FATAL):
            lane.teller.trouble(verdict)
        if verdict.never_traded:
            lane.teller.tell(lane.orders.local(client_id, _S.REJECTED, verdict.reason))
            return
        self._unknown(client_id, verdict)

    def _unknown(self, client_id: str, verdict: Verdict) -> None:
        """Nobody knows: say so unless the stream has settled it, and ask."""
        order = self._lane.orders.by_client.get(client_id)
        if order is None or not order.state.settled:
            self._lane.teller.tell(self._lane.orders.local(client_id, _S.UNKNOWN, verdict.reason))
        self._look(client_id, _is_known)

    async def _amend(self, amend: Amend) -> None:
        lane = self._lane
        order = lane.orders.by_client.get(amend.client_id)
        if order is None or order.intent is None or order.state.settled or not lane.dialect.amend_rights:
            why = "amend_refused:" + ("no_amend" if not lane.dialect.amend_rights else "not_open")
            self._stays(amend.client_id, why)
            return
        total = lane.orders.tokens(order.filled + amend.quantity_lots)
        price = lane.orders.instrument.price(amend.price_ticks)
        change = Change(amend.client_id, order.order_id, order.intent, price, total)
        try:
            order_id = await lane.dialect.amend(lane.exchange, change)
        except HANDLER_ERRORS as error:
            self._failed_amend(amend.client_id, judge(lane.dialect.exchange, error))
            return
        self.counts["amended"] += 1
        if order_id is None:
            self._unknown(amend.client_id, Verdict(Outcome.UNKNOWN, "", "the answer named no order"))
            return
        order.lots = order.filled + amend.quantity_lots
        lane.orders.named(amend.client_id, order_id)
        wanted = amend.price_ticks
        self._look(amend.client_id, lambda now: now.state.settled or now.price_ticks == wanted)

    def _stays(self, client_id: str, reason: str) -> None:
        """An amend that did not happen: the order is what it was."""
        order = self._lane.orders.by_client.get(client_id)
        state = order.state if order is not None else _S.UNKNOWN
        self._lane.teller.tell(self._lane.orders.local(client_id, state, reason))

    def _failed_amend(self, client_id: str, verdict: Verdict) -> None:
        self.counts[f"amend {verdict.outcome.value}"] += 1
        if verdict.outcome is Outcome.NOT_FOUND:
            self._look(client_id, _is_over, 0.05)
        elif verdict.never_traded:
            self._stays(client_id, f"amend_refused:{verdict.reason}")
        else:
            self._unknown(client_id, verdict)

    async def _cancel(self, client_id: str) -> None:
        lane = self._lane
        order = lane.orders.by_client.get(client_id)
        if order is not None and order.state.settled and order.state is not _S.DEAD:
            lane.teller.tell(lane.orders.last(order))
            return
        try:
            await lane.dialect.cancel(lane.exchange, client_id, order.order_id if order else "")
        except HANDLER_ERRORS as error:
            verdict = judge(lane.dialect.exchange, error)
            self.counts[f"cancel {verdict.outcome.value}"] += 1
            if verdict.outcome is Outcome.NOT_FOUND:
                self._look(client_id, _is_over, 0.05)
            else:
                self._unknown(client_id, verdict)
            return
        self.counts["canceled"] += 1
        self._look(client_id, _is_over)

    def _look(self, client_id: str, enough: Enough, first_s: float | None = None) -> None:
        """Unless the stream says enough in time, ask the venue; a later request's question replaces this."""
        before = self._looks.pop(client_id, None)
        if before is not None:
            before.cancel()
        waits = self._looks_s if first_s is None else (first_s, *self._looks_s)
        task = asyncio.create_task(self._ask(client_id, enough, waits))
        self._looks[client_id] = task
        task.add_done_callback(lambda done: self._asked(client_id, done))

    def _asked(self, client_id: str, task: asyncio.Task[None]) -> None:
        if self._looks.get(client_id) is task:
            del self._looks[client_id]

    async def _ask(self, client_id: str, enough: Enough, waits_s: tuple[float, ...]) -> None:
        lane = self._lane
        for wait_s in waits_s:
            await asyncio.sleep(wait_s)
            order = lane.orders.by_client.get(client_id)
            if order is not None and enough(order):
                return
            try:
                if await self.settle(client_id):
                    return
            except HANDLER_ERRORS as error:
                self.counts[f"query {judge(lane.dialect.exchange, error).outcome.value}"] += 1
        order = lane.orders.by_client.get(client_id)
        if order is None or not order.state.settled:
            lane.teller.tell(lane.orders.local(client_id, _S.UNKNOWN, "the venue knows no such order"))

    async def settle(self, client_id: str) -> bool:
        """Query one order and tell what is new, its missing trades first. False = the venue has none such."""
        lane = self._lane
        order = lane.orders.by_client.get(client_id)
        order_id = order.order_id if order is not None else ""
        report = await lane.dialect.query(lane.exchange, client_id, order_id)
        if report is None:
            return False
        traded = order.traded if order is not None else 0
        if lane.orders.instrument.lots(report.filled, "nearest") > traded:
            for trade in await lane.dialect.trades_of(lane.exchange, report.order_id):
                lane.orders.named(client_id, report.order_id)
                lane.teller.tell(lane.orders.trade(trade, "backfill"))
        lane.teller.tell(lane.orders.order(report, again=True))
        return True

    def recheck(self) -> None:
        """Ask about every order that has not ended: the stream was away and never tells what it missed."""
        for order in self._lane.orders.unsettled():
            self._look(order.client_id, _is_over, 0.0)

    async def drain(self) -> None:
        """Wait a little for answers under way, then give up the questions: nothing is cancelled half-sent."""
        if self._tails:
            await asyncio.wait(list(self._tails.values()), timeout=DRAIN_S)
        looks = list(self._looks.values())
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def _after(before: asyncio.Task[None] | None, request: Coroutine[Any, Any, None]) -> None:
    try:
        if before is not None and not before.done():
            await asyncio.wait([before])
    except asyncio.CancelledError:
        request.close()
        raise
    await request


def _was_placed(order: OwnOrder) -> bool:
    """The stream has said what became of a new order; one that never rests must have ended."""
    never_rests = order.intent is not None and order.intent.time_in_force is TimeInForce.IOC
    return order.state.settled if never_rests else order.state is not _S.SENT


def _is_known(order: OwnOrder) -> bool:
    return order.state is not _S.UNKNOWN


def _is_over(order: OwnOrder) -> bool:
    return order.state.settled
