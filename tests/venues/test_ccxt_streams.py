"""Streams: a lost socket is down and up again; a quiet book is checked, a stale one replaced."""

from __future__ import annotations

import pytest

from bot.model.facts import VenueDown, VenueUp
from bot.model.instrument import Kind
from bot.model.order import OrderState, Side
from bot.venues.ccxt_client import drop_sockets
from bot.venues.ccxt_venue import CcxtTerms
from paper_tools import until
from venues.ccxt_rigs import DIALECTS, FAIR, LocalRig, local_rig
from venues.test_contract import order, rests, settled

MARKETS = [(name, kind) for name in DIALECTS for kind in Kind]


def went(rig: LocalRig) -> list[type]:
    return [type(change) for change in rig.heard.health]


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_every_socket_lost_is_down_and_up_again(exchange: str, kind: Kind) -> None:
    async with local_rig(exchange, kind) as rig:
        await rests(rig, order(rig, "a", Side.SELL, FAIR + 5))
        assert drop_sockets(rig.venue.queries.exchange, "test") >= 2
        assert went(rig) == [VenueUp, VenueDown]
        rig.venue.place(order(rig, "unsent", Side.BUY, FAIR - 20))
        assert await settled(rig, "unsent") is OrderState.REJECTED
        assert rig.heard.orders[-1].reason == "not_connected"
        await until(lambda: rig.venue.ready_to_send)
        await rests(rig, order(rig, "b", Side.BUY, FAIR - 20))
        assert rig.venue.book.bids[FAIR - 20] >= 100
        await rig.takes(Side.BUY, FAIR + 5, 100)
        assert await settled(rig, "a") is OrderState.FILLED
        assert [fill.client_id for fill in rig.heard.fills] == ["a"]


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_what_traded_while_the_private_stream_was_away_is_asked_for(exchange: str, kind: Kind) -> None:
    async with local_rig(exchange, kind) as rig:
        await rests(rig, order(rig, "a", Side.SELL, FAIR + 5))
        rig.venue.streams.reopen_private("test")
        await rig.takes(Side.BUY, FAIR + 5, 100)
        assert await settled(rig, "a") is OrderState.FILLED
        assert [(fill.client_id, fill.quantity) for fill in rig.heard.fills] == [("a", 10)]
        assert went(rig) == [VenueUp, VenueDown, VenueUp]


async def test_a_quiet_book_is_checked_and_stays() -> None:
    async with local_rig("binance", Kind.SPOT, CcxtTerms(quiet_s=0.05)) as rig:
        first = rig.venue.book.seen_ns
        await until(lambda: rig.venue.book.seen_ns > first)
        assert went(rig) == [VenueUp]


async def test_a_stale_book_takes_the_venue_down_and_is_replaced() -> None:
    async with local_rig("binance", Kind.SPOT, CcxtTerms(quiet_s=0.05)) as rig:
        rig.fault("drop", "*depth*", seconds=0.0)
        bids, asks = [(FAIR - 50, 1_000)], [(FAIR + 50, 1_000)]
        rig.desk.exchange.set_others(bids, asks, rig.clock.now_ns())
        await until(lambda: VenueDown in went(rig))
        rig.net.faults.remove()
        await until(lambda: rig.venue.ready_to_send and rig.venue.book.best_bid == FAIR - 50)
        assert rig.venue.book.best_ask == FAIR + 50
        assert rig.venue.streams.counts["book: stale"] >= 1


async def test_an_unreadable_private_frame_means_a_new_login() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        rig.venue.streams.on_handler_error("wss://ws-api.binance.com/ws-api/v3", KeyError("z"))
        assert went(rig) == [VenueUp, VenueDown]
        await until(lambda: rig.venue.ready_to_send)


async def test_trouble_beside_the_streams_is_down_too() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        rig.venue.streams.trouble("clock", "clocks differ by 700 ms")
        down = rig.heard.health[-1]
        assert isinstance(down, VenueDown)
        assert down.reason == "clocks differ by 700 ms"
        rig.venue.streams.trouble("clock", "")
        assert went(rig) == [VenueUp, VenueDown, VenueUp]
