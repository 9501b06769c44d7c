"""What every venue must let a plain client do, whatever its words: markets, a maker's life, takers, refusals.

Rule 1: numbers are compared with the desk behind the sockets, never only with each other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bot.localnet.desk import Desk
from bot.localnet.serve import Localnet
from localnet.clients import listening, soon, sweep, until


@dataclass(frozen=True)
class Case:
    """One client at one desk. The keys name an order by the client's id.

    `cut_short` is the unified status of an order that was cancelled after it had traded.
    """

    net: Localnet
    exchange: Any
    venue: str
    kind: str
    fetch_key: str = "clientOrderId"
    cancel_key: str = "clientOrderId"
    cut_short: str = "canceled"

    @property
    def desk(self) -> Desk:
        """The desk behind the sockets."""
        engine = self.net.engines[self.venue]
        return engine.spot if self.kind == "spot" else engine.perp

    @property
    def symbol(self) -> str:
        """The unified symbol."""
        return self.desk.instrument.symbol

    @property
    def touch(self) -> float:
        """A bid that becomes the best one."""
        return float(self.desk.instrument.price(self.desk.book.best_bid + 2))

    async def post(self, client_id: str, amount: float = 100.0, price: float | None = None) -> Any:
        """A post-only bid."""
        params = {"postOnly": True, "clientOrderId": client_id}
        price = self.touch if price is None else price
        order = self.exchange.create_order(self.symbol, "limit", "buy", amount, price, params)
        return await soon(order)

    async def fetch(self, client_id: str) -> Any:
        """An order by client id."""
        params = {self.fetch_key: client_id}
        return await soon(self.exchange.fetch_order("", self.symbol, params))

    async def cancel(self, client_id: str) -> Any:
        """Cancel by client id."""
        return await soon(self.exchange.cancel_order(None, self.symbol, {self.cancel_key: client_id}))


async def markets(case: Case) -> None:
    """load_markets, time, books by REST and by stream, trades."""
    exchange, symbol, instrument = case.exchange, case.symbol, case.desk.instrument
    await soon(exchange.load_markets())
    market = exchange.market(symbol)
    assert market["precision"]["price"] == float(instrument.tick)
    assert market["precision"]["amount"] == float(instrument.lot)
    assert market["limits"]["cost"]["min"] == 5.0
    assert market["swap"] is (case.kind == "perp")
    assert abs(await soon(exchange.fetch_time()) - case.desk.now_ms) < 5_000
    rest = await soon(exchange.fetch_order_book(symbol))
    streamed = await soon(exchange.watch_order_book(symbol))
    best = case.desk.book.best_bid, case.desk.book.best_ask
    for book in (rest, streamed):
        assert book["bids"][0][0] == float(instrument.price(best[0]))
        assert book["asks"][0][0] == float(instrument.price(best[1]))
        assert book["bids"][0][1] == float(instrument.tokens(case.desk.book.bids[best[0]]))
        assert len(book["bids"]) == len(case.desk.book.bids)
    trades = await soon(exchange.watch_trades(symbol))
    assert trades[0]["symbol"] == symbol
    assert trades[0]["price"] == pytest.approx(1.0, rel=0.01)
    printed = await soon(exchange.fetch_trades(symbol))
    assert trades[0]["id"] in [trade["id"] for trade in printed]


async def maker_life(case: Case) -> None:
    """A post-only bid is placed, seen, partly filled and cancelled, on REST, streams and in the account."""
    exchange, symbol, desk = case.exchange, case.symbol, case.desk
    before = desk.exchange.position
    orders = await listening(case.net, case.venue, exchange.watch_orders(symbol))
    trades = await _listen(exchange.watch_my_trades, symbol)
    price = case.touch
    order = await case.post("maker-1", 100.0, price)
    assert order["clientOrderId"] in ("maker-1", None)
    seen = (await soon(orders))[-1]
    assert (seen["clientOrderId"], seen["status"], seen["symbol"]) == ("maker-1", "open", symbol)
    assert (seen["price"], seen["amount"], seen["side"]) == (price, 100.0, "buy")
    open_orders = await soon(exchange.fetch_open_orders(symbol))
    assert [one["clientOrderId"] for one in open_orders] == ["maker-1"]
    book = await until(lambda: exchange.watch_order_book(symbol), lambda book: book["bids"][0][0] == price)
    assert book["bids"][0][1] == 100.0
    assert sweep(case.net, case.venue, case.kind, -1, "40") == 400
    trade = (await soon(trades))[-1]
    assert (trade["amount"], trade["price"], trade["side"]) == (40.0, price, "buy")
    assert (trade["takerOrMaker"], trade["symbol"]) == ("maker", symbol)
    assert trade["order"] == seen["id"]
    assert desk.exchange.position - before == 40
    fetched = await soon(exchange.fetch_my_trades(symbol))
    assert [(one["id"], one["amount"], one["order"]) for one in fetched] == [(trade["id"], 40.0, seen["id"])]
    assert fetched[0]["fee"]["cost"] == pytest.approx(float(desk.trades[-1].fee))
    partly = await soon(exchange.fetch_open_orders(symbol))
    assert (partly[0]["filled"], partly[0]["remaining"]) == (40.0, 60.0)
    last = await _listen(exchange.watch_orders, symbol)
    await case.cancel("maker-1")
    gone = (await soon(last))[-1]
    assert (gone["status"], gone["clientOrderId"]) == (case.cut_short, "maker-1")
    assert await soon(exchange.fetch_open_orders(symbol)) == []
    assert not desk.open_orders()


async def _listen(watch: Any, symbol: str) -> asyncio.Task[Any]:
    """Start to watch on a connection that stands already."""
    task = asyncio.create_task(watch(symbol))
    await asyncio.wait({task}, timeout=0.4)
    return task


async def takers(case: Case) -> None:
    """IOC takes what there is and expires, market orders fill, reduce-only closes and no more."""
    exchange, symbol, desk = case.exchange, case.symbol, case.desk
    ask = float(desk.instrument.price(desk.book.best_ask))
    before = desk.exchange.position
    params = {"timeInForce": "IOC", "clientOrderId": "ioc-1"}
    await soon(exchange.create_order(symbol, "limit", "buy", 100.0, ask, params))
    assert desk.exchange.position - before == 100
    assert desk.by_client["ioc-1"].status() == "filled"
    small = {"timeInForce": "IOC", "clientOrderId": "ioc-2"}
    bid = float(desk.instrument.price(desk.book.best_bid))
    await soon(exchange.create_order(symbol, "limit", "buy", 100.0, bid, small))
    assert desk.by_client["ioc-2"].status() == "expired"
    await soon(exchange.create_order(symbol, "market", "sell", 60.0, None, {"clientOrderId": "market-1"}))
    assert desk.exchange.position - before == 40
    if case.kind == "perp":
        reduce = {"reduceOnly": True, "clientOrderId": "reduce-1"}
        await soon(exchange.create_order(symbol, "market", "sell", 500.0, None, reduce))
        assert desk.exchange.position == 0


async def crossing_limit(case: Case) -> None:
    """A plain limit takes what crosses and rests with what is left."""
    desk = case.desk
    levels = sorted(desk.book.asks.items())[:1]
    size = float(desk.instrument.tokens(levels[0][1])) + 50.0
    price = float(desk.instrument.price(levels[0][0]))
    params = {"clientOrderId": "gtc-1"}
    await soon(case.exchange.create_order(case.symbol, "limit", "buy", size, price, params))
    order = desk.by_client["gtc-1"]
    assert (order.open, desk.instrument.tokens(order.left)) == (True, Decimal(50))
    rows = await soon(case.exchange.fetch_open_orders(case.symbol))
    assert (rows[0]["remaining"], rows[0]["status"]) == (50.0, "open")
    await soon(case.exchange.cancel_all_orders(case.symbol))
    assert await soon(case.exchange.fetch_open_orders(case.symbol)) == []


async def refused(case: Case, wanted: type[Exception], code: str, **order: Any) -> None:
    """One order that must be refused with this class and code."""
    params = {"clientOrderId": "refused-1", **order.pop("params", {})}
    side, amount = order.pop("side", "buy"), order.pop("amount", 100.0)
    price = order.pop("price", case.touch)
    with pytest.raises(wanted, match=code) as info:
        await soon(case.exchange.create_order(case.symbol, "limit", side, amount, price, params))
    assert info.type is wanted
    assert "refused-1" not in case.desk.by_client
