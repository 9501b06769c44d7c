"""Clients just as they come out of the box, and in their sandbox and demo modes."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import pytest

from localnet.clients import client, listening, quiet_net, soon
from localnet.conformance import Case

SYMBOLS = ("TOKEN/USDT", "TOKEN/USDT:USDT")
CANCEL = {"binance": "clientOrderId", "bybit": "orderLinkId", "bitget": "clientOrderId"}


async def trade_both(net: Any, exchange: Any, venue: str) -> None:
    """One client, both markets: books, an order each way of asking, its event, its end."""
    await soon(exchange.load_markets())
    assert set(SYMBOLS) <= set(exchange.markets)
    for kind in ("spot", "perp"):
        case = Case(net, exchange, venue, kind, cancel_key=CANCEL[venue])
        book = await soon(exchange.watch_order_book(case.symbol))
        assert book["symbol"] == case.symbol
        if venue == "bybit" and kind == "perp":  # one topic for both categories: it is subscribed already
            heard = asyncio.create_task(exchange.watch_orders(case.symbol))
            await asyncio.wait({heard}, timeout=0.3)
        else:
            heard = await listening(net, venue, exchange.watch_orders(case.symbol))
        await case.post("plain-1")
        told = (await soon(heard))[-1]
        assert (told["clientOrderId"], told["status"], told["symbol"]) == ("plain-1", "open", case.symbol)
        await case.cancel("plain-1")
        assert not case.desk.open_orders()
        balance = await soon(exchange.fetch_balance({"type": "spot" if kind == "spot" else "swap"}))
        assert balance["USDT"]["total"] > 0
    assert await soon(exchange.fetch_positions([SYMBOLS[1]])) is not None


@pytest.mark.parametrize("venue", ["binance", "bybit", "bitget"])
async def test_without_any_option(venue: str) -> None:
    async with quiet_net() as net, client(net, venue, options={}) as exchange:
        await trade_both(net, exchange, venue)


@pytest.mark.parametrize("venue", ["binance", "bybit", "bitget"])
async def test_demo_accounts(venue: str) -> None:
    async with quiet_net() as net, client(net, venue, options={}) as exchange:
        exchange.enable_demo_trading(True)
        await trade_both(net, exchange, venue)


@pytest.mark.parametrize("venue", ["binance", "bybit"])
async def test_test_networks(venue: str) -> None:
    async with quiet_net() as net, client(net, venue, options={}) as exchange:
        exchange.set_sandbox_mode(True)
        await soon(exchange.load_markets())
        case = Case(net, exchange, venue, "spot", cancel_key=CANCEL[venue])
        book = await soon(exchange.watch_order_book(case.symbol))
        assert book["bids"][0][0] == float(case.desk.instrument.price(case.desk.book.best_bid))
        heard = await listening(net, venue, exchange.watch_orders(case.symbol))
        await case.post("test-1")
        assert (await soon(heard))[-1]["clientOrderId"] == "test-1"
        with pytest.raises(ccxt.OrderNotFound):
            await case.cancel("test-2")
