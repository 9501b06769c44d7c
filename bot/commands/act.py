"""`bot pause · resume · halt · flatten · reload`: telling the running daemon what to do.

Rule 1: every command carries a reason and a name into the journal.
Rule 2: what trades at the market is asked twice on a terminal, and needs `--yes` without one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import daemon, output
from bot.model.errors import ConfigError

app = typer.Typer()

TIMEOUT_S = 15.0
Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; it goes into the journal.")]


@app.command(rich_help_panel=output.ACTING)
def pause(
    reason: Reason = "operator", config: daemon.Config = daemon.CONFIG, json: output.Json = False
) -> None:
    """Take the quotes off; hedging goes on."""
    _command(config, "pause", reason, json)


@app.command(rich_help_panel=output.ACTING)
def resume(
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="What was found and why it is safe again.")
    ],
    config: daemon.Config = daemon.CONFIG,
    json: output.Json = False,
) -> None:
    """Quote again after a pause, or come down from REDUCING, HALTED or FLATTEN."""
    _command(config, "resume", reason, json)


@app.command(rich_help_panel=output.ACTING)
def halt(
    reason: Reason = "operator", config: daemon.Config = daemon.CONFIG, json: output.Json = False
) -> None:
    """Cancel every order and send nothing more; positions stay as they are, unhedged."""
    _command(config, "halt", reason, json)


@app.command(rich_help_panel=output.ACTING)
def flatten(
    reason: Reason = "operator",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: daemon.Config = daemon.CONFIG,
    json: output.Json = False,
) -> None:
    """Cancel every quote and trade net delta to zero at the market; what hedges the inventory stays."""
    if not yes:
        _confirm(daemon.ask(config, "GET", "/status"))
    _command(config, "flatten", reason, json)


@app.command(rich_help_panel=output.ACTING)
def reload(
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let a large loosening of a limit pass.")
    ] = False,
    config: daemon.Config = daemon.CONFIG,
    json: output.Json = False,
) -> None:
    """Read limits.toml again: applied, needs a restart, or refused (then the old limits stay)."""
    body = {"confirm": confirm, "by": daemon.operator()}
    answer = daemon.ask(config, "POST", "/reload", body, TIMEOUT_S)
    if json:
        output.emit(answer)
    else:
        output.show(*reload_lines(answer))
    for warning in answer["warnings"]:
        output.note(f"bot: warning: {warning}")
    if answer["problems"]:
        raise ConfigError([*answer["problems"], f"the old limits stay in force (v{answer['version']})"])


def reload_lines(answer: dict[str, Any]) -> list[str]:
    """The answer to a reload, one change a line, the outcome last."""
    lines = [f"{key}: {old} → {new}" for key, old, new in answer["applied"]]
    lines += [f"{key}: {old} → {new} waits for a restart" for key, old, new in answer["needs_restart"]]
    outcome = answer["outcome"].replace("_", " ")
    return [*lines, f"{outcome}: limits v{answer['version']} are in force"]


def _confirm(document: dict[str, Any]) -> None:
    from bot.ops.figures import signed

    positions = [
        f"{name} {signed(venue['perp']['position'])}"
        for name, venue in document["venues"].items()
        if venue["perp"]["position"] != 0.0
    ]
    if not sys.stdin.isatty():
        raise typer.BadParameter("flatten trades at the market: say --yes when nobody can be asked")
    net = document["delta"]["net"]
    output.note(
        f"mode {document['mode']}: this pulls every quote and trades {'?' if net is None else signed(-net)} "
        f"tokens of net delta at the market; perps now: {', '.join(positions) or 'nothing is open'}. They "
        "hedge the inventory and stay until it is sold."
    )
    typer.confirm("Trade now?", abort=True, err=True)


def _command(config: Path, command: str, reason: str, json: bool) -> None:
    body = {"command": command, "reason": reason, "by": daemon.operator()}
    answer = daemon.ask(config, "POST", "/command", body, TIMEOUT_S)
    if json:
        output.emit(answer)
    else:
        paused = ", quotes paused" if answer["paused"] else ""
        reason = f" ({answer['level_reason']})" if answer["level_reason"] else ""
        output.show(f"{command}: level {answer['level']}{paused}{reason}")
