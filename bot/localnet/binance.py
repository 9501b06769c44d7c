"""Binance at its own addresses: spot and USDT futures, REST, market streams, user streams, WebSocket API.

Rule 1: signatures, timestamps and weights are checked before a request is looked at.
Rule 2: REST and the WebSocket API are two doors to the same functions.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from bot.localnet.binance_market import BinanceMarket
from bot.localnet.binance_params import Params
from bot.localnet.binance_routes import Route, linear_routes, spot_routes
from bot.localnet.binance_sockets import ApiSession, StreamSession
from bot.localnet.binance_text import Row
from bot.localnet.binance_trade import BinanceTrade
from bot.localnet.binance_user import LinearUser, SpotUser
from bot.localnet.engine import RECV_WINDOW_MS, Engine
from bot.localnet.web import Ask, Refused, Reply, Sender, Session, reply

_PATIENCE = 20  # refusals in one window before the address is banned


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long a client should keep away."""

    seconds: int


def _wait(milliseconds: int) -> _Wait:
    return _Wait(-(-milliseconds // 1_000))


class Binance:
    """The venue as the server sees it; a `Front`."""

    name: str = "binance"
    domains: tuple[str, ...] = ("binance.com", "binance.vision", "binancefuture.com")
    heartbeat_s: float | None = 20.0

    def __init__(self, engine: Engine, interval_s: float) -> None:
        self.engine = engine
        self.spot_market = BinanceMarket(engine, engine.spot, interval_s)
        self.linear_market = BinanceMarket(engine, engine.perp, interval_s)
        self.spot_trade = BinanceTrade(engine, engine.spot)
        self.linear_trade = BinanceTrade(engine, engine.perp)
        self.spot_user = SpotUser(engine, engine.spot)
        self.linear_user = LinearUser(engine, engine.perp)
        self.routes = spot_routes(engine, self.spot_market, self.spot_trade) | linear_routes(
            engine, self.linear_market, self.linear_trade, self.linear_user
        )

    def http(self, ask: Ask) -> Reply:
        """Answer one request."""
        headers: dict[str, str] = {}
        try:
            route = self.routes.get(ask.target)
            if route is None:
                raise Refused(-1000, f"{ask.target} is not served here.", 404)
            headers = self._count(route, ask.now_ms)
            self._authorise(route, ask)
            return reply(route.handle(ask.params()), headers=headers)
        except Refused as error:
            if isinstance(error.data, _Wait):
                headers = {**headers, "Retry-After": str(error.data.seconds)}
            return reply(_error(error), error.status, headers)
        except (ValueError, TypeError, AttributeError):
            return reply({"code": -1100, "msg": "Illegal characters found in a parameter."}, 400, headers)

    def _count(self, route: Route, now_ms: int) -> dict[str, str]:
        engine = self.engine
        if not engine.weight.take(now_ms, route.weight):
            until = engine.weight.resets_ms(now_ms)
            if engine.weight.refused > _PATIENCE:
                words = f"Way too much request weight used; IP banned until {until}."
                raise Refused(-1003, words, 418, _wait(until - now_ms))
            words = "Too much request weight used; please use WebSocket Streams for live updates."
            raise Refused(-1003, words, 429, _wait(until - now_ms))
        if route.orders and not engine.orders.take(now_ms, route.orders):
            until = engine.orders.resets_ms(now_ms)
            raise Refused(-1015, "Too many new orders.", 429, _wait(until - now_ms))
        headers = {"X-MBX-USED-WEIGHT-1M": str(engine.weight.used)}
        if route.orders:
            headers[f"X-MBX-ORDER-COUNT-{engine.limits.order_window_ms // 1_000}S"] = str(engine.orders.used)
        return headers

    def _authorise(self, route: Route, ask: Ask) -> None:
        if route.security == "none":
            return
        key = ask.headers.get("x-mbx-apikey", "")
        if key != self.engine.keys.api_key:
            raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        if route.security == "signed":
            sent = "&".join(part for part in (ask.query, ask.body) if part)
            self.check(sent, dict(parse_qsl(sent, keep_blank_values=True)))

    def check(self, sent: str, params: Params) -> None:
        """Timestamp and signature of a request; `sent` ends in its signature."""
        payload, _, signature = sent.rpartition("&signature=")
        sent_ms, window = params.get("timestamp", ""), params.get("recvWindow", str(RECV_WINDOW_MS))
        if not sent_ms.isdigit() or not window.isdigit():
            words = "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."
            raise Refused(-1102, words)
        secret = self.engine.keys.secret.encode()
        if not self.engine.signed(signature, hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()):
            raise Refused(-1022, "Signature for this request is not valid.")
        if not self.engine.timely(int(sent_ms), int(window)):
            raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")

    def call(self, target: str, params: dict[str, Any]) -> Any:
        """A request of the WebSocket API, as the REST door would take it."""
        route = self.routes[target]
        self._count(route, self.engine.spot.now_ms)
        given = {key: _plain(value) for key, value in params.items()}
        if route.security != "none":
            if given.pop("apiKey", "") != self.engine.keys.api_key:
                raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)
            self._check_sorted(params)
        return route.handle(given)

    def _check_sorted(self, params: dict[str, Any]) -> None:
        rest = sorted((key, _plain(value)) for key, value in params.items() if key != "signature")
        payload = "&".join(f"{key}={value}" for key, value in rest)
        self.check(f"{payload}&signature={params.get('signature', '')}", dict(rest))

    def subscribe(self, params: dict[str, Any], send: Sender) -> int:
        """A signed request for the spot account's stream."""
        if params.get("apiKey") != self.engine.keys.api_key:
            raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        self._check_sorted(params)
        return self.spot_user.subscribe(send)

    def hang_up(self, send: Sender) -> None:
        """A connection of the WebSocket API is gone."""
        self.spot_user.drop(send)

    def socket(self, ask: Ask, send: Sender, close: Callable[[], None]) -> Session | Reply:
        """Open one of the streams, by path."""
        path = ask.path
        if path.startswith("/ws-api/"):
            return ApiSession(self, send, spot=True)
        if path.startswith("/ws-fapi/"):
            return ApiSession(self, send, spot=False)
        futures = "fstream" in ask.host or "binancefuture" in ask.host
        key = parse_qs(ask.query).get("listenKey", [path.rpartition("/")[2]])[0]
        if futures and ("/private/" in path or self.linear_user.good(key)):
            if not self.linear_user.good(key):
                return Reply(400, b"")
            return StreamSession(self.linear_user.topics, send, private=True)
        market = self.linear_market if futures else self.spot_market
        return StreamSession(market.topics, send, wrap=path.startswith("/stream"))

    def subscriptions(self) -> int:
        """Streams somebody listens to, over all connections."""
        topics = (self.spot_market.topics, self.linear_market.topics, self.linear_user.topics)
        return len(self.spot_user) + sum(len(one) for one in topics)

    def tick(self) -> None:
        """Once a second."""
        self.spot_market.tick()
        self.linear_market.tick()
        self.linear_user.expire()
        self.linear_trade.watch_countdown()

    def stop(self) -> None:
        """No more timers."""
        self.spot_market.stop()
        self.linear_market.stop()


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _error(error: Refused) -> Row:
    row: Row = {"code": error.code, "msg": error.message}
    if error.data is not None and not isinstance(error.data, _Wait):
        row["data"] = error.data
    return row
