"""Bybit's WebSocket doors: public topics, private topics, order entry.

Rule 1: nothing private is told or done before the login.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import orjson

from bot.localnet.bybit_market import BybitMarket
from bot.localnet.bybit_user import BybitUser
from bot.localnet.web import ANSWER, Refused, Sender


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class _Session:
    """What all three doors share: names, pings, subscriptions."""

    def __init__(self, send: Sender, number: int) -> None:
        self._send = send
        self._connection = f"local-{number}"

    def target(self, text: str) -> str:
        """`WS subscribe`, `WS order.create`."""
        return f"WS {_parsed(text).get('op', '')}"

    def _answer(self, message: dict[str, Any], *, success: bool, words: str = "") -> None:
        row = {
            "success": success,
            "ret_msg": words,
            "conn_id": self._connection,
            "req_id": message.get("req_id", ""),
            "op": message.get("op", ""),
        }
        if not success:
            row["request"] = {"op": message.get("op", ""), "args": message.get("args")}
        self._send(row, ANSWER)


class PublicSession(_Session):
    """Public topics of one category."""

    def __init__(self, market: BybitMarket, send: Sender, number: int) -> None:
        super().__init__(send, number)
        self._market = market

    def received(self, text: str) -> None:
        """ping, subscribe, unsubscribe."""
        message = _parsed(text)
        op, topics = message.get("op"), [str(topic) for topic in message.get("args") or []]
        if op == "ping":
            self._answer(message, success=True, words="pong")
        elif op not in ("subscribe", "unsubscribe"):
            self._answer(message, success=False, words="error:invalid op")
        elif unknown := [topic for topic in topics if not self._market.knows(topic)]:
            self._answer(message, success=False, words=f"error:handler not found,topic:{unknown[0]}")
        else:
            self._answer(message, success=True, words=op)
            for topic in topics:
                if op == "unsubscribe":
                    self._market.topics.remove(topic, self._send)
                elif self._market.topics.add(topic, self._send):
                    self._market.greet(topic, self._send)

    def closed(self) -> None:
        """Listen to nothing any more."""
        self._market.topics.drop(self._send)


class PrivateSession(_Session):
    """Private topics."""

    def __init__(self, user: BybitUser, send: Sender, number: int, login: Callable[[list[Any]], str]) -> None:
        super().__init__(send, number)
        self._user, self._login, self._in = user, login, False

    def received(self, text: str) -> None:
        """ping, auth, subscribe, unsubscribe."""
        message = _parsed(text)
        op, topics = message.get("op"), message.get("args") or []
        if op == "ping":
            now = str(self._user.engine.spot.now_ms)
            pong = {
                "req_id": message.get("req_id", ""),
                "op": "pong",
                "args": [now],
                "conn_id": self._connection,
            }
            self._send(pong, ANSWER)
        elif op == "auth":
            refused = self._login(topics)
            self._in = not refused
            self._answer(message, success=self._in, words=refused)
        elif not self._in:
            self._answer(message, success=False, words="Request not authorized")
        elif unknown := [topic for topic in topics if not self._user.knows(str(topic))]:
            self._answer(message, success=False, words=f"error:handler not found,topic:{unknown[0]}")
        else:
            self._answer(message, success=True)
            change = self._user.topics.add if op == "subscribe" else self._user.topics.remove
            for topic in topics:
                change(str(topic), self._send)

    def closed(self) -> None:
        """Listen to nothing any more."""
        self._user.topics.drop(self._send)


class Doors(Protocol):
    """The venue behind the order-entry socket."""

    def login(self, args: list[Any]) -> str:
        """Check a login; "" or why it is refused."""
        ...

    def trade(self, op: str, params: dict[str, Any], header: dict[str, Any]) -> tuple[Any, dict[str, str]]:
        """Carry out one request; (data, header of the answer). Raises `Refused`."""
        ...


class TradeSession(_Session):
    """Order entry."""

    def __init__(self, venue: Doors, send: Sender, number: int) -> None:
        super().__init__(send, number)
        self._venue, self._in = venue, False

    def received(self, text: str) -> None:
        """auth, ping, order.create, order.amend, order.cancel."""
        message = _parsed(text)
        op, args = str(message.get("op", "")), message.get("args") or []
        if op == "ping":
            self._send({"retCode": 0, "retMsg": "OK", "op": "pong", "connId": self._connection}, ANSWER)
        elif op == "auth":
            refused = self._venue.login(args)
            self._in = not refused
            code = 0 if self._in else 20001
            row = {"retCode": code, "retMsg": refused or "OK", "op": "auth", "connId": self._connection}
            self._send(row, ANSWER)
        else:
            self._order(message, op, args)

    def _order(self, message: dict[str, Any], op: str, args: list[Any]) -> None:
        answer: dict[str, Any] = {"reqId": message.get("reqId", ""), "retCode": 0, "retMsg": "OK", "op": op}
        answer |= {"data": {}, "retExtInfo": {}, "header": {}, "connId": self._connection}
        try:
            if not self._in:
                raise Refused(20002, "Request not authorized")
            header = message.get("header") or {}
            answer["data"], answer["header"] = self._venue.trade(op, args[0] if args else {}, header)
        except Refused as error:
            answer |= {"retCode": error.code, "retMsg": error.message}
        except (ValueError, TypeError, AttributeError):
            answer |= {"retCode": 10001, "retMsg": "params error"}
        self._send(answer, ANSWER)

    def closed(self) -> None:
        """Nothing to end: orders stay."""
