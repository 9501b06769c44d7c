"""Binance order entry: new, change, cancel, for spot and USDT futures, over REST and WebSocket alike.

Rule 1: a refused order leaves nothing behind; a client id may be used again once its order is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import orjson

from bot.localnet.binance_params import Params, need, number
from bot.localnet.binance_text import (
    Row,
    linear_row,
    order_row,
    refusal,
    spot_price,
    spot_row,
    spot_size,
    unknown_order,
)
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, text
from bot.localnet.orders import Order, OrderRequest, Tif
from bot.localnet.web import Refused
from bot.model.order import OrderState, Side

_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_TIFS = {"GTC": Tif.GTC, "IOC": Tif.IOC, "FOK": Tif.FOK, "GTX": Tif.POST_ONLY}
_CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")


class BinanceOrders:
    """Single orders at one desk: new, query, cancel."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk
        self._cancel_at_ms = 0

    def symbol(self, params: Params) -> str:
        """The symbol asked for, if it is the one traded here."""
        symbol = need(params, "symbol")
        if symbol != self.engine.symbol:
            raise Refused(-1121, "Invalid symbol.")
        return symbol

    def row(self, order: Order) -> Row:
        """An order for a query."""
        return order_row(self.desk, self.engine.symbol, order)

    def request(self, params: Params) -> OrderRequest:
        """A new order, checked; raises the venue's refusal."""
        self.symbol(params)
        side = _SIDES.get(need(params, "side"))
        kind = need(params, "type")
        if side is None or kind not in ("LIMIT", "MARKET", "LIMIT_MAKER"):
            raise Refused(-1116 if side else -1117, "Invalid orderType." if side else "Invalid side.")
        price = number(params, "price") if kind != "MARKET" else None
        tif = Tif.POST_ONLY if kind == "LIMIT_MAKER" else Tif.IOC
        if kind == "LIMIT":
            found = _TIFS.get(need(params, "timeInForce"))
            if found is None:
                raise Refused(-1115, "Invalid timeInForce.")
            tif = found
        quantity = number(params, "quantity")
        reduce_only = params.get("reduceOnly", "false").lower() == "true"
        reason = self.desk.filtered(price, quantity, reduce_only=reduce_only)
        if reason:
            raise refusal(self.desk, reason)
        if params.get("positionSide", "BOTH") != "BOTH":
            raise Refused(-4061, "Order's position side does not match user's setting.")
        client_id = params.get("newClientOrderId") or f"local{self.engine.sequence()}"
        if not _CLIENT_ID.match(client_id):
            raise Refused(-4015 if not self.desk.spot else -1100, "Client order id is not valid.")
        known = self.desk.by_client.get(client_id)
        if known is not None and known.open:
            raise refusal(self.desk, "duplicate")
        instrument = self.desk.instrument
        ticks = instrument.ticks(price) if price is not None else None
        return OrderRequest(client_id, side, ticks, instrument.lots(quantity), tif, reduce_only)

    def place(self, params: Params) -> Row:
        """POST order."""
        order = self.desk.place(self.request(params))
        if order.state is OrderState.REJECTED:
            raise refusal(self.desk, order.reason)
        return self._placed(order)

    def _placed(self, order: Order) -> Row:
        desk = self.desk
        if not desk.spot:
            return linear_row(desk, self.engine.symbol, order)
        fills = [
            {
                "price": spot_price(desk, trade.ticks),
                "qty": spot_size(desk, trade.lots),
                "commission": text(trade.fee, 8),
                "commissionAsset": "USDT",
                "tradeId": trade.id,
            }
            for trade in takewhile(lambda trade: trade.order is order, reversed(desk.trades))
        ][::-1]
        return spot_row(desk, self.engine.symbol, order) | {"transactTime": order.updated_ms, "fills": fills}

    def find(
        self, params: Params, id_key: str = "orderId", client_key: str = "origClientOrderId"
    ) -> Order | None:
        """The order a request is about; -1102 when it names none."""
        order_id, client_id = params.get(id_key), params.get(client_key)
        if not order_id and not client_id:
            words = f"Param '{client_key}' or '{id_key}' must be sent, but both were empty/null!"
            raise Refused(-1102, words)
        return self.desk.find(order_id, client_id)

    def query(self, params: Params) -> Row:
        """GET order."""
        self.symbol(params)
        order = self.find(params)
        if order is None:
            raise unknown_order(-2013)
        return self.row(order)

    def query_open(self, params: Params) -> Row:
        """GET openOrder (futures)."""
        self.symbol(params)
        order = self.find(params)
        if order is None or not order.open:
            raise unknown_order(-2013)
        return self.row(order)

    def open_orders(self, params: Params) -> list[Row]:
        """GET openOrders."""
        if params.get("symbol"):
            self.symbol(params)
        return [self.row(order) for order in self.desk.open_orders()]

    def all_orders(self, params: Params) -> list[Row]:
        """GET allOrders, oldest first."""
        self.symbol(params)
        limit = int(params.get("limit", "500"))
        return [self.row(order) for order in list(self.desk.orders.values())[-limit:]]

    def cancel(self, params: Params) -> Row:
        """DELETE order. Spot names the cancel request `clientOrderId` and the order `origClientOrderId`."""
        self.symbol(params)
        order = self.find(params)
        if order is None or not order.open:
            raise unknown_order()
        return self._cancel(order, params.get("newClientOrderId", ""))

    def _cancel(self, order: Order, cancel_id: str) -> Row:
        desk = self.desk
        cancel_id = cancel_id or f"cancel{self.engine.sequence()}"
        desk.cancel(order, note=cancel_id)
        row = order_row(desk, self.engine.symbol, order)
        if desk.spot:
            row |= {
                "origClientOrderId": order.client_id,
                "clientOrderId": cancel_id,
                "transactTime": order.updated_ms,
            }
        return row

    def cancel_all_spot(self, params: Params) -> list[Row]:
        """DELETE openOrders: -2011 when nothing rests."""
        self.symbol(params)
        orders = self.desk.open_orders()
        if not orders:
            raise unknown_order()
        return [self._cancel(order, "") for order in orders]

    def cancel_all_linear(self, params: Params) -> Row:
        """DELETE allOpenOrders."""
        self.symbol(params)
        self.desk.cancel_all()
        return {"code": 200, "msg": "The operation of cancel all open order is done."}


class BinanceTrade(BinanceOrders):
    """Order entry at one desk, compound requests included."""

    def cancel_replace(self, params: Params) -> Row:
        """POST order/cancelReplace: a cancel, then a new order unless the cancel failed and that matters."""
        mode = need(params, "cancelReplaceMode")
        self.symbol(params)
        order = self.find(params, "cancelOrderId", "cancelOrigClientOrderId")
        answer: Row = {"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED"}
        answer |= {"cancelResponse": _error(unknown_order()), "newOrderResponse": None}
        if order is not None and order.open:
            answer["cancelResult"] = "SUCCESS"
            answer["cancelResponse"] = self._cancel(order, params.get("cancelNewClientOrderId", ""))
        elif mode == "STOP_ON_FAILURE":
            raise Refused(-2022, "Order cancel-replace failed.", 400, answer)
        try:
            answer["newOrderResponse"] = self.place(params)
            answer["newOrderResult"] = "SUCCESS"
        except Refused as error:
            answer["newOrderResponse"] = _error(error)
            answer["newOrderResult"] = "FAILURE"
        done = {answer["cancelResult"], answer["newOrderResult"]}
        if done == {"SUCCESS"}:
            return answer
        if done == {"FAILURE"}:
            raise Refused(-2022, "Order cancel-replace failed.", 400, answer)
        raise Refused(-2021, "Order cancel-replace partially failed.", 409, answer)

    def modify(self, params: Params) -> Row:
        """PUT order (futures): same order, new price and whole size."""
        self.symbol(params)
        order = self.find(params)
        if order is None or not order.open:
            raise Refused(-2013, "Order does not exist.")
        price, quantity = number(params, "price"), number(params, "quantity")
        reason = self.desk.filtered(price, quantity, reduce_only=order.request.reduce_only)
        instrument = self.desk.instrument
        ticks, lots = instrument.ticks(price), instrument.lots(quantity)
        if not reason and (ticks, lots) == (order.ticks, order.lots):
            reason = "unchanged"
        reason = reason or self.desk.amend(order, ticks, lots)
        if reason:
            raise refusal(self.desk, reason)
        return self.row(order)

    def place_batch(self, params: Params) -> list[Row]:
        """POST batchOrders: up to five, each with its own outcome."""
        return self._batch(params, self.place)

    def modify_batch(self, params: Params) -> list[Row]:
        """PUT batchOrders."""
        return self._batch(params, self.modify)

    def countdown(self, params: Params) -> Row:
        """POST countdownCancelAll: unless asked again in time, everything is cancelled; 0 stops it."""
        self.symbol(params)
        wait_ms = int(need(params, "countdownTime"))
        self._cancel_at_ms = self.desk.now_ms + wait_ms if wait_ms else 0
        return {"symbol": self.engine.symbol, "countdownTime": str(wait_ms)}

    def watch_countdown(self) -> None:
        """Once a second: carry the countdown out."""
        if self._cancel_at_ms and self.desk.now_ms >= self._cancel_at_ms:
            self._cancel_at_ms = 0
            self.desk.cancel_all()

    def _batch(self, params: Params, work: Callable[[Params], Row]) -> list[Row]:
        try:
            wanted: Any = orjson.loads(need(params, "batchOrders"))
        except orjson.JSONDecodeError:
            wanted = None
        if not isinstance(wanted, list) or not 0 < len(wanted) <= 5:
            raise Refused(-4082, "Invalid number of batch orders.")
        rows: list[Row] = []
        for one in wanted:
            try:
                rows.append(work({key: str(value) for key, value in one.items()}))
            except Refused as error:
                rows.append(_error(error))
        return rows

    def cancel_batch(self, params: Params) -> list[Row]:
        """DELETE batchOrders, by ids or client ids."""
        self.symbol(params)
        lists = {"orderId": ("orderidlist", "orderIdList"),
                 "origClientOrderId": ("origclientorderidlist", "origClientOrderIdList")}  # fmt: skip
        rows: list[Row] = []
        for key, names in lists.items():
            raw = next((params[name] for name in names if params.get(name)), "[]")
            for value in orjson.loads(raw):
                try:
                    rows.append(self.cancel({"symbol": self.engine.symbol, key: str(value)}))
                except Refused as error:
                    rows.append(_error(error))
        return rows


def _error(refused: Refused) -> Row:
    return {"code": refused.code, "msg": refused.message}
