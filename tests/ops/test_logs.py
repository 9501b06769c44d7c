"""Logs: no secret leaves, storms are cut short, foreign libraries go the same way, time is the daemon's."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from bot.ops.logs import LOUD, LogOptions, RateLimit, Redaction, setup

CANARY = "cAnArY+/s3cr3t=="


class FakeClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 1_767_225_600.0

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        return round(self.seconds * 1e9)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """A clock; afterwards the process logs as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    levels = {name: logging.getLogger(name).level for name in LOUD}
    yield FakeClock()
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_json_with_the_daemons_time(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "bot.log"
    setup(LogOptions(file=path), clock)
    structlog.get_logger("quoter").info("quotes_placed", exchange="binance", levels=10, depth=1.5)
    assert _lines(path) == [
        {
            "time": "2026-01-01T00:00:00.000+00:00",
            "level": "info",
            "event": "quotes_placed",
            "logger": "quoter",
            "exchange": "binance",
            "levels": 10,
            "depth": 1.5,
        }
    ]
    assert list(_lines(path)[0])[:3] == ["time", "level", "event"]


def _everywhere(log: Any) -> None:
    """The secret in every place a careless line could put it."""
    log.info("plain", note=f"key is {CANARY} indeed")
    log.info(f"in the event {CANARY}")
    log.info("nested", request={"headers": [{"x": f"a{CANARY}b"}], "apiKey": "zzz-other-secret"})
    log.info("encoded", url="https://x/?apiKey=cAnArY%2B%2Fs3cr3t%3D%3D&signature=deadbeefdeadbeef")
    log.info("base64", header="Basic " + base64.b64encode(CANARY.encode()).decode())
    log.info("bytes", body=CANARY.encode())
    log.info("object", error=ValueError(f"bad {CANARY}"))
    log.info("key", **{f"k-{CANARY}": 1})
    log.info("named", secret="abc", password="def", api_secret="ghi", passphrase="jkl")
    try:
        raise RuntimeError(f"refused {CANARY}")
    except RuntimeError:
        log.exception("failed")


def test_a_secret_is_in_no_emitted_byte(
    clock: FakeClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bot.log"
    setup(LogOptions(level="debug", file=path, secrets=(CANARY,)), clock)
    _everywhere(structlog.get_logger("a"))
    plain = logging.getLogger("library")
    plain.warning("sent %s", CANARY)
    plain.warning({"secret": "mno", "x": CANARY})
    plain.error("odd", exc_info=OSError(f"url https://host/?signature=0123456789abcdef {CANARY}"))
    text = path.read_text() + capsys.readouterr().err
    assert len(_lines(path)) == 13
    for canary in (CANARY, "cAnArY%2B", "zzz-other", "deadbeef", "0123456789abcdef", "s3cr3t"):
        assert canary not in text
    assert base64.b64encode(CANARY.encode()).decode()[:-2] not in text
    named = next(line for line in _lines(path) if line["event"] == "named")
    assert {named[key] for key in ("secret", "password", "api_secret", "passphrase")} == {"***"}


def test_ordinary_words_survive(clock: FakeClock, tmp_path: Path) -> None:
    redaction = Redaction((CANARY, "abc"))
    event = {"tokens": 3_000_000, "token": "TKN", "note": "abc: 5 tokens = 5.01 USDT", "keys": None}
    assert redaction(None, "info", dict(event)) == event
    assert redaction(None, "info", {"api_key": None, "api-key": 0})["api_key"] is None
    assert redaction.value({"x": {3, 1}, "y": (True, 1.5, None)}) == {"x": [1, 3], "y": [True, 1.5, None]}


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_libraries_that_print_requests_stay_quiet(clock: FakeClock, tmp_path: Path, level: str) -> None:
    path = tmp_path / "bot.log"
    setup(LogOptions(level=level, file=path), clock)
    for name in LOUD:
        library = logging.getLogger(name)
        library.debug("fetch Request: binance POST key=%s", "k")
        library.info("GET https://host/?key=k")
        library.warning("trouble")
    expected = 0 if level == "error" else len(LOUD)
    assert [line["event"] for line in _lines(path)] == ["trouble"] * expected


def test_a_storm_is_told_a_few_times_and_then_counted(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    setup(LogOptions(file=path, burst=3, window_s=60), clock)
    log = structlog.get_logger("venue")
    for number in range(50):
        log.warning("stale_book", age_s=number)
        log.critical("fail_safe")
    log.error("stale_book")
    log.debug("never")
    clock.seconds += 61
    log.warning("stale_book", age_s=99)
    lines = _lines(path)
    stale = [line for line in lines if line["event"] == "stale_book" and line["level"] == "warning"]
    assert [line["age_s"] for line in stale] == [0, 1, 2, 99]
    assert stale[-1]["suppressed"] == 47
    assert sum(line["event"] == "fail_safe" for line in lines) == 50
    assert sum(line["level"] == "error" for line in lines) == 1


def test_the_memory_of_storms_has_an_end(clock: FakeClock) -> None:
    limit = RateLimit(clock, burst=1, window_s=60)
    for number in range(5_000):
        limit(None, "info", {"event": f"event {number}"})
    assert len(limit._seen) == 1_000


def test_setting_up_again_does_not_double_the_lines(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    setup(LogOptions(file=path), clock)
    setup(LogOptions(file=path), clock)
    structlog.get_logger("a").info("once")
    assert len(_lines(path)) == 1
