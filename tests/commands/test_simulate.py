"""`bot backtest`: its document, its journal, its bar; the run itself is in a process of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import cli
from bot.commands import simulate

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    *("pnl", "identity_error_usdt", "daily_std", "net_delta", "uptime", "hedges", "turnover_tokens"),
    *("events", "seconds", "events_per_s"),
}
DOCUMENT: dict[str, Any] = {
    "pnl": {"spread_capture": 12.5, "total": 12.5},
    "identity_error_usdt": 1.8e-9,
    "daily_std": {"hedged": 3.0, "unhedged": None},
    "net_delta": {"rms": 9_753.0, "p99": None, "max": 15_605.0, "band": 24_809.0},
    "uptime": {"binance": 0.99996, "bybit": None},
    "levels": {"NORMAL": 1.0},
    "fills": 84,
    "hedges": 112,
    "turnover_tokens": 3_156_643.0,
    "events": 8_796,
    "seconds": 4.0,
    "events_per_s": 2_199.0,
    "market_seconds": 1_728.0,
}


def test_a_short_backtest_leaves_a_journal_that_folds_to_the_same_book(tmp_path: Path) -> None:
    def bot(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "bot", *arguments, "-c", "config/paper.toml", "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    journal = tmp_path / "run.db"
    document = bot("backtest", "--days", "0.002", "--seed", "5", "--journal", str(journal))
    assert set(document) >= KEYS
    assert document["events"] > 0
    assert document["identity_error_usdt"] < 1e-3
    folded = bot("replay", str(journal))["status"]
    assert folded["pnl"] == document["pnl"]
    assert folded["hedges"] == document["hedges"]


@pytest.mark.parametrize(("days", "words"), [("0", "more than nothing"), ("-1", "--days")])
def test_no_days_is_usage(days: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["backtest", "--days", days]) == 2
    assert words in capsys.readouterr().err


def test_a_journal_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "journal.db"
    there.touch()
    assert cli.call(["backtest", "--journal", str(there)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_tables_for_people() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, color_system=None)
    for part in simulate.tables(DOCUMENT):
        console.print(part)
    rows = {line[:26].strip(): line[26:].strip() for line in out.getvalue().splitlines()}
    assert rows["net delta rms, tokens"] == "9,753"
    assert rows["daily std unhedged, USDT"] == "–"
    assert rows["uptime binance"] == "99.99%"
    assert "8,796 events in 4.0 s = 2,199/s · identity error 1.8e-09 USDT" in out.getvalue()


def test_the_bar_tells_day_and_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(simulate.sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with simulate._bar(2.0) as advance:
        advance(0.25, 50_000)
    assert "day 0.50 of 2 · 50,000 events" in screen.getvalue()


def test_without_a_terminal_the_bar_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with simulate._bar(2.0) as advance:
        advance(0.5, 10)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
