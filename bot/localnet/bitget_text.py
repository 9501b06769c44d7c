"""Bitget's words: codes, order and fill rows, symbols, for spot and USDT futures.

Rule 1: numbers are strings; fees are negative when paid.
"""

from __future__ import annotations

from typing import Any

from bot.localnet.engine import Engine, average_text, price_text, size_text, text
from bot.localnet.orders import Order, Tif, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.web import Refused

Row = dict[str, Any]
FUTURES = "USDT-FUTURES"

_BOTH = {
    "lot": ("40808", "Parameter verification exception size checkBDScale error"),
    "tick": ("40808", "Parameter verification exception price checkBDScale error"),
    "price": ("40020", "Parameter price error"),
    "band": ("22006", "limit price is outside of the allowed range"),
    "notional": ("45110", "less than the minimum amount {min} USDT"),
    "too_many_orders": ("45111", "the number of open orders exceeds {max}"),
    "reduce_only": ("22002", "No position to close"),
    "halted": ("40200", "Server upgrade, please try again later"),
}
_SPOT = {
    "insufficient_balance": ("43012", "Insufficient balance"),
    "duplicate": ("43118", "clientOrderId duplicate"),
    "unknown": ("43001", "The order does not exist"),
}
_FUTURES = {
    "insufficient_margin": ("40762", "The order amount exceeds the balance"),
    "duplicate": ("40786", "Duplicate clientOid"),
    "unknown": ("40768", "Order does not exist"),
}
_STATUS = {"new": "live", "partial": "partially_filled", "filled": "filled"}
_FORCE = {Tif.POST_ONLY: "post_only", Tif.GTC: "gtc", Tif.IOC: "ioc", Tif.FOK: "fok"}


def refusal(desk: DeskReports, reason: str) -> Refused:
    """The venue's answer for one of the desk's reasons."""
    table = _BOTH | (_SPOT if desk.spot else _FUTURES)
    code, words = table.get(reason, ("40017", f"Parameter verification failed: {reason}"))
    return Refused(code, words.format(min=desk.rules.notional_min, max=desk.rules.orders_max))


def product(desk: DeskReports) -> str:
    """`SPOT` or `USDT-FUTURES`."""
    return "SPOT" if desk.spot else FUTURES


def status(order: Order) -> str:
    """live, partially_filled, filled, cancelled."""
    return _STATUS.get(order.status(), "cancelled")


def _common(desk: DeskReports, order: Order) -> Row:
    instrument = desk.instrument
    return {
        "orderId": str(order.id),
        "clientOid": order.client_id,
        "price": price_text(instrument, 0 if order.is_market else order.ticks),
        "priceAvg": average_text(instrument, order.cost_quanta, order.filled),
        "size": size_text(instrument, order.lots),
        "orderType": "market" if order.is_market else "limit",
        "side": order.side.word,
        "status": status(order),
        "force": "ioc" if order.is_market else _FORCE[order.request.tif],
        "baseVolume": size_text(instrument, order.filled),
        "quoteVolume": text(instrument.tick * instrument.lot * order.cost_quanta, 8),
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def order_row(desk: DeskReports, symbol: str, order: Order) -> Row:
    """One order as queries show it."""
    row = _common(desk, order) | {"symbol": symbol, "orderSource": "normal"}
    if desk.spot:
        return row | {
            "userId": "1",
            "enterPointSource": "API",
            "feeDetail": "",
            "cancelReason": "normal_cancel" if row["status"] == "cancelled" else "",
            "triggerPrice": None,
            "tpslType": "normal",
        }
    return row | {
        "state": row["status"],
        "fee": text(-order.fee),
        "totalProfits": "0",
        "posSide": "net",
        "marginCoin": "USDT",
        "leverage": "10",
        "marginMode": "crossed",
        "enterPointSource": "api",
        "tradeSide": f"{order.side.word}_single",
        "posMode": "one_way_mode",
        "presetStopSurplusPrice": "",
        "presetStopLossPrice": "",
        "reduceOnly": "YES" if order.request.reduce_only else "NO",
    }


def order_event(desk: DeskReports, symbol: str, order: Order, trade: Trade | None) -> Row:
    """One order as the stream shows it; with a trade, `baseVolume` is that trade's size alone."""
    instrument = desk.instrument
    row = _common(desk, order)
    del row["baseVolume"], row["quoteVolume"]
    row |= {
        "instId": symbol,
        "accBaseVolume": size_text(instrument, order.filled),
        "enterPointSource": "API",
        "feeDetail": [{"feeCoin": "USDT", "fee": text(-order.fee)}] if order.filled else [],
        "cancelReason": "normal_cancel" if row["status"] == "cancelled" else "",
    }
    worth = instrument.tick * instrument.lot
    if desk.spot:
        row["newSize"] = row["size"]
        if order.is_market and order.side > 0:
            row["newSize"] = text(worth * order.cost_quanta, 8)
        row["size"] = row["notional"] = text(worth * order.ticks * order.lots, 8)
    else:
        row |= {
            "leverage": "10",
            "marginCoin": "USDT",
            "marginMode": "crossed",
            "notionalUsd": text(worth * order.ticks * order.lots, 8),
            "posMode": "one_way_mode",
            "posSide": "net",
            "tradeSide": f"{order.side.word}_single",
            "reduceOnly": "yes" if order.request.reduce_only else "no",
        }
    if trade is not None:
        row |= {
            "baseVolume": size_text(instrument, trade.lots),
            "fillPrice": price_text(instrument, trade.ticks),
            "tradeId": str(trade.id),
            "fillTime": str(trade.ms),
            "fillFee": text(-trade.fee),
            "fillFeeCoin": "USDT",
            "tradeScope": "M" if trade.maker else "T",
        }
        if not desk.spot:
            row |= {"pnl": text(trade.realised), "fillNotionalUsd": text(worth * trade.ticks * trade.lots, 8)}
    return row


def fill_row(desk: DeskReports, symbol: str, trade: Trade, *, stream: bool = False) -> Row:
    """One of our trades; the stream and the spot query differ in the shape of the fee alone."""
    instrument = desk.instrument
    worth = text(instrument.tick * instrument.lot * trade.ticks * trade.lots, 8)
    fee = {"deduction": "no", "feeCoin": "USDT", "totalDeductionFee": "0", "totalFee": text(-trade.fee)}
    row: Row = {
        "tradeId": str(trade.id),
        "symbol": symbol,
        "orderId": str(trade.order.id),
        "clientOid": trade.order.client_id,
        "orderType": "market" if trade.order.is_market else "limit",
        "side": trade.side.word,
        "tradeScope": "maker" if trade.maker else "taker",
        "feeDetail": [fee] if stream or not desk.spot else fee,
        "cTime": str(trade.ms),
        "uTime": str(trade.ms),
    }
    price, size = price_text(instrument, trade.ticks), size_text(instrument, trade.lots)
    if desk.spot:
        return row | {"userId": "1", "priceAvg": price, "size": size, "amount": worth}
    return row | {
        "price": price,
        "baseVolume": size,
        "quoteVolume": worth,
        "profit": text(trade.realised),
        "enterPointSource": "api",
        "tradeSide": f"{trade.side.word}_single",
        "posMode": "one_way_mode",
    }


def spot_symbol(engine: Engine) -> Row:
    """The symbol in the public list; steps are powers of ten here."""
    instrument = engine.spot.instrument
    return {
        "symbol": engine.symbol,
        "baseCoin": engine.base,
        "quoteCoin": engine.quote,
        "minTradeAmount": f"{instrument.lot:f}",
        "maxTradeAmount": "90000000",
        "takerFeeRate": f"{instrument.taker_fee:f}",
        "makerFeeRate": f"{instrument.maker_fee:f}",
        "pricePrecision": str(-int(instrument.tick.as_tuple().exponent)),
        "quantityPrecision": str(-int(instrument.lot.as_tuple().exponent)),
        "quotePrecision": "8",
        "status": "online",
        "minTradeUSDT": f"{engine.spot.rules.notional_min:f}",
        "buyLimitPriceRatio": "4",
        "sellLimitPriceRatio": "0.8",
        "areaSymbol": "no",
        "orderQuantity": str(engine.spot.rules.orders_max),
    }


def contract(engine: Engine) -> Row:
    """The contract in the public list."""
    instrument, rules = engine.perp.instrument, engine.perp.rules
    tick = instrument.tick.as_tuple()
    return {
        "symbol": engine.symbol,
        "baseCoin": engine.base,
        "quoteCoin": engine.quote,
        "buyLimitPriceRatio": "4",
        "sellLimitPriceRatio": "0.8",
        "feeRateUpRatio": "0.005",
        "makerFeeRate": f"{instrument.maker_fee:f}",
        "takerFeeRate": f"{instrument.taker_fee:f}",
        "openCostUpRatio": "0.01",
        "supportMarginCoins": [engine.quote],
        "minTradeNum": f"{instrument.lot:f}",
        "priceEndStep": "".join(str(digit) for digit in tick.digits),
        "volumePlace": str(max(0, -int(instrument.lot.as_tuple().exponent))),
        "pricePlace": str(-int(tick.exponent)),
        "sizeMultiplier": f"{instrument.lot:f}",
        "symbolType": "perpetual",
        "minTradeUSDT": f"{rules.notional_min:f}",
        "maxSymbolOrderNum": str(rules.orders_max),
        "maxProductOrderNum": str(rules.orders_max),
        "maxPositionNum": "150",
        "symbolStatus": "normal",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": "",
        "fundInterval": str(engine.funding()[1]),
        "minLever": "1",
        "maxLever": "20",
        "posLimit": "0.05",
        "maintainTime": "",
    }
