"""Requests and answers of the local exchanges, free of any web framework.

Rule 1: the raw query and body are kept as they came: signatures are checked over exactly those bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request. `query` is raw, without the question mark; header names are lower case."""

    method: str
    host: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]
    now_ms: int

    @property
    def target(self) -> str:
        """`POST /api/v3/order`, what fault rules match."""
        return f"{self.method} {self.path}"

    def params(self) -> dict[str, str]:
        """Query and form body together."""
        text = "&".join(part for part in (self.query, self.body) if part)
        return dict(parse_qsl(text, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; {} when it is empty or none."""
        try:
            found = orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(status, orjson.dumps(data), headers or {})


class Refused(Exception):
    """A request a venue turns down, in its own code and words."""

    def __init__(self, code: int | str, message: str, status: int = 400, data: object = None) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.status, self.data = code, message, status, data


ANSWER = "answer"
"""Channel name of what answers a request on a stream."""

Sender = Callable[[object, str], None]
"""Send a JSON value or ready text to a client, under the channel name that fault rules match."""


class Session(Protocol):
    """One WebSocket client at a venue."""

    def target(self, text: str) -> str:
        """What a request is called in fault rules (`WS order.place`)."""
        ...

    def received(self, text: str) -> None:
        """A text frame came in; answers go out through the sender."""
        ...

    def closed(self) -> None:
        """The connection is gone."""
        ...


class Front(Protocol):
    """A venue as the server sees it. `heartbeat_s` = how often it pings its stream clients (None = never)."""

    name: str
    domains: tuple[str, ...]
    heartbeat_s: float | None

    def http(self, ask: Ask) -> Reply:
        """Answer a request."""
        ...

    def socket(self, ask: Ask, send: Sender, close: Callable[[], None]) -> Session | Reply:
        """Open a stream, or refuse it."""
        ...
