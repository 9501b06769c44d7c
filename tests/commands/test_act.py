"""Commands to the daemon: what is asked, what is confirmed, what a refusal looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import cli
from bot.commands import act
from fake_daemon import FakeDaemon

DONE = {"level": "NORMAL", "level_reason": "", "paused": False}


@pytest.fixture(autouse=True)
def _name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.mark.parametrize("command", ["pause", "resume", "halt"])
def test_a_command_reaches_the_daemon_with_reason_and_name(
    command: str, daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.answer = {"level": "HALTED", "level_reason": "venue looks wrong", "paused": True}
    assert cli.call([command, "--reason", "venue looks wrong"]) == 0
    assert daemon.asked == [(command, "venue looks wrong", "ann")]
    assert capsys.readouterr().out == f"{command}: level HALTED, quotes paused (venue looks wrong)\n"
    assert cli.call([command, "-r", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == daemon.answer


def test_halt_needs_no_reason_but_resume_does(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answer = DONE
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
    daemon.answer = DONE
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
    daemon.answer = DONE

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


RELOAD = {
    "outcome": "applied",
    "ok": True,
    "version": 4,
    "digest": "d",
    "applied": [["risk.phi", "0", "0.5"]],
    "needs_confirm": [],
    "needs_restart": [["feed.seed", "1", "2"]],
    "problems": [],
    "warnings": ["net delta is above the new limit: REDUCING will follow"],
}


def test_a_reload_tells_what_it_changed(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answer = RELOAD
    assert cli.call(["reload", "--confirm"]) == 0
    assert daemon.asked == [("reload", True, "ann")]
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "risk.phi: 0 → 0.5",
        "feed.seed: 1 → 2 waits for a restart",
        "applied: limits v4 are in force",
    ]
    assert told.err == "bot: warning: net delta is above the new limit: REDUCING will follow\n"


@pytest.mark.parametrize("arguments", [["reload"], ["reload", "--json"]])
def test_a_refused_reload_is_exit_4_with_every_problem(
    arguments: list[str], daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = ["limits.toml: risk.phi = 7: must be ≤ 1; set e.g. 0"]
    daemon.answer = RELOAD | {
        "outcome": "refused",
        "ok": False,
        "applied": [],
        "problems": problems,
        "warnings": [],
    }
    assert cli.call(arguments) == 4
    told = capsys.readouterr()
    assert told.err.splitlines() == [f"bot: {problems[0]}", "bot: the old limits stay in force (v4)"]
    if "--json" in arguments:
        assert json.loads(told.out) == daemon.answer


@pytest.mark.parametrize("command", ["pause", "halt", "flatten --yes", "reload"])
def test_no_daemon_is_exit_3(command: str, state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(command.split()) == 3
    assert "start it with `bot run`" in capsys.readouterr().err
