"""Asking a daemon that is not there, is slow, or talks nonsense: one clear error each, with its exit code."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.model.errors import BotError, NotRunning, Timeout
from bot.ops.control import call


@contextmanager
def _answering(path: Path, answer: bytes | None) -> Iterator[None]:
    """A socket that reads one request and sends `answer` (None = stays silent)."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    done = threading.Event()

    def serve() -> None:
        probe, _ = listener.accept()
        probe.close()
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            if answer is None:
                done.wait(10)
            else:
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        listener.close()


def _http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def test_no_socket_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"no daemon answers there: start it with `bot run`") as caught:
        call(tmp_path / "control.sock", "GET", "/status")
    assert caught.value.exit_code == 3


def test_a_socket_left_by_a_crash_is_not_running(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    with pytest.raises(NotRunning):
        call(path, "GET", "/status")


def test_silence_is_a_timeout(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with _answering(path, None), pytest.raises(Timeout, match=r"did not answer in 0\.05 s") as caught:
        call(path, "GET", "/status", timeout=0.05)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (b"", NotRunning, "closed the connection"),
        (_http("200 OK", b"<html>"), BotError, "is no JSON"),
        (_http("409 Conflict", b'{"error":"not while halted"}'), BotError, "POST /command: not while halted"),
        (_http("500 Oops", b"[]"), BotError, "refused with status 500"),
    ],
)
def test_a_bad_answer_is_told(tmp_path: Path, answer: bytes, kind: type[BotError], message: str) -> None:
    path = tmp_path / "control.sock"
    with _answering(path, answer), pytest.raises(kind, match=message):
        call(path, "POST", "/command", {"command": "halt"})


def test_a_good_answer_is_the_json(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with _answering(path, _http("200 OK", b'{"level":"NORMAL","net":null}')):
        assert call(path, "GET", "/status") == {"level": "NORMAL", "net": None}
