"""The connection to a simulated exchange: latencies both ways, troubles, and the store ahead of every report.

Rule 1: orders reach the exchange and answers reach us after a latency, each way in order.
Rule 2: nothing private is told before the store has committed it; when it cannot, the connection is lost.
Rule 3: while disconnected the exchange goes on: what it did is found by query, as on a real venue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from bot.clock import Clock
from bot.model.facts import Fill, FundingPaid, OrderUpdated, VenueDown, VenueUp
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import OrderIntent, OrderState
from bot.sim.exchange import SimExchange
from bot.venues.base import VenueSink
from bot.venues.paper_commit import Committer
from bot.venues.paper_pipe import Pipe, Queries
from bot.venues.paper_store import NullStore, Store
from bot.venues.paper_terms import Draws, Fate, PaperTerms, draw_latency_s

Request = tuple[Callable[[Any, int], None], Any, str]
"""What to do at the exchange, with what, and the client id it is about ("" for a query)."""
Late = TypeVar("Late", Fill, FundingPaid, OrderUpdated)
Report = tuple[Callable[[Any], None], Any]
"""Whom to tell, and what."""


def _late(told: Late, lag_ns: int) -> Late:
    """The same, seen when it gets here."""
    return replace(told, seen_ns=told.venue_ns + lag_ns)


class PaperLink:
    """Connects one simulated exchange to a sink. Takes over `exchange.events`."""

    def __init__(
        self,
        exchange: SimExchange,
        clock: Clock,
        draws: Draws,
        terms: PaperTerms | None = None,
        store: Store | None = None,
    ) -> None:
        self.exchange, self.instrument, self.book = exchange, exchange.instrument, exchange.book
        self.terms = terms or PaperTerms()
        self._clock, self._draws = clock, draws
        self._store: Store = store or NullStore()
        self._durable = self._store.durable
        self._sink: VenueSink | None = None
        self._live: VenueSink | None = None
        self._first_book: asyncio.Event | None = None
        self._queries = Queries()
        self._owed: list[FundingPaid] = []
        self._muted = ""
        self._committer = Committer(self._store, self.disconnect, self.reconnect)
        exchange.events = self

    async def start(self, sink: VenueSink) -> None:
        """Connect; returns once the book has two sides. Remembered funding payments are told again.

        RuntimeError when started already.
        """
        if self._sink is not None:
            raise RuntimeError(f"{self.instrument.id} is started already")
        self._loop = loop = asyncio.get_running_loop()
        terms, draws = self.terms, self._draws
        self._outbox: Pipe[Request] = Pipe(
            loop, lambda: draw_latency_s(terms.order_latency_s, terms.jitter, draws), self._arrive
        )
        self._reports: Pipe[Report] = Pipe(
            loop, lambda: draw_latency_s(terms.answer_latency_s, terms.jitter, draws), self._deliver
        )
        self._sink, self._owed = sink, self._store.payments(self.instrument.id) or self._owed
        if not self.book.quotable:
            self._first_book = asyncio.Event()
            await self._first_book.wait()
            self._first_book = None
        self.reconnect()

    async def stop(self) -> None:
        """Close the connection: what is under way still arrives, orders stay. Commits the store."""
        if self._sink is None:
            return
        self._hang_up()
        self._sink = None
        self._arrive(self._outbox.drop())
        if self._first_book is not None:
            self._first_book.set()
        self._committer.stop()

    def disconnect(self, reason: str = "connection lost", untold: Sequence[Report] = ()) -> None:
        """Lose the connection: streams stop, answers under way are lost and their orders become UNKNOWN.

        `untold` are reports that were taken off the line and could not be delivered.
        """
        sink, now = self._live, self._clock.now_ns()
        if sink is None:
            return
        for client_id in self._hang_up(untold):
            sink.on_order(self._state(client_id, now, OrderState.UNKNOWN, "connection_lost"))
        sink.on_health(VenueDown(now, self.instrument.id, reason))

    def _hang_up(self, untold: Sequence[Report] = ()) -> list[str]:
        """End the streams and fail the queries; returns the client ids whose answer will never come."""
        self._live = None
        waiting = [client_id for _, _, client_id in self._outbox.waiting() if client_id]
        for _, told in (*untold, *self._reports.drop()):
            if isinstance(told, OrderUpdated):
                waiting.append(told.client_id)
            elif isinstance(told, FundingPaid):
                self._owed.append(told)
        self._queries.fail_all()
        return list(dict.fromkeys(waiting))

    def reconnect(self) -> None:
        """The connection is back: the newest book, funding that was missed, then VenueUp."""
        sink = self._sink
        if sink is None or self._live is not None or self._committer.now():
            return
        self._live = sink
        sink.on_book(self.book)
        owed, self._owed = self._owed, []
        for payment in owed:
            sink.on_funding(payment)
        sink.on_health(VenueUp(self._clock.now_ns(), self.instrument.id))

    def _state(self, client_id: str, seen_ns: int, state: OrderState, reason: str) -> OrderUpdated:
        return OrderUpdated(seen_ns, 0, self.instrument.id, client_id, state, 0, reason)

    async def _ask(self, query: Callable[[Any, int], None], what: object, failure: object) -> Any:
        """Send a query and wait for its answer; `failure` (a value or an exception) if the line breaks."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queries.ask(future, failure)
        self._outbox.send((query, (what, future), ""))
        return await future

    def _answer(self, future: asyncio.Future[Any], value: object) -> None:
        if self._live is not None:
            self._reports.send((partial(self._queries.answer, future), value))

    def _arrive(self, requests: list[Request]) -> None:
        now, exchange = self._clock.now_ns(), self.exchange
        if self._live is not None:
            self._reports.open()
            exchange.report_lag_ns = self._reports.lag_ns
        exchange.hold_book()
        if self.terms.faulty:
            for request in requests:
                self._arrive_or_not(request, now)
        else:
            for act, what, _ in requests:
                act(what, now)
        exchange.release_book()
        self._committer.soon()

    def _arrive_or_not(self, request: Request, now: int) -> None:
        act, what, client_id = request
        fate = self.terms.fate(self._draws) if client_id else Fate.DONE
        seen = now + self._reports.lag_ns
        if fate is Fate.REJECTED and isinstance(what, OrderIntent):
            self._tell(self._state(client_id, seen, OrderState.REJECTED, "overloaded"))
            return
        if fate is not Fate.LOST_REQUEST:
            self._muted = client_id if fate is Fate.LOST_ANSWER else ""
            act(what, now)
            self._muted = ""
        if fate in (Fate.LOST_REQUEST, Fate.LOST_ANSWER):
            self._tell(self._state(client_id, seen, OrderState.UNKNOWN, "timeout"))

    def on_book(self, book: OrderBook) -> None:
        """Pass the book on at once."""
        if self._live is not None:
            self._live.on_book(book)
        elif self._first_book is not None and book.quotable:
            self._first_book.set()

    def on_trade(self, trade: PublicTrade) -> None:
        """Pass a public trade on at once."""
        if self._live is not None:
            self._live.on_trade(trade)

    def on_order(self, update: OrderUpdated) -> None:
        """Store, then report after the latency."""
        if self._durable:
            self._store.touch(self.exchange, update.client_id)
        if update.client_id != self._muted:
            self._tell(update)

    def _tell(self, update: OrderUpdated) -> None:
        if self._live is not None:
            batch, lag_ns = self._reports.open(), self._reports.lag_ns
            if update.venue_ns and update.seen_ns - update.venue_ns != lag_ns:
                update = _late(update, lag_ns)
            batch.append((self._live.on_order, update))

    def on_fill(self, fill: Fill) -> None:
        """Store, then report after the latency."""
        if self._durable:
            self._store.trade(self.exchange, fill)
        if self._live is not None:
            self._reports.open().append((self._live.on_fill, _late(fill, self._reports.lag_ns)))

    def on_funding(self, payment: FundingPaid) -> None:
        """Store, then report after the latency, or on the next connection."""
        if self._durable:
            self._store.funding(self.exchange, payment)
        if self._live is not None:
            self._reports.open().append((self._live.on_funding, _late(payment, self._reports.lag_ns)))
        elif self._sink is not None or not self._durable:
            self._owed.append(payment)

    def _deliver(self, batch: list[Report]) -> None:
        refused = self._committer.now()
        if refused:
            self.disconnect(refused, batch)
            return
        for tell, what in batch:
            tell(what)
