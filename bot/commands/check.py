"""`bot check`: the configuration judged offline, and every effective value with where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import daemon, output
from bot.model.errors import ConfigError

if TYPE_CHECKING:
    from bot.config import Row, Settings

app = typer.Typer()


@app.command(rich_help_panel=output.RUNNING)
def check(
    config: daemon.Config = daemon.CONFIG,
    all_values: Annotated[bool, typer.Option("--all", "-a", help="List the defaults too.")] = False,
    json: output.Json = False,
) -> None:
    """Validate the configuration without starting anything; secrets are masked."""
    from bot.config import effective, load

    try:
        settings = load(config)
    except ConfigError as error:
        if json:
            output.emit({"ok": False, "problems": error.problems})
        raise
    rows = effective(settings)
    if json:
        values = {row.key: {"value": row.value, "origin": row.origin} for row in rows}
        output.emit({"ok": True, "problems": [], "mode": settings.mode, "values": values})
    else:
        _show(settings, rows, all_values)


def _show(settings: Settings, rows: Sequence[Row], all_values: bool) -> None:
    shown = [row for row in rows if all_values or row.origin != "default"]
    table = output.grid(("key", "value", "from"), shown)
    for column in table.columns:
        column.justify, column.no_wrap = "left", False
    output.show(table)
    hidden = len(rows) - len(shown)
    rest = f", {hidden} defaults not shown (--all lists them)" if hidden else ""
    output.show(f"{settings.files.main}: sound; mode {settings.mode}, {len(rows)} values{rest}")
