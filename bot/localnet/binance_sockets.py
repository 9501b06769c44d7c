"""Binance's WebSocket doors: market streams with SUBSCRIBE, and the WebSocket API with signed requests.

Rule 1: every request is answered under its id, also the one that is refused.
"""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from bot.localnet.topics import Topics
from bot.localnet.web import ANSWER, Refused, Sender

_SPOT = {
    "ping": "GET /api/v3/ping",
    "time": "GET /api/v3/time",
    "depth": "GET /api/v3/depth",
    "order.place": "POST /api/v3/order",
    "order.cancel": "DELETE /api/v3/order",
    "order.cancelReplace": "POST /api/v3/order/cancelReplace",
    "order.status": "GET /api/v3/order",
    "openOrders.status": "GET /api/v3/openOrders",
    "openOrders.cancelAll": "DELETE /api/v3/openOrders",
    "allOrders": "GET /api/v3/allOrders",
    "account.status": "GET /api/v3/account",
    "myTrades": "GET /api/v3/myTrades",
}
_LINEAR = {
    "ping": "GET /fapi/v1/ping",
    "time": "GET /fapi/v1/time",
    "depth": "GET /fapi/v1/depth",
    "order.place": "POST /fapi/v1/order",
    "order.modify": "PUT /fapi/v1/order",
    "order.cancel": "DELETE /fapi/v1/order",
    "order.status": "GET /fapi/v1/order",
    "account.balance": "GET /fapi/v2/balance",
    "v2/account.balance": "GET /fapi/v3/balance",
    "account.status": "GET /fapi/v2/account",
    "v2/account.status": "GET /fapi/v3/account",
    "account.position": "GET /fapi/v2/positionRisk",
    "v2/account.position": "GET /fapi/v3/positionRisk",
}


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class StreamSession:
    """A market stream, or (`private`) a listen key's stream that hears everything of its account."""

    def __init__(self, topics: Topics, send: Sender, *, wrap: bool = False, private: bool = False) -> None:
        self._topics, self._answer = topics, send
        self._wrapped: dict[str, Sender] = {}
        self._wrap = wrap
        if private:
            for name in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "listenKeyExpired"):
                topics.add(name, send)

    def target(self, text: str) -> str:
        """`WS SUBSCRIBE`."""
        return f"WS {_parsed(text).get('method', '')}"

    def received(self, text: str) -> None:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        message = _parsed(text)
        method, number = message.get("method"), message.get("id")
        names = [str(name) for name in message.get("params") or []]
        if method == "SUBSCRIBE":
            for name in names:
                self._topics.add(name, self._sender(name))
        elif method == "UNSUBSCRIBE":
            for name in names:
                self._topics.remove(name, self._sender(name))
        elif method == "LIST_SUBSCRIPTIONS":
            self._answer({"result": list(self._wrapped), "id": number}, ANSWER)
            return
        else:
            self._answer(
                {"error": {"code": 2, "msg": "Invalid request: unknown method"}, "id": number}, ANSWER
            )
            return
        self._answer({"result": None, "id": number}, ANSWER)

    def _sender(self, name: str) -> Sender:
        if name not in self._wrapped:
            self._wrapped[name] = _wrapping(name, self._answer) if self._wrap else self._answer
        return self._wrapped[name]

    def closed(self) -> None:
        """Listen to nothing any more."""
        self._topics.drop(self._answer)
        for send in self._wrapped.values():
            self._topics.drop(send)


def _wrapping(name: str, send: Sender) -> Sender:
    """Combined streams say which stream a message belongs to."""

    def wrapped(data: object, channel: str) -> None:
        text = data if isinstance(data, str) else orjson.dumps(data).decode()
        send(f'{{"stream":"{name}","data":{text}}}', channel)

    return wrapped


class Doors(Protocol):
    """The venue behind the WebSocket API."""

    def call(self, target: str, params: dict[str, Any]) -> Any:
        """A request, as the REST door would take it; raises `Refused`."""
        ...

    def subscribe(self, params: dict[str, Any], send: Sender) -> int:
        """A signed request for the spot account's stream; returns the subscription's id."""
        ...

    def hang_up(self, send: Sender) -> None:
        """A connection is gone."""
        ...


class ApiSession:
    """The WebSocket API of one market."""

    def __init__(self, venue: Doors, send: Sender, *, spot: bool) -> None:
        self._venue, self._send, self._spot = venue, send, spot
        self._methods = _SPOT if spot else _LINEAR

    def target(self, text: str) -> str:
        """`WS order.place`."""
        return f"WS {_parsed(text).get('method', '')}"

    def received(self, text: str) -> None:
        """One request."""
        message = _parsed(text)
        number, method = message.get("id"), str(message.get("method", ""))
        params = message.get("params") or {}
        try:
            result = self._result(method, params)
        except Refused as error:
            row: dict[str, Any] = {"code": error.code, "msg": error.message}
            if isinstance(error.data, dict):
                row["data"] = error.data
            self._send({"id": number, "status": error.status, "error": row}, ANSWER)
        except (ValueError, TypeError, AttributeError):
            row = {"code": -1100, "msg": "Illegal characters found in a parameter."}
            self._send({"id": number, "status": 400, "error": row}, ANSWER)
        else:
            self._send({"id": number, "status": 200, "result": result}, ANSWER)

    def _result(self, method: str, params: dict[str, Any]) -> Any:
        venue = self._venue
        if method == "userDataStream.subscribe.signature" and self._spot:
            return {"subscriptionId": venue.subscribe(params, self._send)}
        if method not in self._methods:
            raise Refused(-1020, f"Unsupported operation: {method}.")
        return venue.call(self._methods[method], params)

    def closed(self) -> None:
        """Its subscriptions end."""
        self._venue.hang_up(self._send)
