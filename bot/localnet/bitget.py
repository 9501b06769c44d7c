"""Bitget at its own addresses: v2 REST and streams for spot and USDT futures of a classic account.

Rule 1: errors come with an HTTP status of 400 and above; a good answer says 00000 and success.
Rule 2: what a key may send each second is counted per address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote

from bot.localnet import bitget_account as account
from bot.localnet.bitget_market import BitgetMarket
from bot.localnet.bitget_sockets import PrivateSession, PublicSession
from bot.localnet.bitget_text import product
from bot.localnet.bitget_trade import BitgetTrade, Params
from bot.localnet.bitget_user import BitgetUser
from bot.localnet.engine import Engine
from bot.localnet.limits import Window
from bot.localnet.web import Ask, Refused, Reply, Sender, Session, reply

Handler = Callable[[Params], Any]
WINDOW_MS = 30_000


def _public(spot: BitgetMarket, futures: BitgetMarket) -> dict[str, Handler]:
    return {
        "spot/public/coins": lambda _: [],
        "spot/public/symbols": spot.symbols,
        "margin/currencies": lambda _: [],
        "spot/market/orderbook": spot.orderbook,
        "spot/market/fills-history": spot.fills,
        "spot/market/fills": spot.fills,
        "spot/market/tickers": spot.tickers,
        "mix/market/contracts": futures.symbols,
        "mix/market/merge-depth": futures.orderbook,
        "mix/market/fills-history": futures.fills,
        "mix/market/fills": futures.fills,
        "mix/market/tickers": futures.tickers,
        "mix/market/ticker": futures.tickers,
        "mix/market/current-fund-rate": futures.funding_rate,
        "mix/market/history-fund-rate": futures.funding_history,
        "mix/market/symbol-price": futures.prices,
    }


def _private(engine: Engine, spot: BitgetTrade, futures: BitgetTrade) -> dict[str, Handler]:
    return {
        "POST spot/trade/place-order": spot.place,
        "POST spot/trade/cancel-order": spot.cancel,
        "POST spot/trade/cancel-replace-order": spot.replace,
        "POST spot/trade/batch-orders": spot.place_batch,
        "POST spot/trade/batch-cancel-order": spot.cancel_batch,
        "POST spot/trade/cancel-symbol-order": spot.cancel_symbol,
        "GET spot/trade/orderInfo": spot.detail,
        "GET spot/trade/unfilled-orders": spot.open_orders,
        "GET spot/trade/history-orders": spot.past_orders,
        "GET spot/trade/fills": spot.fills,
        "GET spot/account/assets": partial(account.spot_assets, engine),
        "GET spot/account/info": partial(account.key_information, engine),
        "GET spot/account/bills": lambda _: [],
        "POST mix/order/place-order": futures.place,
        "POST mix/order/modify-order": futures.modify,
        "POST mix/order/cancel-order": futures.cancel,
        "POST mix/order/batch-place-order": futures.place_batch,
        "POST mix/order/batch-cancel-orders": futures.cancel_batch,
        "GET mix/order/detail": futures.detail,
        "GET mix/order/orders-pending": futures.open_orders,
        "GET mix/order/orders-history": futures.past_orders,
        "GET mix/order/fills": futures.fills,
        "GET mix/order/fill-history": futures.fills,
        "GET mix/account/accounts": partial(account.accounts, engine),
        "GET mix/account/account": partial(account.account, engine),
        "GET mix/account/bill": partial(account.bills, engine),
        "GET mix/position/all-position": partial(account.positions, engine),
        "GET mix/position/single-position": partial(account.positions, engine),
        "POST mix/account/set-leverage": partial(account.set_leverage, engine),
        "POST mix/account/set-margin-mode": partial(account.set_margin_mode, engine),
        "POST mix/account/set-position-mode": partial(account.set_position_mode, engine),
        "GET common/trade-rate": partial(account.trade_rate, engine),
    }


class Bitget:
    """The venue as the server sees it; a `Front`."""

    name: str = "bitget"
    domains: tuple[str, ...] = ("bitget.com",)
    heartbeat_s: float | None = None

    def __init__(self, engine: Engine, interval_s: float) -> None:
        self.engine = engine
        self.markets = {product(desk): BitgetMarket(engine, desk, interval_s) for desk in engine.desks}
        spot, futures = self.markets.values()
        self.user = BitgetUser(engine)
        self.public = _public(spot, futures)
        self.public["mix/market/query-position-lever"] = partial(account.levers, engine)
        self.public["public/time"] = lambda _: {"serverTime": str(engine.spot.now_ms)}
        trades = (BitgetTrade(engine, desk) for desk in engine.desks)
        self.private = _private(engine, *trades)
        self._windows: dict[str, Window] = {}

    def http(self, ask: Ask) -> Reply:
        """Answer one request."""
        path = ask.path.removeprefix("/api/v2/")
        try:
            if not self.engine.weight.take(ask.now_ms):
                raise Refused("429", "Too Many Requests", 429)
            params: Params = dict(parse_qsl(ask.query, keep_blank_values=True)) | ask.json()
            handler = self.public.get(path) if ask.method == "GET" else None
            if handler is None:
                self._authorise(ask)
                handler = self.private.get(f"{ask.method} {path}")
                if handler is None:
                    raise self._not_here(ask)
                self._count(path, ask.now_ms)
            data = handler(params)
        except Refused as error:
            return self._wrap(ask.now_ms, None, error)
        except (ValueError, TypeError, AttributeError):
            return self._wrap(ask.now_ms, None, Refused("40017", "Parameter verification failed"))
        return self._wrap(ask.now_ms, data, None)

    def _not_here(self, ask: Ask) -> Refused:
        if ask.path.startswith("/api/v3/"):
            words = (
                "You are in Classic Account mode, and the Unified Account API is not supported at this time"
            )
            return Refused("40085", words)
        return Refused("40404", "Request URL NOT FOUND", 404)

    def _wrap(self, now_ms: int, data: Any, error: Refused | None) -> Reply:
        code, words = (error.code, error.message) if error is not None else ("00000", "success")
        row = {"code": code, "msg": words, "requestTime": now_ms, "data": data}
        return reply(row, error.status if error is not None else 200)

    def _authorise(self, ask: Ask) -> None:
        keys, sent = self.engine.keys, ask.headers.get("access-timestamp", "")
        if ask.headers.get("access-key", "") != keys.api_key:
            raise Refused("40006", "Invalid ACCESS_KEY")
        if not sent.isdigit() or not self.engine.timely(int(sent), WINDOW_MS):
            raise Refused("40008", "Request timestamp expired")
        query = f"?{unquote(ask.query)}" if ask.query else ""
        payload = f"{sent}{ask.method}{ask.path}{query}{ask.body}"
        if not self.engine.signed(ask.headers.get("access-sign", ""), self._sign(payload)):
            raise Refused("40009", "sign signature error")
        if not self.engine.signed(ask.headers.get("access-passphrase", ""), keys.password):
            raise Refused("40012", "apikey/password is incorrect")

    def _sign(self, payload: str) -> str:
        digest = hmac.new(self.engine.keys.secret.encode(), payload.encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def _count(self, path: str, now_ms: int) -> None:
        limits = self.engine.limits
        if "/trade/" in path or "/order/" in path:
            window = self._windows.setdefault(path, Window(limits.orders_per_window, limits.order_window_ms))
            if not window.take(now_ms):
                raise Refused("429", "Too Many Requests", 429)

    def login(self, arg: dict[str, str]) -> tuple[int, str]:
        """Check a stream's login; (0, "") or code and words. The timestamp is in seconds."""
        sent, keys = arg.get("timestamp", ""), self.engine.keys
        if arg.get("apiKey") != keys.api_key:
            return 30011, "Invalid ACCESS_KEY"
        if not self.engine.signed(arg.get("passphrase", ""), keys.password):
            return 30012, "Invalid ACCESS_PASSPHRASE"
        if not sent.isdigit() or abs(int(sent) * 1_000 - self.engine.spot.now_ms) > WINDOW_MS:
            return 30014, "Request timestamp expired"
        good = self.engine.signed(arg.get("sign", ""), self._sign(f"{sent}GET/user/verify"))
        return (0, "") if good else (30015, "Invalid sign")

    def socket(self, ask: Ask, send: Sender, close: Callable[[], None]) -> Session | Reply:
        """Open one of the streams, by path."""
        if ask.path == "/v2/ws/public":
            return PublicSession(self.markets, send)
        if ask.path == "/v2/ws/private":
            return PrivateSession(self.user, send, self.login)
        return Reply(404, b"")

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
