"""Commands to the daemon: what is asked, what is confirmed, what a refusal looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import cli
from bot.commands import act
from fake_daemon import FakeDaemon


@pytest.fixture(autouse=True)
def _name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.mark.parametrize("command", ["pause", "resume", "halt"])
def test_a_command_reaches_the_daemon_with_reason_and_name(
    command: str, daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.answer = {"level": "PULLED", "state": "paused", "version": 7}
    assert cli.call([command, "--reason", "venue looks wrong"]) == 0
    assert daemon.asked == [(command, "venue looks wrong", "ann")]
    assert capsys.readouterr().out == f"{command}: paused, level PULLED\n"
    assert cli.call([command, "-r", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == daemon.answer


def test_halt_needs_no_reason_but_resume_does(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["halt"]) == 0
    assert daemon.asked == [("halt", "operator", "ann")]
    assert cli.call(["resume"]) == 2
    assert "--reason" in capsys.readouterr().err
    assert len(daemon.asked) == 1


def test_flatten_needs_a_yes_where_nobody_can_be_asked(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.call(["flatten"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert daemon.asked == []
    assert cli.call(["flatten", "--yes", "-r", "end of deal"]) == 0
    assert daemon.asked == [("flatten", "end of deal", "ann")]


@pytest.mark.parametrize(("answer", "code", "asked"), [("y\n", 0, 1), ("n\n", 130, 0), ("\n", 130, 0)])
def test_flatten_asks_on_a_terminal_and_names_what_it_would_close(
    answer: str,
    code: int,
    asked: int,
    daemon: FakeDaemon,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr(act.sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda *_: answer.strip())
    assert cli.call(["flatten"]) == code
    assert len(daemon.asked) == asked
    told = capsys.readouterr().err
    assert "binance −1,350,256, bybit −560,000, bitget −587,412" in told


@pytest.mark.parametrize("command", ["pause", "halt", "flatten --yes", "reload"])
def test_no_daemon_is_exit_3(command: str, state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(command.split()) == 3
    assert "start it with `bot run`" in capsys.readouterr().err
