"""`bot run`: the locks before real money, and whole runs of the paper market in a process of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.commands.run import UNLOCK, check_unlocked
from bot.config import Settings, load
from bot.config.settings import ChainSettings
from bot.model.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "config" / "paper.toml"


@pytest.fixture(scope="module")
def paper() -> Settings:
    return load(PAPER, {})


def test_paper_needs_no_key(paper: Settings) -> None:
    check_unlocked(paper, live=False, speed=10.0)


@pytest.mark.parametrize(
    ("mode", "live", "unlock", "speed", "words"),
    [
        ("live", False, "", 1.0, "say --live"),
        ("live", True, "", 1.0, f"set {UNLOCK}="),
        ("live", True, "yes", 1.0, f"set {UNLOCK}="),
        ("paper", True, "", 1.0, "mode is paper"),
        ("testnet", False, "", 2.0, "--speed 2 needs"),
    ],
)
def test_real_money_is_locked_twice(
    mode: str,
    live: bool,
    unlock: str,
    speed: float,
    words: str,
    paper: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(UNLOCK, unlock)
    with pytest.raises(ConfigError, match=words):
        check_unlocked(paper.model_copy(update={"mode": mode}), live, speed)


def test_a_chain_keeps_real_time(paper: Settings) -> None:
    address = "0x" + "1" * 40
    chain = ChainSettings(rpc_urls=("http://127.0.0.1:8545",), token=address, quote=address)
    with_chain = paper.model_copy(update={"chain": chain})
    check_unlocked(with_chain, live=False, speed=1.0)
    with pytest.raises(ConfigError, match=r"remove \[chain\]"):
        check_unlocked(with_chain, live=False, speed=10.0)


def test_both_keys_open_it(paper: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(UNLOCK, paper.prefix)
    check_unlocked(paper.model_copy(update={"mode": "live"}), live=True, speed=1.0)


@pytest.mark.parametrize(("span", "words"), [("soon", "write e.g. 60s"), ("0s", "longer than nothing")])
def test_a_bad_span_is_usage(span: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["run", "--for", span]) == 2
    assert words in capsys.readouterr().err


def environment(state_dir: Path) -> dict[str, str]:
    return {**os.environ, "BOT_STATE_DIR": str(state_dir), "PYTHONUNBUFFERED": "1"}


def bot(state_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(state_dir), stdout=pipe, stderr=pipe, text=True
    )


def test_a_short_run_ends_with_its_status_as_one_line(tmp_path: Path) -> None:
    running = bot(tmp_path, "run", "-c", str(PAPER), "--for", "2s", "--speed", "5", "--json")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    lines = out.splitlines()
    document: dict[str, Any] = json.loads(lines[-1])
    assert document["state"] == "stopped"
    assert document["mode"] == "paper"
    assert document["delta"]["loan"] == 3_000_000
    assert len(lines) == 1


def test_a_running_daemon_is_watched_asked_and_stopped_in_order(tmp_path: Path) -> None:
    running = bot(tmp_path, "run", "-c", str(PAPER), "--watch")
    assert running.stdout is not None
    try:
        line = running.stdout.readline()  # the first summary: it is up
        assert " paper " in line
        asked = bot(tmp_path, "status", "--json")
        out, err = asked.communicate(timeout=30)
        assert asked.returncode == 0, err
        assert json.loads(out)["mode"] == "paper"
        second = bot(tmp_path, "run", "-c", str(PAPER), "--for", "1s")
        _, err = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "one daemon per deal" in err
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0, err
    assert " stopped " in out
    assert "left open: net delta" in out
