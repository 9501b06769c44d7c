"""The command line as a whole: help, errors on one line, exit codes, how quickly it answers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bot
from bot import cli
from bot.model.errors import BotError, ConfigError, FailSafe, JournalError, NotRunning, Timeout

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    *("run", "plan", "check", "status", "pnl", "reload", "pause", "resume", "halt", "flatten"),
    *("options", "lp", "backtest", "replay", "journal", "localnet"),
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Let the application raise, and return the exit code."""

    def fail(error: BaseException) -> int:
        def app(**_: object) -> None:
            raise error

        monkeypatch.setattr(cli, "app", app)
        return cli.call([])

    return fail


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["--help"]) == 0
    out = capsys.readouterr().out
    listed = re.findall(r"^│ ([a-z]+) ", out, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call([command, "--help"]) == 0
    assert "Usage: bot " + command in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["--version"]) == 0
    assert capsys.readouterr().out == f"bot {bot.__version__}\n"


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (BotError("it failed: do this"), 1, ["bot: it failed: do this"]),
        (NotRunning("no daemon: start it"), 3, ["bot: no daemon: start it"]),
        (ConfigError(["a.toml: one", "b.toml: two"]), 4, ["bot: a.toml: one", "bot: b.toml: two"]),
        (Timeout("too slow"), 5, ["bot: too slow"]),
        (FailSafe("broken"), 75, ["bot: broken"]),
        (JournalError(""), 1, ["bot: JournalError"]),
        (KeyboardInterrupt(), 130, ["bot: stopped by the operator"]),
    ],
)
def test_an_error_is_one_line_and_its_code(
    error: BaseException,
    code: int,
    lines: list[str],
    failing: Callable[[BaseException], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert failing(error) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == lines


def test_a_broken_program_is_not_hidden(failing: Callable[[BaseException], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["lp"], ["lp", "--prise", "1"], ["status", "extra"]])
def test_wrong_usage_exits_2_with_a_pointer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"bot: .+; see `bot( \w+)? --help`\n", told.err)


def test_help_does_not_import_what_only_a_daemon_needs() -> None:
    """The heavy packages take seconds; `--help` is asked at 3 a.m."""
    heavy = "ccxt web3 numpy QuantLib uvicorn fastapi httpx aiohttp structlog uvloop"
    code = (
        "import sys; from bot import cli; code = cli.call(['--help']);"
        f"found = sorted(set('{heavy}'.split()) & set(sys.modules)); sys.exit(','.join(found) or code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_the_module_runs_like_the_command() -> None:
    command = [sys.executable, "-m", "bot", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"bot {bot.__version__}\n", "")
