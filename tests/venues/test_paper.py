"""Requests of a paper venue that the contract does not cover: amends in flight, no connection, perps."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from bot.model.order import OrderState, Side
from bot.sim.exchange import SimExchange
from bot.venues.paper import PaperTerms, PaperVenue
from paper_tools import Heard, amended, ladder, paper, perp, quote, run, spot, taker, until

BUY, SELL = Side.BUY, Side.SELL
STEADY = PaperTerms(0.02, 0.02, jitter=0)


async def started(
    made: tuple[SimExchange, Heard], terms: PaperTerms = STEADY
) -> tuple[SimExchange, PaperVenue, Heard]:
    exchange, heard = made[0], Heard()
    exchange.set_others(*ladder(10_000), 1)
    venue = paper(exchange, terms)
    await venue.start(heard)
    return exchange, venue, heard


def test_what_trades_while_an_amend_travels_comes_off_its_size() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await until(lambda: len(heard.orders) == 1)
        exchange.sweep(BUY, 10_005, 30, 1)
        await until(lambda: len(heard.fills) == 1)
        exchange.sweep(BUY, 10_005, 10, 2)  # told only after the amend is sent
        venue.amend(amended("a", 10_006, 70))
        exchange.sweep(BUY, 10_005, 5, 3)
        await until(lambda: heard.orders[-1].price_ticks == 10_006)
        assert exchange.book.asks[10_006] == 70 - 10 - 5
        assert heard.orders[-1].filled_lots == 45

    run(story())


def test_an_amend_to_less_than_what_traded_meanwhile_cancels() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.place(quote("a", SELL, 10_005, 100))
        await until(lambda: len(heard.orders) == 1)
        venue.amend(amended("a", 10_005, 50))
        exchange.sweep(BUY, 10_005, 60, 1)
        await until(lambda: heard.orders[-1].state.settled)
        assert (heard.orders[-1].state, heard.orders[-1].filled_lots) == (OrderState.CANCELED, 60)

    run(story())


def test_without_a_connection_nothing_is_sent_and_everything_is_said() -> None:
    async def story() -> None:
        exchange, venue, heard = await started(spot())
        venue.disconnect()
        venue.place(quote("a", BUY, 9_990, 100))
        venue.amend(amended("b", 9_990, 100))
        venue.cancel("c")
        assert heard.orders == []
        await asyncio.sleep(1)
        assert heard.states() == [
            ("a", OrderState.REJECTED, 0, "not_connected"),
            ("b", OrderState.UNKNOWN, 0, "not_connected"),
            ("c", OrderState.UNKNOWN, 0, "not_connected"),
        ]
        assert exchange.open_orders() == ()
        snapshot = await venue.snapshot(0)
        assert (snapshot.open_orders, snapshot.trades, snapshot.position, snapshot.usdt) == (None,) * 4
        with pytest.raises(ConnectionError, match=r"binance\.spot is not connected"):
            await venue.cancel_all("")

    run(story())


def test_queries_under_way_fail_when_the_connection_is_lost() -> None:
    async def story() -> None:
        _, venue, _ = await started(spot())
        asked = asyncio.ensure_future(venue.snapshot(0))
        cancelled = asyncio.ensure_future(venue.cancel_all(""))
        await asyncio.sleep(0.01)
        venue.disconnect()
        assert (await asked).position is None
        with pytest.raises(ConnectionError):
            await cancelled

    run(story())


def test_a_venue_that_was_never_started_refuses_loudly() -> None:
    async def story() -> None:
        venue = paper(spot()[0])
        with pytest.raises(RuntimeError, match="not started"):
            venue.place(quote("a", BUY, 9_990, 100))

    run(story())


def test_a_perp_snapshot_shows_margin_and_what_nobody_ordered() -> None:
    async def story() -> None:
        exchange, venue, _ = await started(perp(usdt=200))
        venue.place(taker("h", SELL, 9_990, 1_000))
        await asyncio.sleep(1)
        exchange.adl(Decimal("0.1"), Decimal("1.01"), 5)
        snapshot = await venue.snapshot(0)
        assert snapshot.position == -90
        assert [f.origin for f in snapshot.trades or ()] == ["backfill", "external"]
        assert snapshot.margin_ratio == pytest.approx(90 * 1.0 * 0.025 / 199, rel=0.02)
        assert snapshot.liquidation_price == pytest.approx(289 / (90 * 1.025), rel=0.01)

    run(story())


def test_funding_terms_are_what_the_market_set() -> None:
    async def story() -> None:
        venue = paper(perp()[0])
        assert venue.funding() is None
        venue.funding_terms = (0.0001, 8.0, 5)
        assert venue.funding() == (0.0001, 8.0, 5)

    run(story())
