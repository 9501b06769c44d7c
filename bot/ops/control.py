"""Asking the daemon over its control socket (the other end is `control_server`).

Rule 1: the answer is the daemon's JSON, or an error that says what to do: not running, too slow, refused.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bot.model.errors import BotError, NotRunning, Timeout

Json = Mapping[str, Any]


def call(socket_path: Path, method: str, path: str, body: Json | None = None, timeout: float = 5.0) -> Any:
    """Ask the daemon; returns its JSON.

    Raises `NotRunning`, `Timeout` (seconds in `timeout`), or `BotError` with the daemon's own words.
    """
    import httpx  # here, because it takes a tenth of a second that most commands need not wait

    _probe(socket_path)
    try:
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=os.fspath(socket_path)), timeout=timeout
        ) as client:
            answer = client.request(method, f"http://daemon{path}", json=None if body is None else dict(body))
    except httpx.TimeoutException as error:
        raise Timeout(f"{socket_path}: the daemon did not answer in {timeout:g} s: see its log") from error
    except httpx.TransportError as error:
        raise NotRunning(f"{socket_path}: the daemon closed the connection ({error!r})") from error
    try:
        result = orjson.loads(answer.content)
    except ValueError as error:
        raise BotError(f"{socket_path}: the answer to {method} {path} is no JSON") from error
    if answer.status_code >= 400:
        text = result.get("error") if isinstance(result, dict) else None
        raise BotError(f"{method} {path}: {text or f'refused with status {answer.status_code}'}")
    return result


def _probe(path: Path) -> None:
    """Whether anybody listens, before a client is built (which does not close a socket that was refused)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except PermissionError as error:
            raise BotError(f"{path}: belongs to another user: run this as the daemon's user") from error
        except OSError as error:
            raise NotRunning(f"{path}: no daemon answers there: start it with `bot run`") from error
