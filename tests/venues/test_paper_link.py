"""The line to a paper exchange: latencies, troubles, and never telling what is not committed."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from bot.model.errors import JournalError
from bot.model.facts import Fill, FundingPaid, OrderUpdated, VenueDown, VenueUp
from bot.model.order import OrderState, Side
from bot.sim.exchange import SimExchange
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.paper_store import NullStore
from paper_tools import START_NS, Heard, ladder, paper, perp, quote, run, spot, taker, until

BUY, SELL = Side.BUY, Side.SELL
MS = 1_000_000
STEADY = PaperTerms(0.02, 0.03, jitter=0)


async def started(
    made: tuple[SimExchange, Heard], terms: PaperTerms = STEADY, store: NullStore | None = None
) -> tuple[SimExchange, PaperVenue, Heard]:
    exchange, heard = made[0], Heard()
    exchange.set_others(*ladder(10_000), 1)
    venue = paper(exchange, terms, store)
    await venue.start(heard)
    return exchange, venue, heard


def test_each_way_takes_its_latency_and_stamps_say_so() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await until(lambda: len(heard.orders) == 1)
        (update,) = heard.orders
        assert update.venue_ns - START_NS == pytest.approx(20 * MS, abs=10)
        assert update.seen_ns - START_NS == pytest.approx(50 * MS, abs=20)
        now = START_NS + 10**9
        exchange.sweep(BUY, 10_005, 10, now)
        await until(lambda: len(heard.fills) == 1)
        assert (heard.fills[0].venue_ns, heard.fills[0].seen_ns) == (now, now + 30 * MS)
        assert heard.orders[-1].seen_ns == now + 30 * MS

    run(story())


def test_books_and_trades_come_at_once_and_reports_later() -> None:
    async def story() -> None:
        exchange, _, heard = await started(spot())
        books = heard.books
        exchange.set_others(*ladder(10_001), 5)
        exchange.sweep(BUY, 10_011, 10, 6)
        assert (heard.books, len(heard.trades)) == (books + 2, 1)

    run(story())


def test_starting_waits_for_a_book_with_two_sides() -> None:
    async def story() -> None:
        exchange, heard = spot()[0], Heard()
        venue = paper(exchange)
        starting = asyncio.ensure_future(venue.start(heard))
        await asyncio.sleep(1)
        exchange.set_others([(9_990, 1)], [], 1)
        await asyncio.sleep(1)
        assert not starting.done()
        assert heard.told == []
        exchange.set_others(*ladder(10_000), 2)
        await starting
        assert isinstance(heard.told[-1], VenueUp)
        with pytest.raises(RuntimeError, match="started already"):
            await venue.start(heard)

    run(story())


def test_stopping_ends_a_start_that_waits() -> None:
    async def story() -> None:
        venue = paper(spot()[0])
        starting = asyncio.ensure_future(venue.start(Heard()))
        await asyncio.sleep(1)
        await venue.stop()
        await starting

    run(story())


def test_what_is_under_way_at_a_stop_still_arrives() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await venue.stop()
        await asyncio.sleep(1)
        assert len(exchange.open_orders()) == 1
        assert heard.orders == []

    run(story())


def test_a_lost_connection_leaves_orders_in_doubt_and_the_exchange_goes_on() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await asyncio.sleep(1)
        heard.told.clear()
        venue.place(quote("b", SELL, 10_006, 100))
        exchange.sweep(BUY, 10_005, 40, 5)
        venue.disconnect("cable cut")
        assert heard.states() == [
            ("b", OrderState.UNKNOWN, 0, "connection_lost"),
            ("a", OrderState.UNKNOWN, 0, "connection_lost"),
        ]
        assert [change.reason for change in heard.health if isinstance(change, VenueDown)] == ["cable cut"]
        heard.told.clear()
        books = heard.books
        await asyncio.sleep(1)
        exchange.sweep(BUY, 10_006, 160, 6)
        await asyncio.sleep(1)
        assert (heard.fills, heard.orders, heard.books) == ([], [], books)
        venue.reconnect()
        assert heard.books == books + 1
        assert isinstance(heard.told[-1], VenueUp)
        snapshot = await venue.snapshot(0)
        assert sum(f.quantity for f in snapshot.trades or ()) == 20

    run(story())


def test_disconnecting_twice_says_so_once() -> None:
    async def story() -> None:
        _, venue, heard = await started(spot())
        venue.disconnect()
        venue.disconnect()
        venue.reconnect()
        venue.reconnect()
        assert [type(change) for change in heard.health] == [VenueUp, VenueDown, VenueUp]

    run(story())


def test_funding_that_was_missed_is_told_on_the_next_connection() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(perp())
        venue.place(taker("h", SELL, 9_990, 100))
        await asyncio.sleep(1)
        exchange.settle_funding(0.0001, Decimal(1), "1", 2)
        venue.disconnect()
        exchange.settle_funding(0.0001, Decimal(1), "2", 3)
        venue.reconnect()
        exchange.settle_funding(0.0001, Decimal(1), "3", 4)
        await until(lambda: len(heard.payments) == 3)
        assert [p.payment_id for p in heard.payments] == ["1", "2", "3"]

    run(story())


@pytest.mark.parametrize(
    ("terms", "state", "reason", "rests"),
    [
        (PaperTerms(reject_share=1), OrderState.REJECTED, "overloaded", 0),
        (PaperTerms(lost_request_share=1), OrderState.UNKNOWN, "timeout", 0),
        (PaperTerms(lost_answer_share=1), OrderState.UNKNOWN, "timeout", 1),
    ],
)
def test_faults_of_a_request(terms: PaperTerms, state: OrderState, reason: str, rests: int) -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot(), terms)
        venue.place(quote("a", SELL, 10_005, 100))
        await asyncio.sleep(1)
        assert heard.states() == [("a", state, 0, reason)]
        assert len(exchange.open_orders()) == rests
        assert await venue.cancel_all("") == rests

    run(story())


def test_only_new_orders_are_rejected_as_overloaded() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await asyncio.sleep(1)
        venue.terms = PaperTerms(reject_share=1)
        venue.cancel("a")
        await asyncio.sleep(1)
        assert heard.orders[-1].state is OrderState.CANCELED
        assert exchange.open_orders() == ()

    run(story())


def test_the_same_seed_tells_the_same_story() -> None:
    async def story() -> list[object]:
        faults = PaperTerms(reject_share=0.1, lost_request_share=0.1, lost_answer_share=0.1)
        exchange, venue, heard = await started(spot(), faults)
        for n in range(60):
            venue.place(quote(f"o{n}", SELL, 10_005 + n % 7, 100))
            await asyncio.sleep(0.007)
            exchange.sweep(BUY, 10_008, 40, START_NS + n)
        await asyncio.sleep(1)
        return heard.told

    assert run(story()) == run(story())


class Disk(NullStore):
    """A store that remembers only whether it was asked, and refuses on demand."""

    durable = True

    def __init__(self) -> None:
        self.dirty, self.full, self.commits = False, False, 0

    def touch(self, exchange: SimExchange, client_id: str) -> None:
        self.dirty = True

    def trade(self, exchange: SimExchange, fill: Fill) -> None:
        self.dirty = True

    def funding(self, exchange: SimExchange, payment: FundingPaid) -> None:
        self.dirty = True

    def commit(self) -> None:
        if self.full:
            raise JournalError("disk is full")
        self.dirty = False
        self.commits += 1


class Watching(Heard):
    """Checks at every private report that the disk has it."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self.disk = disk

    def on_order(self, update: OrderUpdated) -> None:
        assert not self.disk.dirty
        super().on_order(update)

    def on_fill(self, fill: Fill) -> None:
        assert not self.disk.dirty
        super().on_fill(fill)


@pytest.mark.parametrize("latency", [0.0, 0.001, 0.05])
def test_nothing_is_told_before_it_is_committed(latency: float) -> None:
    async def story() -> None:
        exchange, disk = spot()[0], Disk()
        heard = Watching(disk)
        exchange.set_others(*ladder(10_000), 1)
        venue = paper(exchange, PaperTerms(latency, latency), disk)
        await venue.start(heard)
        for n in range(20):
            venue.place(quote(f"o{n}", SELL, 10_005, 100))
            await asyncio.sleep(0.002)
            exchange.sweep(BUY, 10_005, 70, n)
        await until(lambda: len(heard.orders) >= 20 + len(heard.fills) > 20)
        assert disk.commits > 0

    run(story())


def test_a_change_without_a_report_is_committed_within_ten_milliseconds() -> None:
    async def story() -> None:
        disk = Disk()
        _, venue, _ = await started(spot(), PaperTerms(0.0, 5.0, jitter=0), disk)
        venue.place(quote("a", SELL, 10_005, 100))
        await asyncio.sleep(0.001)
        assert disk.dirty
        await asyncio.sleep(0.0101)
        assert not disk.dirty

    run(story())


def test_a_full_disk_is_a_lost_connection_until_it_has_room_again() -> None:
    async def story() -> None:
        disk = Disk()
        _, venue, heard = await started(spot(), STEADY, disk)
        disk.full = True
        venue.place(quote("a", SELL, 10_005, 100))
        await asyncio.sleep(5)
        assert heard.states() == [("a", OrderState.UNKNOWN, 0, "connection_lost")]
        assert [c.reason for c in heard.health if isinstance(c, VenueDown)] == ["disk is full"]
        venue.reconnect()  # refused: the truth is still not on disk
        assert isinstance(heard.health[-1], VenueDown)
        disk.full = False
        await asyncio.sleep(1.1)
        assert isinstance(heard.health[-1], VenueUp)
        assert not disk.dirty

    run(story())
