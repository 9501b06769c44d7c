"""`bot backtest`: the same daemon on the virtual clock, against a simulated or recorded market."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.commands import daemon, output
from bot.commands.look import pnl_rows

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer()

Advance = Callable[[float, int], None]


@app.command(rich_help_panel=output.HISTORY)
def backtest(
    config: daemon.Config = daemon.CONFIG,
    days: Annotated[float, typer.Option(help="Days of market time, at most.", min=0.0)] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the market (default: the configuration's).")
    ] = None,
    feed: Annotated[
        Literal["sim", "replay"] | None, typer.Option(help="Market data (default: the configuration's).")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the journal of the run here.")
    ] = None,
    json: output.Json = False,
) -> None:
    """Profit by source, hedging error and uptime over simulated or recorded days."""
    from bot.backtest import BacktestOptions
    from bot.backtest import backtest as run_backtest
    from bot.clock import SystemClock
    from bot.config import load
    from bot.ops.logs import LogOptions, setup

    if not days > 0:
        raise typer.BadParameter(f"--days {days:g} must be more than nothing")
    if journal is not None and journal.exists():
        raise typer.BadParameter(f"--journal {journal} is there already: give a new name")
    settings = load(config)
    setup(LogOptions(level="error", secrets=settings.secret_values()), SystemClock())
    with _bar(days) as advance:
        result = run_backtest(settings, BacktestOptions(days, seed, feed, journal), advance)
    if json:
        output.emit(result.as_dict)
    else:
        output.show(*tables(result.as_dict))
    if result.run.exit_code:
        output.note(f"bot: the run ended early, fail-safe: {result.run.error}")
        raise typer.Exit(result.run.exit_code)


@contextlib.contextmanager
def _bar(days: float) -> Iterator[Advance]:
    """A bar on stderr with market time and events per second; silent without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _share, _events: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, told="opening the books")

        def advance(share: float, events: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = events / elapsed if elapsed > 0 else 0.0
            told = f"day {share * days:.2f} of {days:g} · {events:,} events · {rate:,.0f}/s"
            bar.update(task, completed=share, told=told)

        yield advance


def tables(document: dict[str, Any]) -> list[RenderableType]:
    """What an operator wants to know of a backtest: profit, hedging, obligations, speed."""
    from bot.ops.figures import plain, share, span

    net, std = document["net_delta"], document["daily_std"]
    figures = [
        *((f"net delta {name}, tokens", plain(net[name])) for name in ("rms", "p99", "max")),
        ("band at the end, tokens", plain(net["band"])),
        ("daily std hedged, USDT", plain(std["hedged"], 2)),
        ("daily std unhedged, USDT", plain(std["unhedged"], 2)),
        ("fills", plain(document["fills"])),
        ("hedges", plain(document["hedges"])),
        ("turnover, tokens", plain(document["turnover_tokens"])),
        *((f"uptime {name}", share(value, 2)) for name, value in document["uptime"].items()),
        *((f"time {level}", share(value, 2)) for level, value in document["levels"].items()),
    ]
    speed = (
        f"{document['events']:,} events in {span(document['seconds'])} = {document['events_per_s']:,.0f}/s · "
        f"identity error {document['identity_error_usdt']:.1e} USDT"
    )
    title = f"profit and loss in USDT over {document['market_seconds'] / 86_400:.2f} days"
    return [
        output.table(title, ("source", "USDT"), pnl_rows(document["pnl"])),
        "",
        output.table("hedging and obligations", ("", ""), figures),
        "",
        speed,
    ]
