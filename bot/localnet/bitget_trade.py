"""Bitget order entry and queries for spot and USDT futures.

Rule 1: an order is acknowledged before it is matched: a post-only order that crosses is cancelled afterwards.
Rule 2: changing an order is a cancel and a new order under a new id, in both markets.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from bot.localnet.bitget_text import FUTURES, Row, fill_row, order_row, refusal
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine
from bot.localnet.orders import Order, OrderRequest, Tif
from bot.localnet.web import Refused
from bot.model.order import OrderState, Side

Params = dict[str, Any]
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_FORCES = {"gtc": Tif.GTC, "ioc": Tif.IOC, "fok": Tif.FOK, "post_only": Tif.POST_ONLY}
_ASYNC = ("post_only", "no_liquidity")


def number(params: Params, name: str) -> Decimal:
    """A mandatory decimal."""
    try:
        found = Decimal(str(params.get(name, "")))
    except InvalidOperation:
        raise Refused("40017", f"Parameter verification failed {name}") from None
    if not found.is_finite():
        raise Refused("40017", f"Parameter verification failed {name}")
    return found


class BitgetOrders:
    """Single orders at one desk."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk

    def check(self, params: Params, *, symbol: bool = True) -> None:
        """Symbol and product type must be those traded here."""
        if (symbol or params.get("symbol")) and params.get("symbol") != self.engine.symbol:
            raise Refused("40034", f"Parameter {params.get('symbol', '')} does not exist")
        if not self.desk.spot and str(params.get("productType", "")).upper() != FUTURES:
            raise Refused("40017", "Parameter verification failed productType")

    def request(self, params: Params) -> OrderRequest:
        """A new order, checked; raises the venue's refusal."""
        desk = self.desk
        self.check(params)
        side, market = _SIDES.get(str(params.get("side")).lower()), params.get("orderType") == "market"
        tif = Tif.IOC if market else _FORCES.get(str(params.get("force") or "gtc").lower())
        if side is None or tif is None or params.get("orderType") not in ("limit", "market"):
            raise Refused("40017", "Parameter verification failed side, orderType or force")
        if params.get("tradeSide") and not desk.spot:
            words = "The order type for unilateral position must also be the unilateral position type."
            raise Refused("40774", words)
        price = None if market else number(params, "price")
        size = number(params, "size")
        if market and desk.spot and side > 0:
            size = self._tokens_for(size)
        reduce_only = params.get("reduceOnly") == "YES" and not desk.spot
        reason = desk.filtered(price, size, reduce_only=reduce_only)
        client_id = str(params.get("clientOid") or f"local{self.engine.sequence()}")
        if not reason and client_id in desk.by_client:
            reason = "duplicate"
        if reason:
            raise refusal(desk, reason)
        instrument = desk.instrument
        ticks = instrument.ticks(price) if price is not None else None
        return OrderRequest(client_id, side, ticks, instrument.lots(size), tif, reduce_only)

    def _tokens_for(self, usdt: Decimal) -> Decimal:
        """A market buy is by amount of USDT."""
        instrument, ask = self.desk.instrument, self.desk.book.best_ask
        return instrument.tokens(instrument.lots(usdt / instrument.price(ask))) if ask else Decimal(0)

    def place(self, params: Params) -> Row:
        """POST place-order."""
        order = self.desk.place(self.request(params))
        if order.state is OrderState.REJECTED:
            if order.reason not in _ASYNC:
                raise refusal(self.desk, order.reason)
            self.desk.void(order)
        return self.ids(order)

    def ids(self, order: Order) -> Row:
        """What an acknowledgement says."""
        return {"orderId": str(order.id), "clientOid": order.client_id}

    def find(self, params: Params) -> Order:
        """The open order a request is about; raises when it is not (or no more) there."""
        order_id, client_id = params.get("orderId"), params.get("clientOid")
        if not order_id and not client_id:
            raise Refused("40017", "Parameter verification failed orderId and clientOid are both empty")
        order = self.desk.find(order_id, client_id)
        if order is None or not order.open:
            raise refusal(self.desk, "unknown")
        return order

    def cancel(self, params: Params) -> Row:
        """POST cancel-order."""
        self.check(params)
        order = self.find(params)
        self.desk.cancel(order)
        return self.ids(order)

    def detail(self, params: Params) -> Row | list[Row]:
        """GET orderInfo (spot: a list, empty when unknown) and order/detail (futures: one, or 40109)."""
        self.check(params, symbol=not self.desk.spot)
        order = self.desk.find(params.get("orderId"), params.get("clientOid"))
        if self.desk.spot:
            return [] if order is None else [order_row(self.desk, self.engine.symbol, order)]
        if order is None:
            words = "The data of the order cannot be found, please confirm the order number"
            raise Refused("40109", words)
        return order_row(self.desk, self.engine.symbol, order)


class BitgetTrade(BitgetOrders):
    """Order entry and queries, batches included."""

    def replace(self, params: Params) -> Row:
        """POST cancel-replace-order (spot): price and size are both new."""
        done = self._change(params, number(params, "price"), number(params, "size"))
        return done | {"success": "success", "msg": None}

    def modify(self, params: Params) -> Row:
        """POST modify-order (futures): `newPrice`, `newSize`, `newClientOid`."""
        return self._change(params, number(params, "newPrice"), number(params, "newSize"))

    def _change(self, params: Params, price: Decimal, size: Decimal) -> Row:
        self.check(params)
        old = self.find(params)
        force = {tif: word for word, tif in _FORCES.items()}[old.request.tif]
        wanted = {
            **params,
            "side": old.side.word,
            "orderType": "limit",
            "force": force,
            "price": str(price),
            "size": str(size),
            "clientOid": params.get("newClientOid"),
            "reduceOnly": "YES" if old.request.reduce_only else "NO",
        }
        self.request(wanted)  # refused before the old order is lost
        self.desk.cancel(old)
        return self.place(wanted)

    def place_batch(self, params: Params) -> Row:
        """POST batch-orders, batch-place-order."""
        self.check(params)
        done: list[Row] = []
        failed: list[Row] = []
        for one in params.get("orderList") or []:
            try:
                done.append(self.place({**params, **one}))
            except Refused as error:
                failed.append(_failure(one, error))
        return {"successList": done, "failureList": failed}

    def cancel_batch(self, params: Params) -> Row:
        """POST batch-cancel-order(s): those listed; futures without a list cancel all of the symbol."""
        self.check(params)
        listed = params.get("orderList") or params.get("orderIdList")
        if listed is None and not self.desk.spot:
            gone = [self.ids(order) for order in self.desk.cancel_all()]
            return {"successList": gone, "failureList": []}
        done: list[Row] = []
        failed: list[Row] = []
        for one in listed or []:
            try:
                done.append(self.cancel({**params, **one}))
            except Refused as error:
                failed.append(_failure(one, error))
        return {"successList": done, "failureList": failed}

    def cancel_symbol(self, params: Params) -> Row:
        """POST cancel-symbol-order (spot)."""
        self.check(params)
        self.desk.cancel_all()
        return {"symbol": self.engine.symbol}

    def open_orders(self, params: Params) -> Row | list[Row]:
        """GET unfilled-orders (spot: a list), orders-pending (futures: a page), newest first."""
        self.check(params, symbol=False)
        orders = sorted(self.desk.open_orders(), key=lambda order: -order.id)
        return self._page([order_row(self.desk, self.engine.symbol, one) for one in orders], params)

    def past_orders(self, params: Params) -> Row | list[Row]:
        """GET history-orders, orders-history, newest first."""
        self.check(params, symbol=False)
        orders = [order for order in self.desk.orders.values() if not order.open]
        return self._page([order_row(self.desk, self.engine.symbol, one) for one in orders[::-1]], params)

    def _page(self, rows: list[Row], params: Params) -> Row | list[Row]:
        before = int(params.get("idLessThan") or 2**62)
        rows = [row for row in rows if int(row["orderId"]) < before][: int(params.get("limit") or 100)]
        if self.desk.spot:
            return rows
        return {"entrustedList": rows or None, "endId": rows[-1]["orderId"] if rows else None}

    def fills(self, params: Params) -> Row | list[Row]:
        """GET fills, newest first."""
        self.check(params, symbol=self.desk.spot)
        start, end = int(params.get("startTime") or 0), int(params.get("endTime") or 2**62)
        before = int(params.get("idLessThan") or 2**62)
        trades = [one for one in self.desk.trades if start <= one.ms <= end and one.id < before]
        if params.get("orderId"):
            trades = [one for one in trades if str(one.order.id) == params["orderId"]]
        trades = trades[::-1][: int(params.get("limit") or 100)]
        rows = [fill_row(self.desk, self.engine.symbol, one) for one in trades]
        if self.desk.spot:
            return rows
        return {"fillList": rows or None, "endId": rows[-1]["tradeId"] if rows else None}


def _failure(one: Row, error: Refused) -> Row:
    return {
        "orderId": one.get("orderId", ""),
        "clientOid": one.get("clientOid", ""),
        "errorMsg": error.message,
        "errorCode": error.code,
    }
