"""The client is opened without limiter, retries or logger; a handler's error does not stop its socket."""

from __future__ import annotations

import logging
from typing import Any

import ccxt
import pytest

from bot.venues.ccxt_client import Access, close_client, hooked, open_client


class Heard:
    """Writes down what a client's sockets do."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.errors: list[str] = []

    def on_frame(self, url: str, message: Any) -> None:
        self.frames.append(message)
        if message == "bad":
            raise KeyError("ours")

    def on_handled(self, url: str, message: Any) -> None:
        self.frames.append(("handled", message))

    def on_connected(self, url: str) -> None:
        self.frames.append(("connected", url))

    def on_lost(self, url: str, reason: str) -> None:
        self.frames.append(("lost", url))

    def on_handler_error(self, url: str, error: BaseException) -> None:
        self.errors.append(type(error).__name__)


class Socket:
    """The part of a socket that handlers see."""

    url = "wss://somewhere"


async def test_it_neither_limits_nor_retries_nor_logs_nor_shows_its_keys() -> None:
    access = Access("key", "very-secret", "pass-phrase")
    assert "very-secret" not in repr(access)
    assert "pass-phrase" not in repr(access)
    exchange = open_client("binance", access, {"fetchCurrencies": False}, Heard())
    try:
        assert exchange.enableRateLimit is False
        assert exchange.options["maxRetriesOnFailure"] == 0
        assert exchange.timeout == 3_000
        assert logging.getLogger("ccxt.base.exchange").getEffectiveLevel() == logging.CRITICAL
    finally:
        await close_client(exchange)


async def test_a_handlers_error_is_told_and_the_socket_reads_on() -> None:
    heard = Heard()
    exchange = open_client("binance", Access("key", "secret"), {}, heard)
    try:
        exchange.handle_message(Socket(), "bad")
        exchange.handle_message(Socket(), {"e": "depthUpdate"})
        assert "KeyError" in heard.errors
        assert {"e": "depthUpdate"} in heard.frames
    finally:
        await close_client(exchange)
    exchange.handle_message(Socket(), "late")
    assert "late" not in heard.frames


def test_what_is_raised_keeps_the_answer() -> None:
    exchange = hooked("binance")({})
    body = '{"code":-2010,"msg":"Order would immediately match and take."}'
    answer = {"code": -2010, "msg": "Order would immediately match and take."}
    with pytest.raises(ccxt.BaseError) as caught:
        exchange.handle_errors(400, "Bad Request", "https://x/", "POST", {}, body, answer, {}, "")
    assert getattr(caught.value, "body", "") == body


def test_a_good_status_without_json_is_an_error_and_never_nothing() -> None:
    exchange = hooked("binance")({})
    for body in ("", '[{"orderId":'):
        with pytest.raises(ccxt.BadResponse, match="no JSON"):
            exchange.handle_errors(200, "OK", "https://x/", "GET", {}, body, None, {}, "")
