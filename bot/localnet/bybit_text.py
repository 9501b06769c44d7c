"""Bybit's words: return codes, order and execution rows.

Rule 1: numbers are strings; a linear order carries `tpslMode`, a spot order does not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.localnet.engine import Engine, average_text, price_text, size_text, text
from bot.localnet.orders import FundingRow, Order, Tif, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.web import Refused
from bot.model.order import OrderState, Side

Row = dict[str, Any]

_SPOT = {
    "lot": (170137, "Order quantity has too many decimals."),
    "tick": (170134, "Order price has too many decimals."),
    "price": (170132, "Order price is too low."),
    "band": (170193, "Order price is outside of the allowed range."),
    "notional": (170140, "Order value exceeded lower limit."),
    "too_many_orders": (170810, "Cannot exceed maximum of active orders."),
    "insufficient_balance": (170131, "Insufficient balance."),
    "duplicate": (170141, "Duplicate clientOrderId"),
    "unknown": (170213, "Order does not exist."),
    "halted": (170333, "The symbol is not open for trading."),
}
_LINEAR = {
    "lot": (10001, "Qty invalid"),
    "tick": (10001, "Price invalid"),
    "price": (10001, "Price invalid"),
    "band": (110003, "Order price exceeds the allowable range."),
    "notional": (110094, "Order does not meet minimum order value {min}USDT"),
    "too_many_orders": (110020, "Not allowed to have more than {max} active orders"),
    "insufficient_margin": (110007, "ab not enough for new order"),
    "reduce_only": (110017, "current position is zero, cannot fix reduce-only order qty"),
    "duplicate": (110072, "OrderLinkedID is duplicate"),
    "unknown": (110001, "order not exists or too late to cancel"),
    "halted": (110066, "Currently, trading is not allowed"),
}
_STATUS = {"new": "New", "partial": "PartiallyFilled", "filled": "Filled", "rejected": "Rejected"}
_TIF = {Tif.POST_ONLY: "PostOnly", Tif.GTC: "GTC", Tif.IOC: "IOC", Tif.FOK: "FOK"}
_REJECTS = {
    "post_only": "EC_PostOnlyWillTakeLiquidity",
    "ioc": "EC_NoImmediateQtyToFill",
    "fok": "EC_NoEnoughQtyToFill",
    "no_liquidity": "EC_NoImmediateQtyToFill",
    "reduce_only": "EC_ReduceOnlyCancelled",
    "self_trade": "EC_CancelBySmp",
}


def refusal(desk: DeskReports, reason: str) -> Refused:
    """The venue's answer for one of the desk's reasons."""
    code, words = (_SPOT if desk.spot else _LINEAR).get(reason, (10001, f"Request refused: {reason}"))
    return Refused(code, words.format(min=desk.rules.notional_min, max=desk.rules.orders_max))


def category(desk: DeskReports) -> str:
    """`spot` or `linear`."""
    return "spot" if desk.spot else "linear"


def side_word(side: Side) -> str:
    """`Buy` or `Sell`."""
    return "Buy" if side > 0 else "Sell"


def status(desk: DeskReports, order: Order) -> str:
    """An order's status; a spot order that ended half filled has a word of its own."""
    known = _STATUS.get(order.status())
    if known:
        return known
    return "PartiallyFilledCanceled" if desk.spot and order.filled else "Cancelled"


def order_row(desk: DeskReports, symbol: str, order: Order) -> Row:
    """One order, as queries and the stream show it."""
    instrument = desk.instrument
    worth = instrument.tick * instrument.lot
    left = order.left if order.state is OrderState.OPEN else 0
    row: Row = {
        "orderId": str(order.id),
        "orderLinkId": order.client_id,
        "blockTradeId": "",
        "symbol": symbol,
        "price": price_text(instrument, 0 if order.is_market else order.ticks),
        "qty": size_text(instrument, order.lots),
        "side": side_word(order.side),
        "isLeverage": "0",
        "positionIdx": 0,
        "orderStatus": status(desk, order),
        "createType": "CreateByUser",
        "cancelType": "CancelByUser" if order.state is OrderState.CANCELED else "UNKNOWN",
        "rejectReason": _REJECTS.get(order.reason, "EC_NoError"),
        "avgPrice": average_text(instrument, order.cost_quanta, order.filled) if order.filled else "",
        "leavesQty": size_text(instrument, left),
        "leavesValue": text(worth * left * order.ticks),
        "cumExecQty": size_text(instrument, order.filled),
        "cumExecValue": text(worth * order.cost_quanta),
        "cumExecFee": text(order.fee),
        "timeInForce": "IOC" if order.is_market else _TIF[order.request.tif],
        "orderType": "Market" if order.is_market else "Limit",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "0",
        "takeProfit": "0",
        "stopLoss": "0",
        "triggerDirection": 0,
        "triggerBy": "",
        "lastPriceOnCreated": "",
        "reduceOnly": order.request.reduce_only,
        "closeOnTrigger": False,
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }
    return row if desk.spot else row | {"tpslMode": "UNKNOWN"}


def execution_row(desk: DeskReports, symbol: str, trade: Trade) -> Row:
    """One of our trades."""
    instrument, order = desk.instrument, trade.order
    worth = instrument.tick * instrument.lot * trade.ticks * trade.lots
    return {
        "symbol": symbol,
        "orderType": "Market" if order.is_market else "Limit",
        "underlyingPrice": "",
        "orderLinkId": order.client_id,
        "side": side_word(trade.side),
        "indexPrice": "",
        "orderId": str(order.id),
        "stopOrderType": "UNKNOWN",
        "leavesQty": size_text(instrument, order.left),
        "execTime": str(trade.ms),
        "feeCurrency": "USDT",
        "isMaker": trade.maker,
        "execFee": text(trade.fee),
        "feeRate": text(trade.fee / worth, 8),
        "execId": str(trade.id),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": "",
        "execPrice": price_text(instrument, trade.ticks),
        "markIv": "",
        "orderQty": size_text(instrument, order.lots),
        "orderPrice": price_text(instrument, order.ticks),
        "execValue": text(worth),
        "execType": "Trade",
        "execQty": size_text(instrument, trade.lots),
        "closedSize": "",
        "execPnl": text(trade.realised),
        "seq": trade.id,
    }


def funding_row(engine: Engine, row: FundingRow) -> Row:
    """A funding payment in the execution list: `execFee` positive = paid."""
    return {
        "symbol": engine.symbol,
        "orderType": "UNKNOWN",
        "orderLinkId": "",
        "side": side_word(Side.BUY if row.position > 0 else Side.SELL),
        "orderId": f"funding-{row.id}",
        "stopOrderType": "UNKNOWN",
        "leavesQty": "0",
        "execTime": str(row.ms),
        "feeCurrency": "",
        "isMaker": False,
        "execFee": text(-row.usdt),
        "feeRate": f"{row.rate:.8f}",
        "execId": str(row.id),
        "markPrice": text(engine.mark(engine.perp)),
        "execPrice": text(engine.mark(engine.perp)),
        "orderQty": "0",
        "orderPrice": "0",
        "execValue": text(abs(row.usdt) / Decimal(f"{row.rate:.12f}") if row.rate else Decimal(0), 8),
        "execType": "Funding",
        "execQty": text(abs(row.position)),
        "closedSize": "",
        "seq": row.id,
    }
