"""A plain ccxt.pro client at the local Bybit, spot and linear, over real sockets."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from bot.localnet.serve import Localnet
from localnet.clients import client, listening, quiet_net, soon, until
from localnet.conformance import Case, crossing_limit, maker_life, markets, refused, takers

BOTH = pytest.mark.parametrize("kind", ["spot", "perp"])


def case_of(net: Localnet, exchange: Any, kind: str) -> Case:
    """Bybit has a word of its own for a spot order that was cancelled half filled; ccxt calls it closed."""
    cut_short = "closed" if kind == "spot" else "canceled"
    return Case(net, exchange, "bybit", kind, cancel_key="orderLinkId", cut_short=cut_short)


@BOTH
async def test_a_makers_day(kind: str) -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, kind)
        await markets(case)
        await maker_life(case)
        await takers(case)
        await crossing_limit(case)


@BOTH
async def test_refusals_in_bybits_words(kind: str) -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case, spot = case_of(net, exchange, kind), kind == "spot"
        post = {"postOnly": True}
        code = "170131" if spot else "110007"
        await refused(case, ccxt.InsufficientFunds, code, amount=8e7, params=post)
        code = "170140" if spot else "110094"
        await refused(case, ccxt.InvalidOrder, code, amount=1.0, params=post)
        code = "170193" if spot else "110003"
        await refused(case, ccxt.InvalidOrder, code, price=50.0, side="sell")
        if not spot:
            reduce = {"reduceOnly": True}
            await refused(case, ccxt.InvalidOrder, "110017", side="sell", price=1.01, params=reduce)
        await case.post("once")
        await case.cancel("once")
        with pytest.raises(ccxt.InvalidOrder, match="170141" if spot else "110072"):
            await case.post("once")
        with pytest.raises(ccxt.OrderNotFound, match="170213" if spot else "110001"):
            await case.cancel("once")


@BOTH
async def test_a_post_only_order_that_crosses_is_acknowledged_then_cancelled(kind: str) -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, kind)
        await soon(exchange.load_markets())
        heard = await listening(net, "bybit", exchange.watch_orders(case.symbol))
        acknowledged = await case.post("crosses", price=1.2)
        assert acknowledged["id"]
        told = (await soon(heard))[-1]
        assert (told["id"], told["status"]) == (acknowledged["id"], "canceled")
        assert told["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
        past = await soon(
            exchange.fetch_canceled_and_closed_orders(case.symbol, params={"orderLinkId": "crosses"})
        )
        assert [order["id"] for order in past] == [acknowledged["id"]]


@BOTH
async def test_amending_batches_and_orders_by_client_id(kind: str) -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, kind)
        order = await case.post("first", price=0.9990)
        await soon(exchange.edit_order(order["id"], case.symbol, "limit", "buy", 120.0, 0.9991))
        found = await soon(exchange.fetch_open_orders(case.symbol, None, None, {"orderLinkId": "first"}))
        assert [(one["id"], one["price"], one["amount"]) for one in found] == [(order["id"], 0.9991, 120.0)]
        rows = [
            {"symbol": case.symbol, "type": "limit", "side": "buy", "amount": amount, "price": 0.999,
             "params": {"postOnly": True, "clientOrderId": f"batch-{number}"}}
            for number, amount in enumerate((100.0, 1.0, 100.0))
        ]  # fmt: skip
        answers = await soon(exchange.create_orders(rows))
        assert {one["clientOrderId"]: bool(one["id"]) for one in answers} == {
            "batch-0": True, "batch-1": False, "batch-2": True,
        }  # fmt: skip
        await soon(exchange.cancel_orders([], case.symbol, {"clientOrderIds": ["batch-0", "nobody"]}))
        assert {order.client_id for order in case.desk.open_orders()} == {"first", "batch-2"}
        fetched = await soon(exchange.fetch_order(order["id"], case.symbol, {"acknowledged": True}))
        assert fetched["clientOrderId"] == "first"


@BOTH
async def test_orders_over_the_websocket(kind: str) -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, kind)
        await soon(exchange.load_markets())
        params = {"postOnly": True, "clientOrderId": "ws-1"}
        order = await soon(exchange.create_order_ws(case.symbol, "limit", "buy", 100.0, 0.999, params))
        assert order["clientOrderId"] == "ws-1"
        await soon(exchange.edit_order_ws(order["id"], case.symbol, "limit", "buy", 110.0, 0.9989))
        assert case.desk.instrument.tokens(case.desk.by_client["ws-1"].lots) == 110
        with pytest.raises(ccxt.InvalidOrder):
            await soon(exchange.create_order_ws(case.symbol, "limit", "buy", 100.0, 0.999, params))
        await soon(exchange.cancel_order_ws(order["id"], case.symbol))
        assert not case.desk.open_orders()


async def test_wallet_positions_and_funding() -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, "perp")
        desk, symbol = case.desk, case.symbol
        await soon(exchange.load_markets())
        wallet = await listening(net, "bybit", exchange.watch_balance())
        watched = until(lambda: exchange.watch_positions([symbol]), lambda found: bool(found))
        positions = await listening(net, "bybit", watched)
        await soon(exchange.create_order(symbol, "market", "sell", 1000.0))
        position = (await soon(positions))[-1]
        assert (position["side"], position["contracts"]) == ("short", 1000.0)
        held = (await soon(exchange.fetch_positions([symbol])))[0]
        assert (held["side"], held["contracts"]) == ("short", 1000.0)
        assert held["entryPrice"] == float(desk.perp_account.average_entry or 0)
        total = float(desk.exchange.usdt + net.engines["bybit"].spot.exchange.usdt)
        info = (await soon(wallet))["info"][0]["coin"][0]
        assert float(info["walletBalance"]) == pytest.approx(total)
        balance = await soon(exchange.fetch_balance())
        assert balance["USDT"]["total"] == pytest.approx(total, rel=1e-6)
        assert balance["TOKEN"]["total"] == 1_000_000.0
        rate = await soon(exchange.fetch_funding_rate(symbol))
        assert rate["fundingRate"] == pytest.approx(float(net.engines["bybit"].funding()[0]))
        desk.exchange.settle_funding(0.001, Decimal(1), "8h", desk.now_ms * 1_000_000)
        paid = await soon(exchange.fetch_funding_history(symbol))
        assert paid[0]["amount"] == pytest.approx(-1.0)  # here a received payment is a negative fee
        await soon(exchange.set_leverage(5, symbol))
        with pytest.raises(ccxt.BadRequest, match="110043"):
            await soon(exchange.set_leverage(5, symbol))
        with pytest.raises(ccxt.NoChange, match="110025"):
            await soon(exchange.set_position_mode(False, symbol))
        best = await soon(exchange.watch_bids_asks([symbol]))
        assert best[symbol]["bid"] == float(desk.instrument.price(desk.book.best_bid))


async def test_signature_clock_and_key_are_checked() -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        await soon(exchange.load_markets())
        exchange.options["timeDifference"] = 60_000
        with pytest.raises(ccxt.InvalidNonce, match="10002"):
            await soon(exchange.fetch_balance())
        exchange.options["timeDifference"] = 0
        await soon(exchange.fetch_balance())
        exchange.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="10004"):
            await soon(exchange.fetch_balance())
        with pytest.raises(ccxt.AuthenticationError):
            await soon(exchange.watch_orders())
        exchange.apiKey = "nobody"
        with pytest.raises(ccxt.AuthenticationError, match="10003"):
            await soon(exchange.fetch_balance())


async def test_limits_are_told_and_kept() -> None:
    async with quiet_net() as net, client(net, "bybit") as exchange:
        case = case_of(net, exchange, "spot")
        await case.post("one", price=0.99)
        headers = exchange.last_response_headers
        assert (headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]) == ("20", "19")
        many = [case.post(f"many-{number}", price=0.99) for number in range(45)]
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        refusals = [one for one in outcomes if isinstance(one, ccxt.BaseError)]
        assert refusals
        assert {type(one) for one in refusals} == {ccxt.RateLimitExceeded}
