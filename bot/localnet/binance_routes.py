"""Binance's addresses: what answers where, what it weighs, who may ask.

Rule 1: REST and the WebSocket API are two doors to these routes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.localnet import binance_account as account
from bot.localnet.binance_market import BinanceQuotes, exchange_info
from bot.localnet.binance_params import Params
from bot.localnet.binance_text import Row
from bot.localnet.binance_trade import BinanceTrade
from bot.localnet.binance_user import LinearUser
from bot.localnet.engine import Engine
from bot.localnet.web import Refused

Handler = Callable[[Params], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """What stands behind one address. `orders` counts against the order limit."""

    handle: Handler
    security: str = "signed"
    weight: int = 1
    orders: int = 0


def spot_routes(engine: Engine, market: BinanceQuotes, trade: BinanceTrade) -> dict[str, Route]:
    """Everything behind the spot host."""
    api = "/api/v3/"
    return {
        f"GET {api}ping": Route(lambda _: {}, "none"),
        f"GET {api}time": Route(lambda _: {"serverTime": engine.spot.now_ms}, "none"),
        f"GET {api}exchangeInfo": Route(partial(exchange_info, engine, engine.spot), "none", 20),
        f"GET {api}depth": Route(market.depth, "none", 5),
        f"GET {api}aggTrades": Route(market.agg_trades, "none", 4),
        f"GET {api}ticker/24hr": Route(market.ticker_24h, "none", 2),
        f"GET {api}account": Route(partial(account.spot_account, engine), weight=20),
        f"POST {api}order": Route(trade.place, orders=1),
        f"GET {api}order": Route(trade.query, weight=4),
        f"DELETE {api}order": Route(trade.cancel),
        f"POST {api}order/cancelReplace": Route(trade.cancel_replace, orders=1),
        f"GET {api}openOrders": Route(trade.open_orders, weight=6),
        f"DELETE {api}openOrders": Route(trade.cancel_all_spot),
        f"GET {api}allOrders": Route(trade.all_orders, weight=20),
        f"GET {api}myTrades": Route(partial(account.my_trades, engine, engine.spot), weight=20),
        "GET /dapi/v1/exchangeInfo": Route(lambda _: {"symbols": []}, "none"),
        "GET /eapi/v1/exchangeInfo": Route(lambda _: {"optionSymbols": []}, "none"),
        "GET /sapi/v1/asset/tradeFee": Route(partial(account.trade_fee, engine)),
        "GET /sapi/v1/account/apiRestrictions": Route(_restrictions),
        "GET /sapi/v1/capital/config/getall": Route(lambda _: []),
        "GET /sapi/v1/margin/allPairs": Route(lambda _: [], "key"),
        "GET /sapi/v1/margin/isolated/allPairs": Route(lambda _: []),
    }


def linear_routes(
    engine: Engine, market: BinanceQuotes, trade: BinanceTrade, user: LinearUser
) -> dict[str, Route]:
    """Everything behind the futures host."""
    api = "/fapi/v1/"
    balances = partial(account.linear_balance, engine)
    return {
        f"GET {api}ping": Route(lambda _: {}, "none"),
        f"GET {api}time": Route(lambda _: {"serverTime": engine.perp.now_ms}, "none"),
        f"GET {api}exchangeInfo": Route(partial(exchange_info, engine, engine.perp), "none"),
        f"GET {api}depth": Route(market.depth, "none", 5),
        f"GET {api}aggTrades": Route(market.agg_trades, "none", 20),
        f"GET {api}ticker/24hr": Route(market.ticker_24h, "none"),
        f"GET {api}premiumIndex": Route(market.premium_index, "none"),
        f"GET {api}fundingInfo": Route(market.funding_info, "none", 0),
        f"GET {api}fundingRate": Route(market.funding_history, "none"),
        f"POST {api}order": Route(trade.place, orders=1),
        f"PUT {api}order": Route(trade.modify, orders=1),
        f"GET {api}order": Route(trade.query),
        f"DELETE {api}order": Route(trade.cancel),
        f"POST {api}batchOrders": Route(trade.place_batch, weight=5, orders=5),
        f"PUT {api}batchOrders": Route(trade.modify_batch, weight=5, orders=5),
        f"DELETE {api}batchOrders": Route(trade.cancel_batch),
        f"POST {api}countdownCancelAll": Route(trade.countdown, weight=10),
        f"GET {api}openOrder": Route(trade.query_open),
        f"GET {api}openOrders": Route(trade.open_orders),
        f"DELETE {api}allOpenOrders": Route(trade.cancel_all_linear),
        f"GET {api}allOrders": Route(trade.all_orders, weight=5),
        f"GET {api}userTrades": Route(partial(account.my_trades, engine, engine.perp), weight=5),
        "GET /fapi/v2/balance": Route(balances, weight=5),
        "GET /fapi/v3/balance": Route(balances, weight=5),
        "GET /fapi/v2/account": Route(partial(account.linear_account, engine), weight=5),
        "GET /fapi/v3/account": Route(partial(account.linear_account, engine), weight=5),
        "GET /fapi/v2/positionRisk": Route(partial(account.position_risk, engine), weight=5),
        "GET /fapi/v3/positionRisk": Route(partial(account.position_risk, engine), weight=5),
        f"GET {api}leverageBracket": Route(partial(account.leverage_bracket, engine)),
        f"GET {api}symbolConfig": Route(partial(account.symbol_config, engine), weight=5),
        f"GET {api}accountConfig": Route(partial(account.account_config, engine), weight=5),
        f"GET {api}commissionRate": Route(partial(account.commission_rate, engine), weight=20),
        f"GET {api}income": Route(partial(account.income, engine), weight=30),
        f"POST {api}leverage": Route(partial(account.set_leverage, engine)),
        f"POST {api}marginType": Route(partial(account.set_margin_type, engine)),
        f"GET {api}positionSide/dual": Route(partial(account.position_mode, engine), weight=30),
        f"POST {api}positionSide/dual": Route(partial(account.set_position_mode, engine)),
        f"POST {api}listenKey": Route(lambda _: {"listenKey": user.open_key()}, "key"),
        f"PUT {api}listenKey": Route(partial(_keep_key, user), "key"),
        f"DELETE {api}listenKey": Route(partial(_drop_key, user), "key"),
    }


def _keep_key(user: LinearUser, _params: Params) -> Row:
    if not user.key:
        raise Refused(-1125, "This listenKey does not exist.")
    return {"listenKey": user.open_key()}


def _drop_key(user: LinearUser, _params: Params) -> Row:
    user.close_key()
    return {}


def _restrictions(_params: Params) -> Row:
    return {
        "ipRestrict": True,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableFutures": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
    }
