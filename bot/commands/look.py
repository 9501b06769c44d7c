"""`bot status` and `bot pnl`: what the running daemon says of itself."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import daemon, output
from bot.model.errors import NotRunning, Timeout

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer()

EVERY_S = 1.0


@app.command(rich_help_panel=output.LOOKING)
def status(
    config: daemon.Config = daemon.CONFIG,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Redraw every second until Ctrl-C.")] = False,
    json: output.Json = False,
) -> None:
    """Deltas, quotes against obligations, orders, PnL, pool, options, feed ages, level."""
    if watch:
        _watch(config, json)
    else:
        document = daemon.ask(config, "GET", "/status")
        _print(document, json)


@app.command(rich_help_panel=output.LOOKING)
def pnl(config: daemon.Config = daemon.CONFIG, json: output.Json = False) -> None:
    """Profit and loss by source since the deal began."""
    document = daemon.ask(config, "GET", "/status")
    if json:
        output.emit({"time": document["time"], "mode": document["mode"], "pnl": document["pnl"]})
        return
    output.show(pnl_table(document))


def pnl_table(document: dict[str, Any]) -> RenderableType:
    """The profit and loss statement of a status document."""
    title = f"profit and loss in USDT, {document['mode']}, {document['time'] or 'no time yet'}"
    return output.table(title, ("source", "USDT"), pnl_rows(document["pnl"]))


def pnl_rows(pnl: dict[str, float | None]) -> list[tuple[str, str]]:
    """Every line of the statement, the total, and below it what stands beside the total."""
    from bot.ops.figures import signed

    rows = [(name.replace("_", " "), signed(value, 2)) for name, value in pnl.items()]
    after = list(pnl).index("total") + 1
    beside = [("", ""), ("not part of the total:", ""), *rows[after:]] if rows[after:] else []
    return [*rows[:after], *beside]


def _print(document: dict[str, Any], json: bool) -> None:
    from bot.ops.terminal import render, summary

    if json:
        output.emit(document)
    elif sys.stdout.isatty():
        output.show(render(document))
    else:
        output.show(render(document), summary(document))


def _watch(config: Path, json: bool) -> None:
    """Poll until Ctrl-C. On a terminal a lost daemon leaves its last screen, elsewhere it is an error."""
    from bot.ops.screen import Screen

    document = daemon.ask(config, "GET", "/status")
    if json or not sys.stdout.isatty():
        while True:
            _emit_line(document, json)
            time.sleep(EVERY_S)
            document = daemon.ask(config, "GET", "/status")
    with Screen() as screen:
        _redraw(config, screen, document)


def _emit_line(document: dict[str, Any], json: bool) -> None:
    from bot.ops.terminal import summary

    if json:
        output.emit(document)
    else:
        sys.stdout.write(summary(document) + "\n")
        sys.stdout.flush()


def _redraw(config: Path, screen: Any, document: dict[str, Any]) -> None:
    answered, silent = time.monotonic(), 0.0
    while True:
        screen.show(document | {"age_s": (document["age_s"] or 0.0) + silent})
        time.sleep(EVERY_S)
        try:
            document, answered, silent = daemon.ask(config, "GET", "/status"), time.monotonic(), 0.0
        except (NotRunning, Timeout):
            # A daemon that is gone leaves its last answer on the screen, grey and with a growing age.
            silent = time.monotonic() - answered
