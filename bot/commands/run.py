"""`bot run`: the daemon.

Rule 1: paper is the default; `live` needs the flag and the unlock in the environment, so that no edit of a
file alone can trade real money.
Rule 2: stdout carries the view or the final status; logs go to stderr, or to a file while the screen is
taken.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import daemon, durations, output
from bot.model.errors import ConfigError

if TYPE_CHECKING:
    from bot.app import RunResult
    from bot.config import Settings

app = typer.Typer()

UNLOCK = "BOT_LIVE_UNLOCK"
LINE_EVERY_S = 5.0
Watch = Callable[[dict[str, Any]], None]


@app.command(rich_help_panel=output.RUNNING)
def run(
    config: daemon.Config = daemon.CONFIG,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="Stop after 60s, 5m, 2h …")
    ] = None,
    speed: Annotated[float, typer.Option(help="How fast a paper market runs.", min=0.01, max=1000.0)] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the paper market.", min=0)] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Live view (plain lines in a pipe).")] = False,
    live: Annotated[bool, typer.Option("--live", help=f"Trade real money; also needs {UNLOCK}.")] = False,
    json: Annotated[bool, typer.Option("--json", help="End with the status as one JSON line.")] = False,
) -> None:
    """Run the daemon until Ctrl-C, SIGTERM or --for: an orderly stop that prints what is left open."""
    try:
        seconds = None if for_ is None else durations.parse(for_)
    except ValueError as error:
        raise typer.BadParameter(f"--for {error}") from None
    from bot.config import load
    from bot.run import RunOptions
    from bot.run import run as run_daemon

    settings = load(config)
    check_unlocked(settings, live, speed)
    with _view(settings, watch, json) as show:
        result = run_daemon(settings, RunOptions(seconds, speed, seed, show))
    _tell_end(result, json)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def check_unlocked(settings: Settings, live: bool, speed: float) -> None:
    """Raise `ConfigError` unless real money was asked for twice, or not at all."""
    main = settings.files.main
    if settings.mode == "live" and not live:
        raise ConfigError([f"{main}: mode is live: say --live to trade real money, or use config/paper.toml"])
    if settings.mode == "live" and os.environ.get(UNLOCK) != settings.prefix:
        raise ConfigError(
            [f"environment: live trading is locked: set {UNLOCK}={settings.prefix} to unlock it"]
        )
    if live and settings.mode != "live":
        raise ConfigError([f'{main}: --live was given but mode is {settings.mode}: set mode = "live"'])
    if speed != 1.0 and settings.mode != "paper":
        raise ConfigError([f'{main}: --speed {speed:g} needs mode = "paper": real venues keep real time'])
    if speed != 1.0 and settings.chain is not None:
        raise ConfigError([f"{main}: --speed {speed:g} cannot be: a chain keeps real time; remove [chain]"])


@contextlib.contextmanager
def _view(settings: Settings, watch: bool, json: bool) -> Iterator[Watch | None]:
    """What shows the run while it goes: the screen, plain lines, or nothing. Sets up the logs accordingly."""
    from bot.ops.screen import Screen, Ticker

    if watch and not json and sys.stdout.isatty():
        log_file = settings.state_path(settings.logs.file or Path("bot.log"))
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), Screen() as screen:
            _set_up_logs(settings, log_file)
            yield screen.show
        return
    _set_up_logs(settings, settings.state_path(settings.logs.file) if settings.logs.file else None)
    if watch:
        out = sys.stderr if json else sys.stdout

        def write(line: str) -> None:
            out.write(line)
            out.flush()

        yield Ticker(write, LINE_EVERY_S, time.monotonic).show
    else:
        yield None


def _set_up_logs(settings: Settings, file: Path | None) -> None:
    from bot.clock import SystemClock
    from bot.ops.logs import LogOptions, setup

    options = LogOptions(level=settings.logs.level, file=file, secrets=settings.secret_values())
    setup(options, SystemClock())


def _tell_end(result: RunResult, json: bool) -> None:
    from bot.ops.terminal import summary

    if json:
        output.emit(result.status)
    else:
        left = [f"left open: {line}" for line in result.left_open] or ["nothing is left open"]
        output.show(summary(result.status), *left)
    if result.exit_code == ConfigError.exit_code:
        output.note("\n".join(f"bot: {line}" for line in result.error.splitlines()))
    elif result.error:
        output.note(f"bot: fail-safe stop: {result.error}; look before you start it again")
