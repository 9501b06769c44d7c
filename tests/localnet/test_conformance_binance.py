"""A plain ccxt.pro client at the local Binance, spot and USDT futures, over real sockets."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import ccxt
import pytest

from bot.localnet.limits import VenueLimits
from localnet.clients import client, listening, quiet_net, soon, until
from localnet.conformance import Case, crossing_limit, maker_life, markets, refused, takers


@pytest.mark.parametrize(("name", "kind"), [("binance", "spot"), ("binanceusdm", "perp")])
async def test_a_makers_day(name: str, kind: str) -> None:
    async with quiet_net() as net, client(net, name) as exchange:
        case = Case(net, exchange, "binance", kind)
        await markets(case)
        await maker_life(case)
        await takers(case)
        await crossing_limit(case)


async def test_spot_refusals_in_binances_words() -> None:
    async with quiet_net() as net, client(net, "binance") as exchange:
        case = Case(net, exchange, "binance", "spot")
        post = {"postOnly": True}
        await refused(case, ccxt.OrderImmediatelyFillable, "match and take", price=1.2, params=post)
        await refused(case, ccxt.InsufficientFunds, "insufficient balance", amount=9e7, params=post)
        await refused(case, ccxt.BadRequest, "NOTIONAL", amount=1.0, params=post)
        await refused(case, ccxt.InvalidOrder, "PERCENT_PRICE_BY_SIDE", price=50.0, side="sell")
        await case.post("twice")
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            await case.post("twice")
        assert (await case.fetch("twice"))["status"] == "open"
        await case.cancel("twice")
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            await case.cancel("twice")
        assert (await case.fetch("twice"))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound, match="-2013"):
            await case.fetch("never")
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            await soon(exchange.cancel_all_orders(case.symbol))


async def test_linear_refusals_in_binances_words() -> None:
    async with quiet_net() as net, client(net, "binanceusdm") as exchange:
        case = Case(net, exchange, "binance", "perp")
        post = {"postOnly": True}
        await refused(case, ccxt.OrderNotFillable, "-5022", price=1.2, params=post)
        await refused(case, ccxt.InsufficientFunds, "-2019", amount=8e7, params=post)
        await refused(case, ccxt.InvalidOrder, "-4164", amount=1.0, params=post)
        await refused(case, ccxt.InvalidOrder, "-2022", side="sell", price=1.01, params={"reduceOnly": True})
        await case.post("twice")
        with pytest.raises(ccxt.InvalidOrder, match="-4116"):
            await case.post("twice")
        with pytest.raises(ccxt.MarginModeAlreadySet):
            await soon(exchange.set_margin_mode("cross", case.symbol))
        with pytest.raises(ccxt.OperationRejected, match="-4059"):
            await soon(exchange.set_position_mode(False))


async def test_signature_clock_and_key_are_checked() -> None:
    async with quiet_net() as net, client(net, "binance") as exchange:
        await soon(exchange.load_markets())
        exchange.options["timeDifference"] = 60_000
        with pytest.raises(ccxt.InvalidNonce, match="-1021"):
            await soon(exchange.fetch_balance())
        exchange.options["timeDifference"] = 0
        exchange.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="-1022"):
            await soon(exchange.fetch_balance())
        exchange.apiKey = "nobody"
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            await soon(exchange.fetch_balance())


async def test_spot_balances_and_replacing() -> None:
    async with quiet_net() as net, client(net, "binance") as exchange:
        case = Case(net, exchange, "binance", "spot")
        await soon(exchange.load_markets())
        balances = await listening(net, "binance", exchange.watch_balance())
        first = await case.post("first", 100.0, 0.9995)
        streamed = await soon(balances)
        assert streamed["USDT"]["used"] == pytest.approx(99.95)
        params = {"postOnly": True, "newClientOrderId": "second"}
        replaced = await soon(
            exchange.edit_order(first["id"], case.symbol, "limit", "buy", 120.0, 0.9994, params)
        )
        assert replaced["clientOrderId"] == "second"
        assert (await case.fetch("first"))["status"] == "canceled"
        assert (await soon(exchange.fetch_balance()))["USDT"]["used"] == pytest.approx(119.928)
        assert case.desk.by_client["second"].open
        best = await listening(net, "binance", exchange.watch_bids_asks([case.symbol]))
        await case.post("third", 100.0, 0.9997)
        assert (await soon(best))[case.symbol]["bid"] == 0.9997


async def test_orders_over_the_websocket_api() -> None:
    async with quiet_net() as net, client(net, "binance") as spot, client(net, "binanceusdm") as linear:
        for exchange, kind in ((spot, "spot"), (linear, "perp")):
            case = Case(net, exchange, "binance", kind)
            await soon(exchange.load_markets())
            exchange.options["ws"]["cost"] = 1
            params = {"postOnly": True, "clientOrderId": "ws-1"}
            order = await soon(exchange.create_order_ws(case.symbol, "limit", "buy", 100.0, 0.9995, params))
            assert case.desk.by_client["ws-1"].id == int(order["id"])
            with pytest.raises(ccxt.BaseError, match="uplicate"):
                await soon(exchange.create_order_ws(case.symbol, "limit", "buy", 100.0, 0.9995, params))
            await soon(exchange.cancel_order_ws(order["id"], case.symbol))
            assert not case.desk.open_orders()


async def test_positions_funding_and_batches_of_futures() -> None:
    async with quiet_net() as net, client(net, "binanceusdm") as exchange:
        case = Case(net, exchange, "binance", "perp")
        desk, symbol = case.desk, case.symbol
        await soon(exchange.load_markets())
        balances = await listening(net, "binance", exchange.watch_balance())
        positions = asyncio.create_task(
            until(lambda: exchange.watch_positions([symbol]), lambda found: bool(found))
        )
        await asyncio.wait({positions}, timeout=0.4)
        await soon(exchange.create_order(symbol, "market", "sell", 1000.0))
        position = (await soon(positions))[-1]
        assert (position["side"], position["contracts"]) == ("short", 1000.0)
        assert (await soon(balances))["USDT"]["total"] == float(desk.exchange.usdt)
        held = (await soon(exchange.fetch_positions([symbol])))[0]
        assert (held["side"], held["contracts"]) == ("short", 1000.0)
        assert held["entryPrice"] == float(desk.perp_account.average_entry or 0)
        rate = await soon(exchange.fetch_funding_rate(symbol))
        assert rate["fundingRate"] == pytest.approx(float(net.engines["binance"].funding()[0]))
        desk.exchange.settle_funding(0.001, Decimal(1), "8h", desk.now_ms * 1_000_000)
        paid = await soon(exchange.fetch_funding_history(symbol))
        assert paid[0]["amount"] == pytest.approx(1.0)
        rows = [
            {"symbol": symbol, "type": "limit", "side": "buy", "amount": 100.0, "price": price,
             "params": {"postOnly": True, "clientOrderId": f"batch-{number}"}}
            for number, price in enumerate((0.9990, 1.2, 0.9991))
        ]  # fmt: skip
        answers = await soon(exchange.create_orders(rows))
        assert sorted(str(one["clientOrderId"]) for one in answers) == ["None", "batch-0", "batch-2"]
        assert (await soon(exchange.set_leverage(5, symbol)))["leverage"] == 5
        assert (await soon(exchange.fetch_position_mode()))["hedged"] is False
        first = desk.by_client["batch-0"]
        await soon(exchange.edit_order(str(first.id), symbol, "limit", "buy", 150.0, 0.9989))
        assert (desk.instrument.tokens(first.lots), first.open) == (Decimal(150), True)
        mark = await soon(exchange.watch_mark_price(symbol))
        assert mark["markPrice"] == pytest.approx(1.0, rel=0.01)


async def test_limits_are_told_and_kept() -> None:
    limits = {"binance": VenueLimits(weight_per_minute=200)}
    async with quiet_net(limits=limits) as net, client(net, "binance") as exchange:
        case = Case(net, exchange, "binance", "spot")
        await case.post("order", price=0.99)
        headers = exchange.last_response_headers
        assert headers["X-MBX-ORDER-COUNT-10S"] == "1"
        assert int(headers["X-MBX-USED-WEIGHT-1M"]) > 0
        window = net.engines["binance"].orders
        window.limit = 0
        with pytest.raises(ccxt.DDoSProtection, match="-1015"):
            await case.post("one-more", price=0.99)
