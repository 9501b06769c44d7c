"""What every venue keeps, whatever stands behind it. A new venue joins by adding a rig to `RIGS`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol

import pytest

from bot.clock import VirtualLoop
from bot.model.facts import VenueUp
from bot.model.order import Amend, OrderIntent, OrderState, Purpose, Side, TimeInForce
from bot.sim.exchange import SimExchange
from bot.venues.base import Venue
from bot.venues.paper import PaperTerms, PaperVenue
from paper_tools import START_NS, Heard, ladder, perp, spot, until

BUY, SELL = Side.BUY, Side.SELL
FAIR = 10_000


class Rig(Protocol):
    """A venue, who listens to it, and the levers of the market behind it."""

    venue: Venue
    heard: Heard

    async def takes(self, side: Side, limit_ticks: int, lots: int) -> None:
        """An outside taker trades; ten ticks either side of `FAIR` others stand with 1,000 lots."""
        ...


class PaperRig:
    """A paper venue over a quiet simulated exchange."""

    def __init__(self, made: tuple[SimExchange, Heard], terms: PaperTerms) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.clock = loop
        self.exchange, _ = made
        self.heard = Heard()
        self.venue: Venue = PaperVenue(self.exchange, loop, random.Random(7), terms)
        self.exchange.set_others(*ladder(FAIR), START_NS)

    async def takes(self, side: Side, limit_ticks: int, lots: int) -> None:
        self.exchange.sweep(side, limit_ticks, lots, self.clock.now_ns())


def virtual() -> asyncio.AbstractEventLoop:
    """The loop of the paper rigs; a rig with real sockets brings a real one."""
    return VirtualLoop(origin_ns=START_NS)


RIGS: dict[str, tuple[Callable[[], asyncio.AbstractEventLoop], Callable[[], Rig]]] = {
    "paper spot": (virtual, lambda: PaperRig(spot(), PaperTerms())),
    "paper perp": (virtual, lambda: PaperRig(perp(), PaperTerms())),
    "paper at no distance": (virtual, lambda: PaperRig(spot(), PaperTerms(0, 0))),
    "paper far away": (virtual, lambda: PaperRig(spot(), PaperTerms(0.3, 0.2, jitter=0.9))),
}

Story = Callable[[Rig], Awaitable[None]]
Play = Callable[[Story], None]


@pytest.fixture(params=RIGS)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a story on a started venue of each kind."""

    make_loop, make_rig = RIGS[request.param]

    async def told(story: Story) -> None:
        rig = make_rig()
        await rig.venue.start(rig.heard)
        await story(rig)
        await rig.venue.stop()

    def run(story: Story) -> None:
        loop = make_loop()
        try:
            loop.run_until_complete(told(story))
        finally:
            loop.close()

    return run


def order(rig: Rig, client_id: str, side: Side, ticks: int, lots: int = 100) -> OrderIntent:
    return OrderIntent(client_id, rig.venue.instrument.id, side, ticks, lots, Purpose.QUOTE)


def ioc(rig: Rig, client_id: str, side: Side, ticks: int, lots: int = 100) -> OrderIntent:
    kind = TimeInForce.IOC
    return OrderIntent(client_id, rig.venue.instrument.id, side, ticks, lots, Purpose.HEDGE, kind)


async def settled(rig: Rig, client_id: str) -> OrderState:
    return await state(rig, client_id, lambda found: found.settled)


async def state(rig: Rig, client_id: str, wanted: Callable[[OrderState], bool]) -> OrderState:
    """Wait until the last word on an order is a wanted one."""
    said: list[OrderState] = []

    def last() -> bool:
        said[:] = [u.state for u in rig.heard.orders if u.client_id == client_id]
        return bool(said) and wanted(said[-1])

    await until(last)
    return said[-1]


async def rests(rig: Rig, *orders: OrderIntent) -> None:
    for intent in orders:
        rig.venue.place(intent)
    for intent in orders:
        await state(rig, intent.client_id, lambda found: found is OrderState.OPEN)


def filled(rig: Rig, client_id: str) -> int:
    lots = rig.venue.instrument.lots
    return sum(lots(f.quantity) for f in rig.heard.fills if f.client_id == client_id)


def test_it_starts_with_a_book_and_says_it_is_up(play: Play) -> None:
    async def story(rig: Rig) -> None:
        assert rig.venue.book.quotable
        assert rig.heard.books > 0
        assert [type(change) for change in rig.heard.health] == [VenueUp]

    play(story)


def test_an_order_is_sent_without_waiting_and_answered_later(play: Play) -> None:
    async def story(rig: Rig) -> None:
        rig.venue.place(order(rig, "a", BUY, FAIR - 10))
        assert rig.heard.orders == []
        await state(rig, "a", lambda found: found is OrderState.OPEN)
        (update,) = rig.heard.orders
        assert (update.filled_lots, update.price_ticks) == (0, FAIR - 10)
        assert update.instrument == rig.venue.instrument.id
        assert update.seen_ns >= update.venue_ns >= START_NS

    play(story)


def test_a_post_only_order_never_takes(play: Play) -> None:
    async def story(rig: Rig) -> None:
        rig.venue.place(order(rig, "a", BUY, FAIR + 10))
        assert await settled(rig, "a") in (OrderState.REJECTED, OrderState.CANCELED)
        assert rig.heard.fills == []
        assert rig.heard.orders[-1].reason

    play(story)


def test_a_resting_order_that_trades_is_told_once_per_trade(play: Play) -> None:
    async def story(rig: Rig) -> None:
        await rests(rig, order(rig, "a", SELL, FAIR + 5))
        await rig.takes(BUY, FAIR + 5, 40)
        await rig.takes(BUY, FAIR + 5, 200)
        assert await settled(rig, "a") is OrderState.FILLED
        assert [(f.client_id, f.side, f.maker) for f in rig.heard.fills] == [("a", SELL, True)] * 2
        assert len({f.trade_id for f in rig.heard.fills}) == 2
        assert filled(rig, "a") == rig.heard.orders[-1].filled_lots == 100
        assert [t.quantity_lots for t in rig.heard.trades] == [40, 60]

    play(story)


def test_a_cancel_ends_with_what_was_filled(play: Play) -> None:
    async def story(rig: Rig) -> None:
        await rests(rig, order(rig, "a", SELL, FAIR + 5))
        await rig.takes(BUY, FAIR + 5, 40)
        rig.venue.cancel("a")
        assert await settled(rig, "a") is OrderState.CANCELED
        assert rig.heard.orders[-1].filled_lots == filled(rig, "a") == 40
        rig.venue.cancel("a")
        before = len(rig.heard.orders)
        await until(lambda: len(rig.heard.orders) > before)
        assert (rig.heard.orders[-1].state, rig.heard.orders[-1].filled_lots) == (OrderState.CANCELED, 40)

    play(story)


def test_requests_arrive_in_the_order_they_were_sent(play: Play) -> None:
    async def story(rig: Rig) -> None:
        for n in range(20):
            rig.venue.place(order(rig, f"o{n}", BUY, FAIR - 20))
            rig.venue.amend(Amend(f"o{n}", rig.venue.instrument.id, FAIR - 30, 90))
            rig.venue.cancel(f"o{n}")
            await asyncio.sleep(0.003)
        for n in range(20):
            assert await settled(rig, f"o{n}") is OrderState.CANCELED
            said = [u.price_ticks for u in rig.heard.orders if u.client_id == f"o{n}"]
            assert said == [FAIR - 20, FAIR - 30, 0]

    play(story)


def test_an_ioc_trades_what_it_can_and_never_rests(play: Play) -> None:
    async def story(rig: Rig) -> None:
        rig.venue.place(ioc(rig, "h", BUY, FAIR + 10, 1_500))
        assert await settled(rig, "h") is OrderState.EXPIRED
        assert filled(rig, "h") == rig.heard.orders[-1].filled_lots == 1_000
        assert not any(f.maker for f in rig.heard.fills)
        snapshot = await rig.venue.snapshot(0)
        assert snapshot.open_orders == ()

    play(story)


def test_an_amend_moves_the_order_and_keeps_its_id(play: Play) -> None:
    async def story(rig: Rig) -> None:
        await rests(rig, order(rig, "a", BUY, FAIR - 20))
        rig.venue.amend(Amend("a", rig.venue.instrument.id, FAIR - 5, 200))
        await until(lambda: rig.heard.orders[-1].price_ticks == FAIR - 5)
        snapshot = await rig.venue.snapshot(0)
        assert snapshot.open_orders is not None
        (found,) = snapshot.open_orders
        made = rig.venue.instrument
        assert (found.client_id, found.price, found.remaining) == (
            "a",
            made.price(FAIR - 5),
            made.tokens(200),
        )
        assert rig.venue.book.bids[FAIR - 5] == 200

    play(story)


def test_cancel_all_takes_one_prefix_and_counts(play: Play) -> None:
    async def story(rig: Rig) -> None:
        await rests(rig, *[order(rig, name, BUY, FAIR - 20) for name in ("x-1", "x-2", "y-1")])
        assert await rig.venue.cancel_all("x-") == 2
        assert await settled(rig, "x-1") is OrderState.CANCELED
        assert await settled(rig, "x-2") is OrderState.CANCELED
        assert await rig.venue.cancel_all("") == 1

    play(story)


def test_a_snapshot_agrees_with_the_stream(play: Play) -> None:
    async def story(rig: Rig) -> None:
        opening = await rig.venue.snapshot(0)
        await rests(rig, order(rig, "a", SELL, FAIR + 5), order(rig, "b", BUY, FAIR - 20))
        await rig.takes(BUY, FAIR + 5, 40)
        rig.venue.place(ioc(rig, "h", BUY, FAIR + 5, 10))
        await settled(rig, "h")
        await rig.takes(BUY, FAIR + 5, 60)
        await settled(rig, "a")
        snapshot = await rig.venue.snapshot(START_NS)
        assert snapshot.trades is not None
        assert snapshot.open_orders is not None
        assert None not in (snapshot.position, snapshot.usdt, opening.position, opening.usdt)
        assert {f.trade_id for f in snapshot.trades} == {f.trade_id for f in rig.heard.fills}
        assert {f.origin for f in snapshot.trades} <= {"backfill"}
        assert [o.client_id for o in snapshot.open_orders] == ["b"]
        moved = sum((f.side * f.quantity for f in rig.heard.fills), Decimal(0))
        assert snapshot.position == (opening.position or 0) + moved
        later = await rig.venue.snapshot(snapshot.seen_ns + 1)
        assert later.trades == ()

    play(story)


def test_stopping_leaves_the_orders(play: Play) -> None:
    async def story(rig: Rig) -> None:
        await rests(rig, order(rig, "a", BUY, FAIR - 20))
        await rig.venue.stop()
        told = len(rig.heard.told)
        await rig.takes(SELL, FAIR - 20, 5_000)
        assert len(rig.heard.told) == told
        await rig.venue.start(rig.heard)
        snapshot = await rig.venue.snapshot(0)
        assert [f.client_id for f in snapshot.trades or ()] == ["a"]

    play(story)
