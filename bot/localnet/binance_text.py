"""Binance's words: error codes, order and trade rows, symbol descriptions, for spot and USDT futures.

Rule 1: numbers are strings with the venue's number of digits; spot pads to eight.
"""

from __future__ import annotations

from typing import Any

from bot.localnet.engine import Engine, average_text, price_text, size_text, text
from bot.localnet.orders import Order, Tif, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.web import Refused
from bot.model.order import OrderState

Row = dict[str, Any]

_SPOT = {
    "lot": (-1013, "Filter failure: LOT_SIZE"),
    "tick": (-1013, "Filter failure: PRICE_FILTER"),
    "price": (-1013, "Filter failure: PRICE_FILTER"),
    "band": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "notional": (-1013, "Filter failure: NOTIONAL"),
    "too_many_orders": (-1013, "Filter failure: MAX_NUM_ORDERS"),
    "post_only": (-2010, "Order would immediately match and take."),
    "insufficient_balance": (-2010, "Account has insufficient balance for requested action."),
    "duplicate": (-2010, "Duplicate order sent."),
    "no_liquidity": (-2010, "Order book liquidity is less than LOT_SIZE filter minimum quantity."),
    "halted": (-1013, "Market is closed."),
    "unchanged": (-2010, "Order would not be changed."),
}
_LINEAR = {
    "lot": (-1111, "Precision is over the maximum defined for this asset."),
    "tick": (-4014, "Price not increased by tick size."),
    "price": (-4001, "Price less than 0."),
    "band": (-4024, "Limit price can't be lower or higher than the mark price allows."),
    "notional": (-4164, "Order's notional must be no smaller than {min} (unless you choose reduce only)."),
    "too_many_orders": (-2025, "Reach max open order limit."),
    "post_only": (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    "insufficient_margin": (-2019, "Margin is insufficient."),
    "reduce_only": (-2022, "ReduceOnly Order is rejected."),
    "duplicate": (-4116, "ClientOrderId is duplicated."),
    "no_liquidity": (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    "halted": (-4142, "Symbol is not in trading status."),
    "unchanged": (-5027, "No need to modify the order."),
}
_STATUS = {
    "new": "NEW",
    "partial": "PARTIALLY_FILLED",
    "filled": "FILLED",
    "canceled": "CANCELED",
    "expired": "EXPIRED",
    "rejected": "REJECTED",
}
_TIF = {Tif.POST_ONLY: "GTX", Tif.GTC: "GTC", Tif.IOC: "IOC", Tif.FOK: "FOK"}


def unknown_order(code: int = -2011) -> Refused:
    """There is no such order (-2013: on a query)."""
    return Refused(code, "Unknown order sent." if code == -2011 else "Order does not exist.")


def refusal(desk: DeskReports, reason: str) -> Refused:
    """The venue's answer for one of the desk's reasons."""
    table = _SPOT if desk.spot else _LINEAR
    code, words = table.get(reason, (-1013, f"Order rejected: {reason}."))
    return Refused(code, words.format(min=desk.rules.notional_min))


def status(order: Order) -> str:
    """An order's status."""
    if order.state is OrderState.EXPIRED and order.reason == "self_trade":
        return "EXPIRED_IN_MATCH"
    return _STATUS[order.status()]


def kind(order: Order, *, spot: bool) -> str:
    """LIMIT_MAKER, LIMIT or MARKET."""
    if order.is_market:
        return "MARKET"
    return "LIMIT_MAKER" if spot and order.request.tif is Tif.POST_ONLY else "LIMIT"


def tif(order: Order, *, spot: bool) -> str:
    """Time in force; spot post-only orders say GTC."""
    if order.is_market:
        return "GTC"
    return "GTC" if spot and order.request.tif is Tif.POST_ONLY else _TIF[order.request.tif]


def spot_price(desk: DeskReports, ticks: int) -> str:
    """Eight digits."""
    return text(desk.instrument.price(ticks), 8)


def spot_size(desk: DeskReports, lots: int) -> str:
    """Eight digits."""
    return text(desk.instrument.tokens(lots), 8)


def quote_size(desk: DeskReports, cost_quanta: int) -> str:
    """USDT with eight digits."""
    return text(desk.instrument.tick * desk.instrument.lot * cost_quanta, 8)


def order_row(desk: DeskReports, symbol: str, order: Order) -> Row:
    """One order as queries show it."""
    return spot_row(desk, symbol, order) if desk.spot else linear_row(desk, symbol, order)


def spot_row(desk: DeskReports, symbol: str, order: Order) -> Row:
    """One spot order."""
    return {
        "symbol": symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": spot_price(desk, 0 if order.is_market else order.ticks),
        "origQty": spot_size(desk, order.lots),
        "executedQty": spot_size(desk, order.filled),
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": quote_size(desk, order.cost_quanta),
        "status": status(order),
        "timeInForce": tif(order, spot=True),
        "type": kind(order, spot=True),
        "side": order.side.word.upper(),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": True,
        "workingTime": order.created_ms,
        "selfTradePreventionMode": "EXPIRE_TAKER",
    }


def linear_row(desk: DeskReports, symbol: str, order: Order) -> Row:
    """One futures order."""
    instrument = desk.instrument
    filled = size_text(instrument, order.filled)
    return {
        "orderId": order.id,
        "symbol": symbol,
        "status": status(order),
        "clientOrderId": order.client_id,
        "price": price_text(instrument, 0 if order.is_market else order.ticks),
        "avgPrice": average_text(instrument, order.cost_quanta, order.filled),
        "origQty": size_text(instrument, order.lots),
        "executedQty": filled,
        "cumQty": filled,
        "cumQuote": quote_size(desk, order.cost_quanta),
        "timeInForce": tif(order, spot=False),
        "type": kind(order, spot=False),
        "reduceOnly": order.request.reduce_only,
        "closePosition": False,
        "side": order.side.word.upper(),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind(order, spot=False),
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_TAKER",
        "goodTillDate": 0,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def trade_row(desk: DeskReports, symbol: str, trade: Trade) -> Row:
    """One of our trades as queries show it."""
    worth = quote_size(desk, trade.ticks * trade.lots)
    common = {
        "symbol": symbol,
        "id": trade.id,
        "orderId": trade.order.id,
        "quoteQty": worth,
        "commission": text(trade.fee, 8),
        "commissionAsset": "USDT",
        "time": trade.ms,
    }
    if desk.spot:
        return common | {
            "orderListId": -1,
            "price": spot_price(desk, trade.ticks),
            "qty": spot_size(desk, trade.lots),
            "isBuyer": trade.side > 0,
            "isMaker": trade.maker,
            "isBestMatch": True,
        }
    return common | {
        "side": trade.side.word.upper(),
        "price": price_text(desk.instrument, trade.ticks),
        "qty": size_text(desk.instrument, trade.lots),
        "realizedPnl": text(trade.realised, 8),
        "positionSide": "BOTH",
        "maker": trade.maker,
        "buyer": trade.side > 0,
    }


def _filters(desk: DeskReports) -> list[Row]:
    tick, lot = f"{desk.instrument.tick:f}", f"{desk.instrument.lot:f}"
    lots = {"minQty": lot, "maxQty": "90000000", "stepSize": lot}
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
    ]


def spot_symbol(engine: Engine) -> Row:
    """The symbol in the exchange information."""
    desk = engine.spot
    return {
        "symbol": engine.symbol,
        "status": "TRADING",
        "baseAsset": engine.base,
        "baseAssetPrecision": 8,
        "quoteAsset": engine.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "quoteOrderQtyMarketAllowed": False,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_filters(desk),
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": f"{desk.rules.notional_min:f}",
                "applyMinToMarket": True,
                "maxNotional": "9000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": desk.rules.orders_max},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_TAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER"],
    }


def linear_symbol(engine: Engine) -> Row:
    """The contract in the exchange information."""
    desk = engine.perp
    return {
        "symbol": engine.symbol,
        "pair": engine.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": 1_600_000_000_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "10.0000",
        "baseAsset": engine.base,
        "quoteAsset": engine.quote,
        "marginAsset": engine.quote,
        "pricePrecision": -int(desk.instrument.tick.as_tuple().exponent),
        "quantityPrecision": max(0, -int(desk.instrument.lot.as_tuple().exponent)),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "filters": [
            *_filters(desk),
            {"filterType": "MAX_NUM_ORDERS", "limit": desk.rules.orders_max},
            {"filterType": "MIN_NOTIONAL", "notional": f"{desk.rules.notional_min:f}"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "5",
                "multiplierDown": "0.2",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
