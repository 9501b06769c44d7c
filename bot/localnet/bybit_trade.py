"""Bybit order entry and queries: create, amend, cancel, batches, open and past orders, executions.

Rule 1: an order is acknowledged before it is matched: a post-only order that crosses is cancelled afterwards.
Rule 2: a client id is used once, for ever.
Rule 3: the account is unified: USDT moves to the desk that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.localnet.bybit_text import Row, category, execution_row, funding_row, order_row, refusal
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, perp_state, spot_balances
from bot.localnet.orders import Order, OrderRequest, Tif
from bot.localnet.web import Refused
from bot.model.order import OrderState, Side

Params = dict[str, Any]
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
_TIFS = {"GTC": Tif.GTC, "IOC": Tif.IOC, "FOK": Tif.FOK, "PostOnly": Tif.POST_ONLY}
_ASYNC = ("post_only", "no_liquidity")


def number(params: Params, name: str) -> Decimal:
    """A mandatory decimal."""
    try:
        found = Decimal(str(params.get(name, "")))
    except InvalidOperation:
        raise Refused(10001, f"params error: {name} invalid") from None
    if not found.is_finite():
        raise Refused(10001, f"params error: {name} invalid")
    return found


class BybitOrders:
    """Single orders of both categories."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def desk(self, params: Params) -> Desk:
        """The desk of a request, by category and symbol."""
        wanted = params.get("category")
        desk = next((one for one in self.engine.desks if category(one) == wanted), None)
        if desk is None:
            raise Refused(10001, "params error: Category is invalid")
        if params.get("symbol", self.engine.symbol) != self.engine.symbol:
            raise Refused(170121 if desk.spot else 10001, "Invalid symbol.")
        return desk

    def request(self, desk: Desk, params: Params) -> OrderRequest:
        """A new order, checked; raises the venue's refusal."""
        side, market = _SIDES.get(str(params.get("side"))), params.get("orderType") == "Market"
        tif = Tif.IOC if market else _TIFS.get(str(params.get("timeInForce", "GTC")))
        if side is None or tif is None or params.get("orderType") not in ("Limit", "Market"):
            raise Refused(10001, "params error: side, orderType or timeInForce invalid")
        if params.get("positionIdx") not in (None, 0, "0"):
            raise Refused(10001, "position idx not match position mode")
        price = None if market else number(params, "price")
        quantity = number(params, "qty")
        if market and desk.spot and side > 0 and params.get("marketUnit") != "baseCoin":
            quantity = self._tokens_for(desk, quantity)
        reduce_only = params.get("reduceOnly") is True and not desk.spot
        reason = desk.filtered(price, quantity, reduce_only=reduce_only)
        client_id = str(params.get("orderLinkId") or f"local{self.engine.sequence()}")
        if not reason and client_id in desk.by_client:
            reason = "duplicate"
        if reason:
            raise refusal(desk, reason)
        instrument = desk.instrument
        ticks = instrument.ticks(price) if price is not None else None
        return OrderRequest(client_id, side, ticks, instrument.lots(quantity), tif, reduce_only)

    def _tokens_for(self, desk: Desk, usdt: Decimal) -> Decimal:
        """A market buy by amount of USDT, in tokens at the best ask."""
        ask = desk.instrument.price(desk.book.best_ask)
        return desk.instrument.tokens(desk.instrument.lots(usdt / ask)) if ask else Decimal(0)

    def create(self, params: Params) -> Row:
        """POST order/create."""
        desk = self.desk(params)
        request = self.request(desk, params)
        order = desk.place(request)
        if order.reason in ("insufficient_balance", "insufficient_margin") and self._fund(desk, request):
            order = desk.place(request)
        if order.state is OrderState.REJECTED:
            if order.reason not in _ASYNC:
                raise refusal(desk, order.reason)
            desk.void(order)
        return self.ids(order)

    def _fund(self, desk: Desk, request: OrderRequest) -> bool:
        """Move what an order may need from the other desk's free USDT."""
        price = desk.instrument.price(request.ticks) if request.ticks else self.engine.mark(desk) * 2
        worth = price * desk.instrument.tokens(request.lots)
        if desk.spot and request.side < 0:
            return False
        other = self.engine.perp if desk.spot else self.engine.spot
        free = perp_state(self.engine).available if desk.spot else spot_balances(self.engine)[1].free
        need = worth * (Decimal("1.01") if desk.spot else desk_margin(desk))
        if need > free or other.exchange.account.credit(Decimal(0), -need) is not None:
            return False
        return desk.exchange.account.credit(Decimal(0), need) is None

    def ids(self, order: Order) -> Row:
        """What an acknowledgement says."""
        return {"orderId": str(order.id), "orderLinkId": order.client_id}

    def find(self, desk: Desk, params: Params) -> Order:
        """The open order a request is about; raises when it is not (or no more) there."""
        order_id, client_id = params.get("orderId"), params.get("orderLinkId")
        if not order_id and not client_id:
            raise Refused(10001, "params error: OrderId or orderLinkId is required")
        order = desk.find(order_id, client_id)
        if order is None or not order.open:
            raise refusal(desk, "unknown")
        return order

    def amend(self, params: Params) -> Row:
        """POST order/amend: price, whole size, or both."""
        desk = self.desk(params)
        order = self.find(desk, params)
        instrument = desk.instrument
        price = number(params, "price") if params.get("price") else instrument.price(order.ticks)
        quantity = number(params, "qty") if params.get("qty") else instrument.tokens(order.lots)
        reason = desk.filtered(price, quantity, reduce_only=order.request.reduce_only)
        if reason:
            raise refusal(desk, reason)
        ticks, lots = instrument.ticks(price), instrument.lots(quantity)
        if (ticks, lots) == (order.ticks, order.lots):
            raise Refused(
                10001, "The order remains unchanged as the parameters entered match the existing ones."
            )
        reason = desk.amend(order, ticks, lots)
        if reason:
            raise refusal(desk, reason)
        return self.ids(order)

    def cancel(self, params: Params) -> Row:
        """POST order/cancel."""
        desk = self.desk(params)
        order = self.find(desk, params)
        desk.cancel(order)
        return self.ids(order)

    def cancel_all(self, params: Params) -> Row:
        """POST order/cancel-all."""
        desk = self.desk(params)
        return {"list": [self.ids(order) for order in desk.cancel_all()], "success": "1"}


def desk_margin(desk: Desk) -> Decimal:
    """Initial margin of a new position as a share of its worth, and a little more."""
    return desk.perp_account.margin.initial * Decimal("1.02")


class BybitTrade(BybitOrders):
    """Order entry and queries, batches included."""

    def create_batch(self, params: Params) -> tuple[Row, Row]:
        """POST order/create-batch."""
        return self._batch(params, self.create)

    def amend_batch(self, params: Params) -> tuple[Row, Row]:
        """POST order/amend-batch."""
        return self._batch(params, self.amend)

    def cancel_batch(self, params: Params) -> tuple[Row, Row]:
        """POST order/cancel-batch."""
        return self._batch(params, self.cancel)

    def _batch(self, params: Params, work: Callable[[Params], Row]) -> tuple[Row, Row]:
        """(result, retExtInfo): one entry each per order, in order."""
        desk, wanted = self.desk(params), params.get("request")
        if not isinstance(wanted, list) or not 0 < len(wanted) <= 20:
            raise Refused(10001, "params error: request invalid")
        rows: list[Row] = []
        outcomes: list[Row] = []
        for one in wanted:
            row = {"category": category(desk), "symbol": self.engine.symbol, "orderId": ""}
            row |= {"orderLinkId": one.get("orderLinkId", ""), "createAt": ""}
            try:
                row |= work({**one, "category": category(desk)}) | {"createAt": str(desk.now_ms)}
                outcomes.append({"code": 0, "msg": "OK"})
            except Refused as error:
                outcomes.append({"code": error.code, "msg": error.message})
            rows.append(row)
        return {"list": rows}, {"list": outcomes}

    def realtime(self, params: Params) -> Row:
        """GET order/realtime: what rests; by id also what has just ended."""
        desk = self.desk(params)
        if params.get("orderId") or params.get("orderLinkId"):
            found = desk.find(params.get("orderId"), params.get("orderLinkId"))
            orders = [found] if found is not None else []
        else:
            orders = sorted(desk.open_orders(), key=lambda order: -order.id)
        return self._page(desk, orders, params)

    def history(self, params: Params) -> Row:
        """GET order/history: what has ended, newest first."""
        desk = self.desk(params)
        orders = [order for order in desk.orders.values() if not order.open]
        for key, name in (("orderId", "id"), ("orderLinkId", "client_id")):
            if params.get(key):
                orders = [order for order in orders if str(getattr(order, name)) == params[key]]
        return self._page(desk, orders[::-1], params)

    def _page(self, desk: Desk, orders: list[Order], params: Params) -> Row:
        limit = min(50, int(params.get("limit", 20)))
        cursor = int(params.get("cursor") or 0)
        page = orders[cursor : cursor + limit]
        more = str(cursor + limit) if len(orders) > cursor + limit else ""
        rows = [order_row(desk, self.engine.symbol, order) for order in page]
        return {"list": rows, "nextPageCursor": more, "category": category(desk)}

    def executions(self, params: Params) -> Row:
        """GET execution/list: trades (or funding payments), newest first."""
        desk, wanted = self.desk(params), params.get("execType", "Trade")
        start, end = int(params.get("startTime") or 0), int(params.get("endTime") or 2**62)
        if wanted == "Funding":
            rows = [funding_row(self.engine, row) for row in desk.funding if start <= row.ms <= end]
        else:
            trades = [trade for trade in desk.trades if start <= trade.ms <= end]
            for key, name in (("orderId", "id"), ("orderLinkId", "client_id")):
                if params.get(key):
                    trades = [trade for trade in trades if str(getattr(trade.order, name)) == params[key]]
            rows = [execution_row(desk, self.engine.symbol, trade) for trade in trades]
        rows.reverse()
        limit = min(100, int(params.get("limit", 50)))
        cursor = int(params.get("cursor") or 0)
        more = str(cursor + limit) if len(rows) > cursor + limit else ""
        return {"list": rows[cursor : cursor + limit], "nextPageCursor": more, "category": category(desk)}
