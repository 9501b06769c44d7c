"""Bitget's WebSocket doors: public and private channels.

Rule 1: nothing private is told before the login; every argument of a request is answered by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from bot.localnet.bitget_market import BitgetMarket
from bot.localnet.bitget_user import BitgetUser, topic_of
from bot.localnet.web import ANSWER, Sender


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class _Session:
    """What both doors share: pings, requests with a list of arguments."""

    def __init__(self, send: Sender) -> None:
        self._send = send

    def target(self, text: str) -> str:
        """`WS subscribe`, `WS ping`."""
        return f"WS {'ping' if text == 'ping' else _parsed(text).get('op', '')}"

    def received(self, text: str) -> None:
        """ping, login, subscribe, unsubscribe."""
        if text == "ping":
            self._send("pong", ANSWER)
            return
        message = _parsed(text)
        op, args = message.get("op"), message.get("args")
        if op not in ("login", "subscribe", "unsubscribe") or not isinstance(args, list):
            self._fail(30003, "INVALID op")
            return
        for arg in args:
            if isinstance(arg, dict):
                self._one(op, {str(key): str(value) for key, value in arg.items()})

    def _one(self, op: str, arg: dict[str, str]) -> None:
        raise NotImplementedError

    def _fail(self, code: int, words: str, arg: Mapping[str, str] | None = None) -> None:
        row: dict[str, Any] = {"event": "error", "code": code, "msg": words}
        self._send(row if arg is None else row | {"arg": dict(arg)}, ANSWER)


class PublicSession(_Session):
    """Public channels of both products."""

    def __init__(self, markets: Mapping[str, BitgetMarket], send: Sender) -> None:
        super().__init__(send)
        self._markets = markets

    def _one(self, op: str, arg: dict[str, str]) -> None:
        market = self._markets.get(arg.get("instType", ""))
        channel, symbol = arg.get("channel", ""), arg.get("instId", "")
        if market is None or not market.knows(channel, symbol):
            words = f"instType:{arg.get('instType')},channel:{channel},instId:{symbol} doesn't exist"
            self._fail(30001, words, arg)
        elif op == "unsubscribe":
            market.topics.remove(market.topic(channel), self._send)
            self._send({"event": "unsubscribe", "arg": arg}, ANSWER)
        else:
            self._send({"event": "subscribe", "arg": arg}, ANSWER)
            if market.topics.add(market.topic(channel), self._send):
                market.greet(channel, self._send)

    def closed(self) -> None:
        """Listen to nothing any more."""
        for market in self._markets.values():
            market.topics.drop(self._send)


class PrivateSession(_Session):
    """Private channels."""

    def __init__(
        self, user: BitgetUser, send: Sender, login: Callable[[dict[str, str]], tuple[int, str]]
    ) -> None:
        super().__init__(send)
        self._user, self._login, self._in = user, login, False

    def _one(self, op: str, arg: dict[str, str]) -> None:
        if op == "login":
            code, words = self._login(arg)
            self._in = code == 0
            if code:
                self._fail(code, words)
            else:
                self._send({"event": "login", "code": 0}, ANSWER)
        elif not self._in:
            self._fail(30004, "User needs to log in", arg)
        elif not self._user.knows(arg):
            self._fail(30001, f"{topic_of(arg)} doesn't exist", arg)
        elif op == "unsubscribe":
            self._user.topics.remove(topic_of(arg), self._send)
            self._send({"event": "unsubscribe", "arg": arg}, ANSWER)
        else:
            self._send({"event": "subscribe", "arg": arg}, ANSWER)
            self._user.subscribe(arg, self._send)

    def closed(self) -> None:
        """Listen to nothing any more."""
        self._user.topics.drop(self._send)
