"""What a plain client sees when the switchboard breaks something: the traps a daemon must survive."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import pytest

from bot.localnet.serve import Localnet, LocalnetParams, serve
from localnet.clients import LIVELY, client, quiet_net, soon, until
from localnet.conformance import Case

ORDERS = {
    "binance": "POST /api/v3/order",
    "bybit": "POST /v5/order/create",
    "bitget": "POST /api/v2/spot/trade/place-order",
}
VENUES = pytest.mark.parametrize("venue", list(ORDERS))


def broken(net: Localnet, venue: str, kind: str, **rule: Any) -> None:
    """Break the next order of a venue."""
    net.faults.add({"venue": venue, "pattern": ORDERS[venue], "kind": kind, "count": 1, **rule})


@VENUES
async def test_a_lost_answer_leaves_an_order_that_rests(venue: str) -> None:
    async with quiet_net() as net, client(net, venue, timeout=300) as exchange:
        case = Case(net, exchange, venue, "spot")
        await soon(exchange.load_markets())
        broken(net, venue, "drop_answer", seconds=0.6)
        with pytest.raises(ccxt.RequestTimeout):
            await case.post("lost-answer", price=0.99)
        assert case.desk.by_client["lost-answer"].open
        broken(net, venue, "drop_request", seconds=0.6)
        with pytest.raises(ccxt.RequestTimeout):
            await case.post("lost-request", price=0.99)
        assert "lost-request" not in case.desk.by_client


@VENUES
async def test_a_broken_body_looks_like_success_without_an_id(venue: str) -> None:
    async with quiet_net() as net, client(net, venue) as exchange:
        case = Case(net, exchange, venue, "spot")
        await soon(exchange.load_markets())
        broken(net, venue, "truncated")
        order = await case.post("truncated", price=0.99)
        assert order["id"] is None
        assert case.desk.by_client["truncated"].open


@VENUES
async def test_errors_before_and_after_the_venue_acted(venue: str) -> None:
    async with quiet_net() as net, client(net, venue) as exchange:
        case = Case(net, exchange, venue, "spot")
        await soon(exchange.load_markets())
        for number, after in enumerate((False, True)):
            broken(net, venue, "html", after=after)
            with pytest.raises(ccxt.ExchangeNotAvailable):
                await case.post(f"html-{number}", price=0.99)
            broken(net, venue, "429", after=after)
            with pytest.raises(ccxt.BaseError):
                await case.post(f"busy-{number}", price=0.99)
            assert (f"busy-{number}" in case.desk.by_client) is after


@VENUES
async def test_a_cut_stream_is_dialled_again(venue: str) -> None:
    async with quiet_net() as net, client(net, venue) as exchange:
        case = Case(net, exchange, venue, "spot")
        await soon(exchange.watch_order_book(case.symbol))
        net.faults.add({"venue": venue, "pattern": "spot *", "kind": "cut", "count": 1})
        waiting = asyncio.create_task(exchange.watch_order_book(case.symbol))
        await asyncio.sleep(0)
        await case.post("moves", price=0.9990)
        with pytest.raises(ccxt.NetworkError):
            await soon(waiting)
        exchange.orderbooks.pop(case.symbol, None)
        await asyncio.sleep(0.05)
        await until(
            lambda: _again(exchange, case), lambda book: 0.999 in [level[0] for level in book["bids"]]
        )


async def _again(exchange: Any, case: Case) -> Any:
    """A book after some change; a client that finds a gap starts over."""
    waiting = asyncio.create_task(exchange.watch_order_book(case.symbol))
    await asyncio.wait({waiting}, timeout=0.2)
    now = case.desk.now_ms
    case.desk.exchange.set_level(-1, 110_000, now % 1_000 + 1, now * 1_000_000)  # type: ignore[arg-type]
    try:
        return await waiting
    except ccxt.NetworkError:
        await asyncio.sleep(0.05)
        return {"bids": []}


@pytest.mark.parametrize("kind", ["drop_frame", "reorder"])
async def test_a_gap_is_found_by_a_client_that_counts(kind: str) -> None:
    async with quiet_net(book_interval_s=0.0) as net, client(net, "binance") as exchange:
        case = Case(net, exchange, "binance", "spot")
        await soon(exchange.watch_order_book(case.symbol))
        await case.post("first", price=0.9990)
        net.faults.add({"venue": "binance", "pattern": "spot *@depth*", "kind": kind, "count": 1})
        waiting = asyncio.create_task(exchange.watch_order_book(case.symbol))
        await asyncio.sleep(0)
        await case.post("second", price=0.9991)
        await case.post("third", price=0.9992)

        async def gap() -> None:
            await waiting
            while True:
                await exchange.watch_order_book(case.symbol)

        with pytest.raises(ccxt.ChecksumError):
            await soon(gap())


async def test_every_client_follows_a_market_that_moves() -> None:
    params = LocalnetParams(world=LIVELY, book_interval_s=0.0)
    names = ("binance", "binanceusdm", "bybit", "bitget")
    async with serve(params) as net:
        await asyncio.gather(*(_follow(net, name) for name in names))


async def _follow(net: Localnet, name: str) -> None:
    """Thirty books without an error, never crossed."""
    async with client(net, name) as exchange:
        await soon(exchange.load_markets())
        symbol = "TOKEN/USDT" if "TOKEN/USDT" in exchange.markets else "TOKEN/USDT:USDT"
        for _ in range(30):
            book = await soon(exchange.watch_order_book(symbol))
            assert book["bids"][0][0] < book["asks"][0][0]
