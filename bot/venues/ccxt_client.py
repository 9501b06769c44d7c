"""One ccxt.pro client per market, opened the way a live maker needs it.

Rule 1: every frame is seen here before the library sees it, and no handler's error can stop the socket.
Rule 2: the library neither limits rates nor retries: a request is sent once, at once.
Rule 3: the library's own logger is silent: at debug level it writes keys.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import ccxt
import ccxt.pro
from aiohttp.abc import AbstractResolver

TIMEOUT_MS = 3_000
PING_MS = 5_000

# What a handler of the library, or our own reading of a frame, may raise.
HANDLER_ERRORS = (
    ccxt.BaseError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class Access:
    """Keys and the way to a venue. `ca_file` and `resolver` lead elsewhere than the public network."""

    api_key: str
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)
    ca_file: str = ""
    resolver: AbstractResolver | None = None
    demo: bool = False


class Listener(Protocol):
    """Whoever hears a client's sockets."""

    def on_frame(self, url: str, message: Any) -> None:
        """A frame, before the library handles it."""
        ...

    def on_handled(self, url: str, message: Any) -> None:
        """The same frame, after the library handled it."""
        ...

    def on_connected(self, url: str) -> None:
        """A socket is open."""
        ...

    def on_lost(self, url: str, reason: str) -> None:
        """A socket is gone."""
        ...

    def on_handler_error(self, url: str, error: BaseException) -> None:
        """A frame could not be handled; the socket goes on."""
        ...


class Hooks:
    """What stands before a client of the library."""

    listener: Listener | None = None

    def handle_message(self, client: Any, message: Any) -> None:
        """Ours first, then the library's; an error of either is told and the socket reads on."""
        listener = self.listener
        if listener is None:
            return
        try:
            listener.on_frame(client.url, message)
        except HANDLER_ERRORS as error:
            listener.on_handler_error(client.url, error)
        try:
            super().handle_message(client, message)  # type: ignore[misc]
        except HANDLER_ERRORS as error:
            listener.on_handler_error(client.url, error)
        else:
            listener.on_handled(client.url, message)

    def handle_errors(self, *answer: Any) -> Any:
        """What is raised keeps the answer's body: its text alone may not hold the venue's code.

        A good status without JSON is an error here: the library would read it as "nothing".
        """
        status, body, parsed = answer[0], str(answer[5]), answer[6]
        try:
            found = super().handle_errors(*answer)  # type: ignore[misc]
        except ccxt.BaseError as error:
            error.body = body
            raise
        if parsed is None and status < 300:
            raise ccxt.BadResponse(f"the venue answered with {len(body)} bytes that are no JSON")
        return found

    def on_connected(self, client: Any, message: Any = None) -> None:
        """A socket opened."""
        super().on_connected(client, message)  # type: ignore[misc]
        if self.listener is not None:
            self.listener.on_connected(client.url)

    def on_error(self, client: Any, error: Any) -> None:
        """A socket broke."""
        super().on_error(client, error)  # type: ignore[misc]
        if self.listener is not None:
            self.listener.on_lost(client.url, type(error).__name__)

    def on_close(self, client: Any, error: Any) -> None:
        """A socket was closed from the other side."""
        super().on_close(client, error)  # type: ignore[misc]
        if self.listener is not None:
            self.listener.on_lost(client.url, "closed by the venue")


_HOOKED: dict[str, type[Any]] = {}


def hooked(name: str) -> type[Any]:
    """The ccxt.pro class of this name with our listener in front of its message handler."""
    if name not in _HOOKED:
        _HOOKED[name] = type(f"Hooked{name.capitalize()}", (Hooks, getattr(ccxt.pro, name)), {})
    return _HOOKED[name]


def open_client(name: str, access: Access, options: Mapping[str, Any], listener: Listener) -> Any:
    """A client ready for use on the running loop; markets are not loaded yet."""
    logging.getLogger("ccxt").setLevel(logging.CRITICAL)
    logging.getLogger("ccxt.base.exchange").setLevel(logging.CRITICAL)
    settings: dict[str, Any] = {
        "apiKey": access.api_key,
        "secret": access.secret,
        "password": access.password,
        "enableRateLimit": False,
        "timeout": TIMEOUT_MS,
        "verbose": False,
        "options": {**options, "maxRetriesOnFailure": 0, "adjustForTimeDifference": False},
    }
    if access.ca_file:
        settings["cafile"] = access.ca_file
    exchange = hooked(name)(settings)
    exchange.streaming["keepAlive"] = PING_MS
    exchange.listener = listener
    exchange.open()
    if access.resolver is not None:
        exchange.tcp_connector._resolver = access.resolver
    if access.demo:
        exchange.enable_demo_trading(True)
    assert exchange.enableRateLimit is False
    assert exchange.options["maxRetriesOnFailure"] == 0
    return exchange


def drop_sockets(exchange: Any, reason: str, only: str = "") -> int:
    """Break the open sockets whose address contains `only`, to be opened anew; returns how many."""
    found = [client for url, client in dict(exchange.clients or {}).items() if only in url]
    for client in found:
        client.on_error(ccxt.NetworkError(reason))
    return len(found)


async def close_client(exchange: Any) -> None:
    """Close sockets and session; late frames are not told any more."""
    exchange.listener = None
    await exchange.close()
