"""A plain ccxt.pro client at the local Bitget, spot and USDT futures, over real sockets."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from bot.localnet.desk import Desk
from bot.localnet.serve import Localnet
from bot.model.order import Side
from localnet.clients import client, listening, quiet_net, soon, until
from localnet.conformance import Case, crossing_limit, maker_life, markets, refused, takers

BOTH = pytest.mark.parametrize("kind", ["spot", "perp"])


def case_of(net: Localnet, exchange: Any, kind: str) -> Case:
    """Bitget."""
    return Case(net, exchange, "bitget", kind)


@BOTH
async def test_a_makers_day(kind: str) -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, kind)
        await markets(case)
        await maker_life(case)
        await takers(case)
        await crossing_limit(case)


@BOTH
async def test_refusals_in_bitgets_words(kind: str) -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case, spot = case_of(net, exchange, kind), kind == "spot"
        post = {"postOnly": True}
        await refused(case, ccxt.InsufficientFunds, "43012" if spot else "40762", amount=8e7, params=post)
        await refused(case, ccxt.InvalidOrder, "45110", amount=1.0, params=post)
        await refused(case, ccxt.ExchangeError, "22006", price=50.0, side="sell")
        if not spot:
            reduce = {"reduceOnly": True}
            await refused(case, ccxt.ExchangeError, "22002", side="sell", price=1.01, params=reduce)
        await case.post("once")
        assert (await case.fetch("once"))["status"] == "open"
        await case.cancel("once")
        assert (await case.fetch("once"))["status"] == "canceled"
        with pytest.raises(ccxt.ExchangeError, match="43118" if spot else "40786"):
            await case.post("once")
        with pytest.raises(ccxt.OrderNotFound, match="43001" if spot else "40768"):
            await case.cancel("once")
        with pytest.raises(ccxt.OrderNotFound):
            await case.fetch("never")


@BOTH
async def test_a_post_only_order_that_crosses_is_acknowledged_then_cancelled(kind: str) -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, kind)
        await soon(exchange.load_markets())
        heard = await listening(net, "bitget", exchange.watch_orders(case.symbol))
        acknowledged = await case.post("crosses", price=1.2)
        told = (await soon(heard))[-1]
        assert (told["id"], told["status"]) == (acknowledged["id"], "canceled")


@BOTH
async def test_changing_an_order_gives_it_a_new_id(kind: str) -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, kind)
        first = await case.post("first", price=0.9990)
        params = {"newClientOid": "second"}
        changed = await soon(
            exchange.edit_order(first["id"], case.symbol, "limit", "buy", 120.0, 0.9991, params)
        )
        assert changed["id"] != first["id"]
        orders = await soon(exchange.fetch_open_orders(case.symbol))
        assert [(one["clientOrderId"], one["price"], one["amount"]) for one in orders] == [
            ("second", 0.9991, 120.0)
        ]
        with pytest.raises(ccxt.InvalidOrder, match="45110"):
            await soon(exchange.edit_order(changed["id"], case.symbol, "limit", "buy", 1.0, 0.9991, params))
        assert case.desk.by_client["second"].open


@BOTH
async def test_batches(kind: str) -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, kind)
        await soon(exchange.load_markets())
        rows = [
            {"symbol": case.symbol, "type": "limit", "side": "buy", "amount": amount, "price": 0.999,
             "params": {"postOnly": True, "clientOrderId": f"batch-{number}"}}
            for number, amount in enumerate((100.0, 1.0, 100.0))
        ]  # fmt: skip
        answers = await soon(exchange.create_orders(rows))
        assert {one["clientOrderId"] for one in answers} >= {"batch-0", "batch-2"}
        assert {order.client_id for order in case.desk.open_orders()} == {"batch-0", "batch-2"}
        first = case.desk.by_client["batch-0"]
        await soon(exchange.cancel_orders([str(first.id)], case.symbol))
        assert {order.client_id for order in case.desk.open_orders()} == {"batch-2"}


async def test_the_book_survives_many_changes_with_its_checksum() -> None:
    draw = random.Random(3)
    async with quiet_net(book_interval_s=0.0, running=False) as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, "spot")
        desk, sim = case.desk, case.desk.exchange
        await soon(exchange.watch_order_book(case.symbol))

        async def change() -> Any:
            """Some levels move; the book after (at least) the first of them."""
            waiting = asyncio.create_task(exchange.watch_order_book(case.symbol))
            await asyncio.sleep(0)
            for _ in range(10):
                side, lots = draw.choice((Side.BUY, Side.SELL)), draw.choice((7, 4_000))
                ticks = 100_000 - side * draw.randrange(1, 60)
                lots = 0 if ticks in (desk.book.bids if side > 0 else desk.book.asks) else lots
                sim.set_level(side, ticks, lots, desk.now_ms * 1_000_000)
            return await waiting

        for _ in range(30):
            await soon(change())
        # Frames come in order: once this last level is there, so is everything before it.
        sim.set_level(Side.BUY, 1_234, 9, desk.now_ms * 1_000_000)
        book = exchange.orderbooks[case.symbol]
        await until(lambda: asyncio.sleep(0.01), lambda _: book["bids"][-1][:2] == [0.01234, 0.9])
        assert _same(book, desk)


def _same(book: Any, desk: Desk) -> bool:
    """Whether a client's book is the exchange's, level by level, in the exchange's own digits."""
    price, tokens = desk.instrument.price, desk.instrument.tokens
    return all(
        {Decimal(level[2][0]): Decimal(level[2][1]) for level in shown}
        == {price(ticks): tokens(lots) for ticks, lots in levels.items()}
        for shown, levels in ((book["bids"], desk.book.bids), (book["asks"], desk.book.asks))
    )


async def test_margin_positions_and_funding() -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, "perp")
        desk, symbol = case.desk, case.symbol
        await soon(exchange.load_markets())
        await soon(exchange.watch_balance({"type": "swap"}))
        watched = until(lambda: exchange.watch_positions([symbol]), lambda found: bool(found))
        positions = await listening(net, "bitget", watched)
        await soon(exchange.create_order(symbol, "market", "sell", 1000.0))
        position = (await soon(positions))[-1]
        assert (position["side"], position["contracts"]) == ("short", 1000.0)
        held = (await soon(exchange.fetch_positions([symbol])))[0]
        assert (held["side"], held["contracts"]) == ("short", 1000.0)
        assert held["entryPrice"] == float(desk.perp_account.average_entry or 0)
        balance = await soon(exchange.fetch_balance({"type": "swap"}))
        assert float(balance["info"][0]["available"]) == pytest.approx(float(desk.exchange.usdt))
        spot = await soon(exchange.fetch_balance({"type": "spot"}))
        assert spot["TOKEN"]["total"] == 1_000_000.0
        rate = await soon(exchange.fetch_funding_rate(symbol))
        assert rate["fundingRate"] == pytest.approx(float(net.engines["bitget"].funding()[0]))
        desk.exchange.settle_funding(0.001, Decimal(1), "8h", desk.now_ms * 1_000_000)
        paid = await soon(exchange.fetch_funding_history(symbol))
        assert paid[0]["amount"] == pytest.approx(1.0)
        await soon(exchange.set_leverage(5, symbol))
        await soon(exchange.set_position_mode(False, symbol))
        await soon(exchange.set_margin_mode("cross", symbol))
        assert net.engines["bitget"].leverage == 5
        best = await soon(exchange.watch_bids_asks([symbol]))
        assert best[symbol]["bid"] == float(desk.instrument.price(desk.book.best_bid))


async def test_signature_clock_key_and_passphrase_are_checked() -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        await soon(exchange.load_markets())
        exchange.options["timeDifference"] = 60_000
        with pytest.raises(ccxt.InvalidNonce, match="40008"):
            await soon(exchange.fetch_balance())
        exchange.options["timeDifference"] = 0
        exchange.password = "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="40012"):
            await soon(exchange.fetch_balance())
        with pytest.raises(ccxt.AuthenticationError):
            await soon(exchange.watch_orders("TOKEN/USDT"))
        exchange.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="40009"):
            await soon(exchange.fetch_balance())
        exchange.apiKey = "nobody"
        with pytest.raises(ccxt.AuthenticationError, match="40006"):
            await soon(exchange.fetch_balance())


async def test_limits_are_kept() -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        case = case_of(net, exchange, "spot")
        await case.post("one", price=0.99)
        many = [case.post(f"many-{number}", price=0.99) for number in range(25)]
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        refusals = [one for one in outcomes if isinstance(one, ccxt.BaseError)]
        assert refusals
        assert {type(one) for one in refusals} == {ccxt.DDoSProtection}


async def test_a_client_that_asks_for_a_unified_account_is_told_it_is_classic() -> None:
    async with quiet_net() as net, client(net, "bitget") as exchange:
        await soon(exchange.load_markets())
        with pytest.raises(ccxt.ExchangeError, match="40085"):
            await soon(exchange.privateUtaGetV3AccountSettings())
