"""A real exchange as a `Venue`: one instance per exchange and market, over ccxt.pro.

Rule 1: order calls return at once; outcomes come by client id, and what the venue did not state is UNKNOWN.
Rule 2: new orders leave only while every stream is whole; cancels leave always.
Rule 3: start refuses a market or an account whose rules are not the configured ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.clock import Clock
from bot.model.errors import ConfigError
from bot.model.facts import Fill, OrderUpdated, VenueDown, VenueSnapshot, VenueUp
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import Amend, OrderIntent, OrderState
from bot.venues.base import VenueSink
from bot.venues.ccxt_book import BookCopy
from bot.venues.ccxt_chores import Chores
from bot.venues.ccxt_client import HANDLER_ERRORS, Access, close_client, open_client
from bot.venues.ccxt_dialect import Dialect
from bot.venues.ccxt_entry import Lane, OrderEntry
from bot.venues.ccxt_orders import OwnOrders
from bot.venues.ccxt_queries import Queries
from bot.venues.ccxt_streams import Feed, Streams
from bot.venues.outcomes import Outcome, Verdict
from bot.venues.translate import OrderReport, Printed, Report, TradeReport

CANCEL_LOOKS = 5


@dataclass(frozen=True, slots=True)
class CcxtTerms:
    """`leverage` the perp must have (None = any); `funding_since_ns` where the deal's books begin."""

    leverage: int | None = None
    funding_since_ns: int | None = None
    start_s_max: float = 30.0
    quiet_s: float = 2.0


class CcxtVenue:
    """One market of one exchange."""

    def __init__(
        self, dialect: Dialect, access: Access, clock: Clock, terms: CcxtTerms | None = None
    ) -> None:
        self.instrument, self.dialect = dialect.instrument, dialect
        self.amend_rights = dialect.amend_rights
        self.book = OrderBook(self.instrument.id)
        self.orders = OwnOrders(self.instrument, clock)
        self._access, self._clock, self.terms = access, clock, terms or CcxtTerms()
        self._sink: VenueSink | None = None
        self._up = False
        self._changed = asyncio.Event()
        self.streams: Streams
        self.entry: OrderEntry
        self.queries: Queries
        self._chores: Chores

    async def start(self, sink: VenueSink) -> None:
        """Connect; returns once the book is there and own orders flow.

        RuntimeError when started already, ConfigError when market or account differ from what is configured,
        ConnectionError when the venue cannot be reached in time.
        """
        if self._sink is not None:
            raise RuntimeError(f"{self.instrument.id} is started already")
        dialect, terms = self.dialect, self.terms
        copy = BookCopy(self.instrument, self.book, dialect.book_depth)
        copy.book.reset((), ())
        self.streams = Streams(Feed(dialect, self._clock, copy, self), terms.quiet_s)
        self._up, self._changed, self._sink = False, asyncio.Event(), sink
        exchange = open_client(dialect.client, self._access, dialect.options, self.streams)
        self.queries = Queries(exchange, dialect, self.orders, self._clock)
        self.entry = OrderEntry(Lane(exchange, dialect, self.orders, self))
        since_ns = terms.funding_since_ns
        since_ns = self._clock.now_ns() if since_ns is None else since_ns
        self._chores = Chores(self.queries, self.streams, sink, since_ns)
        try:
            async with asyncio.timeout(terms.start_s_max):
                await self._open()
        except HANDLER_ERRORS as error:
            reason = self.streams.reason
            await self.stop()
            raise ConnectionError(
                f"{self.instrument.id} did not come up: {type(error).__name__} ({reason})"
            ) from error
        except (ConfigError, asyncio.CancelledError):
            await self.stop()
            raise

    async def _open(self) -> None:
        exchange = self.queries.exchange
        await exchange.load_markets()
        faults = self.queries.market_faults()
        await self._chores.clocks()
        if not faults and not self.dialect.spot:
            faults = await self.dialect.check_perp(exchange, self.terms.leverage)
        if faults:
            raise ConfigError(faults)
        await self._chores.funding()
        self.streams.run(exchange)
        while not self._up:
            self._changed.clear()
            await self._changed.wait()
        self._chores.run()

    async def stop(self) -> None:
        """Close the connections; requests under way are waited for a little, orders stay."""
        if self._sink is None:
            return
        self._sink, self._up = None, False
        await self._chores.stop()
        await self.streams.stop()
        await self.entry.drain()
        await close_client(self.queries.exchange)

    def place(self, intent: OrderIntent) -> None:
        """Send an order. Not connected: REJECTED, it was never sent."""
        if self._ready().ready_to_send:
            self.entry.place(intent)
            return
        self.orders.sent(intent)
        self._soon(intent.client_id, OrderState.REJECTED, "not_connected")

    def amend(self, amend: Amend) -> None:
        """Send a new price and remaining size. Not connected: the order stays as it is."""
        if self._ready().ready_to_send:
            self.entry.amend(amend)
            return
        order = self.orders.by_client.get(amend.client_id)
        state = order.state if order is not None else OrderState.UNKNOWN
        self._soon(amend.client_id, state, "amend_refused:not_connected")

    def cancel(self, client_id: str) -> None:
        """Send a cancel, whatever the streams are like."""
        self._ready()
        self.entry.cancel(client_id)

    @property
    def ready_to_send(self) -> bool:
        """Whether new orders may leave."""
        return self._up

    def _ready(self) -> CcxtVenue:
        if self._sink is None:
            raise RuntimeError(f"{self.instrument.id} is not started")
        return self

    def _soon(self, client_id: str, state: OrderState, reason: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: self.tell(self.orders.local(client_id, state, reason)))

    async def cancel_all(self, prefix: str) -> int:
        """Cancel what rests under `prefix`; returns how many. ConnectionError when some may still rest."""
        resting = self._ready().queries.resting
        found = await resting(prefix)
        for look in range(CANCEL_LOOKS):
            left = found if look == 0 else await resting(prefix)
            if not left:
                return len(found)
            tasks = [self.entry.cancel(client_id) for client_id in left]
            await asyncio.gather(*tasks)
            if look:
                await asyncio.sleep(0.2 * look)
        if await resting(prefix):
            raise ConnectionError(f"{self.instrument.id}: orders under `{prefix}` may still rest")
        return len(found)

    async def snapshot(self, since_ns: int) -> VenueSnapshot:
        """What the account holds; None where a query failed."""
        if self._sink is None:
            now = self._clock.now_ns()
            return VenueSnapshot(now, self.instrument.id, since_ns, None, None, None, None)
        return await self.queries.snapshot(since_ns)

    def funding(self) -> tuple[float, float, int] | None:
        """(rate per interval, interval hours, next time ns) as last asked; None for spot or unknown."""
        return None if self.dialect.spot or self._sink is None else self._chores.terms

    def tell(self, told: OrderUpdated | Fill | None) -> None:
        """Deliver an outcome."""
        if told is None or self._sink is None:
            return
        if isinstance(told, Fill):
            self._sink.on_fill(told)
        else:
            self._sink.on_order(told)

    def trouble(self, verdict: Verdict) -> None:
        """The venue refuses the account: nothing new is sent until the next good check."""
        if verdict.outcome in (Outcome.AUTH, Outcome.FATAL):
            self.streams.trouble("account", f"the venue refuses us: {verdict.reason}")

    def on_report(self, report: Report) -> None:
        """From the streams."""
        match report:
            case OrderReport():
                self.tell(self.orders.order(report))
            case TradeReport():
                if report.client_id is not None:
                    self.orders.named(report.client_id, report.order_id)
                self.tell(self.orders.trade(report, "stream"))
            case Printed():
                self._print(report)

    def _print(self, printed: Printed) -> None:
        if self._sink is None:
            return
        made = self.instrument
        ticks, lots = made.ticks(printed.price), made.lots(printed.quantity, "nearest")
        self._sink.on_trade(PublicTrade(made.id, printed.side, ticks, lots, self._clock.now_ns()))

    def on_book_moved(self) -> None:
        """From the streams."""
        if self._sink is not None:
            self._sink.on_book(self.book)

    def on_streams(self, reason: str) -> None:
        """From the streams: a change of health."""
        now, sink = self._clock.now_ns(), self._sink
        was, self._up = self._up, not reason
        self._changed.set()
        if sink is None or was == self._up:
            return
        key = self.instrument.id
        sink.on_health(VenueUp(now, key) if self._up else VenueDown(now, key, reason))
        if self._up:
            self.entry.recheck()
