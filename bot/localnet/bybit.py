"""Bybit at its own addresses: v5 REST, public, private and order-entry streams.

Rule 1: REST answers are always HTTP 200; the code is in the body.
Rule 2: what a key may send each second is counted per operation and category.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from bot.localnet import bybit_account as account
from bot.localnet.bybit_market import BybitMarket
from bot.localnet.bybit_sockets import PrivateSession, PublicSession, TradeSession
from bot.localnet.bybit_text import Row, category
from bot.localnet.bybit_trade import BybitTrade, Params
from bot.localnet.bybit_user import BybitUser
from bot.localnet.engine import RECV_WINDOW_MS, Engine
from bot.localnet.limits import Window
from bot.localnet.web import Ask, Refused, Reply, Sender, Session, reply

Handler = Callable[[Params], Any]
_ORDERS = {
    "create": "create", "amend": "amend", "cancel": "cancel", "create-batch": "create_batch",
    "amend-batch": "amend_batch", "cancel-batch": "cancel_batch", "cancel-all": "cancel_all",
}  # fmt: skip


class Bybit:
    """The venue as the server sees it; a `Front`."""

    name: str = "bybit"
    domains: tuple[str, ...] = ("bybit.com", "bytick.com")
    heartbeat_s: float | None = None

    def __init__(self, engine: Engine, interval_s: float) -> None:
        self.engine = engine
        self.markets = {category(desk): BybitMarket(engine, desk, interval_s) for desk in engine.desks}
        self.trade_desk = BybitTrade(engine)
        self.user = BybitUser(engine)
        self._windows: dict[tuple[str, str], Window] = {}
        self.public: dict[str, Handler] = {
            "market/time": self._time,
            "market/instruments-info": partial(account.instruments, engine),
            "market/orderbook": lambda params: self._market(params).orderbook(params),
            "market/recent-trade": lambda params: self._market(params).recent_trades(params),
            "market/tickers": self._tickers,
            "market/funding/history": lambda params: self._market(params).funding_history(params),
            "market/risk-limit": partial(account.risk_limits, engine),
        }
        self.private: dict[str, Handler] = {
            "GET user/query-api": partial(account.key_information, engine),
            "GET account/info": partial(account.information, engine),
            "GET asset/coin/query-info": lambda _: {"rows": []},
            "GET account/wallet-balance": partial(account.wallet, engine),
            "GET account/fee-rate": partial(account.fee_rate, engine),
            "GET account/transaction-log": partial(account.transactions, engine),
            "GET position/list": partial(account.positions, engine),
            "POST position/set-leverage": partial(account.set_leverage, engine),
            "POST position/switch-mode": partial(account.switch_mode, engine),
            "POST account/set-margin-mode": partial(account.set_margin_mode, engine),
            "GET order/realtime": self.trade_desk.realtime,
            "GET order/history": self.trade_desk.history,
            "GET execution/list": self.trade_desk.executions,
            "POST order/disconnected-cancel-all": lambda _: {},
        }
        for path, method in _ORDERS.items():
            self.private[f"POST order/{path}"] = getattr(self.trade_desk, method)

    def _time(self, _params: Params) -> Row:
        now = self.engine.spot.now_ms
        return {"timeSecond": str(now // 1_000), "timeNano": f"{now}000000"}

    def _market(self, params: Params) -> BybitMarket:
        market = self.markets.get(params.get("category", ""))
        if market is None:
            raise Refused(10001, "params error: Category is invalid")
        return market

    def _tickers(self, params: Params) -> Row:
        market = self._market(params)
        market.check(params)
        return {"category": market.category, "list": [market.ticker()]}

    def http(self, ask: Ask) -> Reply:
        """Answer one request."""
        path = ask.path.removeprefix("/v5/")
        headers: dict[str, str] = {}
        try:
            if not self.engine.weight.take(ask.now_ms):
                return Reply(403, b'{"retCode":10018,"retMsg":"Exceeded the IP Rate Limit."}')
            params: Params = dict(parse_qsl(ask.query, keep_blank_values=True)) | ask.json()
            handler = self.public.get(path) if ask.method == "GET" else None
            if handler is None:
                handler = self.private.get(f"{ask.method} {path}")
                if handler is None:
                    return Reply(404, b"", content_type="text/plain")
                self._authorise(ask)
                headers = self._count(path, params, ask.now_ms)
            result = handler(params)
        except Refused as error:
            return self._wrap({}, ask.now_ms, error, headers)
        except (ValueError, TypeError, AttributeError):
            return self._wrap({}, ask.now_ms, Refused(10001, "params error"), headers)
        return self._wrap(result, ask.now_ms, None, headers)

    def _wrap(self, result: Any, now_ms: int, error: Refused | None, headers: dict[str, str]) -> Reply:
        extra: Row = {}
        if isinstance(result, tuple):
            result, extra = result
        code, words = (error.code, error.message) if error is not None else (0, "OK")
        row = {"retCode": code, "retMsg": words, "result": result, "retExtInfo": extra, "time": now_ms}
        return reply(row, headers=headers)

    def _authorise(self, ask: Ask) -> None:
        key, sent = ask.headers.get("x-bapi-api-key", ""), ask.headers.get("x-bapi-timestamp", "")
        window = ask.headers.get("x-bapi-recv-window", str(RECV_WINDOW_MS))
        if key != self.engine.keys.api_key:
            raise Refused(10003, "API key is invalid.")
        payload = f"{sent}{key}{window}{ask.body if ask.method == 'POST' else ask.query}"
        if not self.engine.signed(ask.headers.get("x-bapi-sign", ""), self._sign(payload)):
            raise Refused(10004, f"error sign! origin_string[{payload}]")
        self._timely(sent, window)

    def _sign(self, payload: str) -> str:
        return hmac.new(self.engine.keys.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def _timely(self, sent: str, window: str) -> None:
        if not (sent.isdigit() and window.isdigit() and self.engine.timely(int(sent), int(window))):
            words = "invalid request, please check your server timestamp or recv_window param."
            raise Refused(10002, f"{words} req_timestamp[{sent}],recv_window[{window}]")

    def _count(self, path: str, params: Params, now_ms: int) -> dict[str, str]:
        """Limits of one operation in one category; batches count each order."""
        limits = self.engine.limits
        if not path.startswith("order/"):
            return {}
        op = (path.removesuffix("-batch"), str(params.get("category", "")))
        window = self._windows.setdefault(op, Window(limits.orders_per_window, limits.order_window_ms))
        wanted = params.get("request")
        cost = len(wanted) if isinstance(wanted, list) else 1
        if not window.take(now_ms, cost):
            raise Refused(10006, "Too many visits. Exceeded the API Rate Limit.")
        return {
            "X-Bapi-Limit": str(window.limit),
            "X-Bapi-Limit-Status": str(window.left),
            "X-Bapi-Limit-Reset-Timestamp": str(window.resets_ms(now_ms)),
        }

    def login(self, args: list[Any]) -> str:
        """Check a stream's login; "" or why it is refused."""
        key, expires, signature = (*[str(arg) for arg in args], "", "", "")[:3]
        if key != self.engine.keys.api_key:
            return "API key is invalid."
        if not expires.isdigit() or int(expires) <= self.engine.spot.now_ms:
            return "Params Error: expires is past"
        good = self.engine.signed(signature, self._sign(f"GET/realtime{expires}"))
        return "" if good else "Error sign, please check your signature"

    def trade(self, op: str, params: Params, header: Params) -> tuple[Any, dict[str, str]]:
        """An order over the stream."""
        path = op.replace(".", "/", 1)
        handler = self.private.get(f"POST {path}")
        if handler is None or path.removeprefix("order/") not in _ORDERS:
            raise Refused(10404, f"op type is not found: {op}")
        now = self.engine.spot.now_ms
        window = str(header.get("X-BAPI-RECV-WINDOW", RECV_WINDOW_MS))
        self._timely(str(header.get("X-BAPI-TIMESTAMP", "")), window)
        headers = self._count(path, params, now)
        return handler(params), {**headers, "Timenow": str(now)}

    def socket(self, ask: Ask, send: Sender, close: Callable[[], None]) -> Session | Reply:
        """Open one of the streams, by path."""
        number = self.engine.sequence()
        if ask.path == "/v5/private":
            return PrivateSession(self.user, send, number, self.login)
        if ask.path == "/v5/trade":
            return TradeSession(self, send, number)
        market = self.markets.get(ask.path.removeprefix("/v5/public/"))
        return PublicSession(market, send, number) if market is not None else Reply(404, b"")

    def subscriptions(self) -> int:
        """Streams somebody listens to, over all connections."""
        return len(self.user.topics) + sum(len(market.topics) for market in self.markets.values())

    def tick(self) -> None:
        """Once a second."""
        for market in self.markets.values():
            market.tick()

    def stop(self) -> None:
        """No more timers."""
        for market in self.markets.values():
            market.stop()
