"""`bot backtest`: the same daemon on the virtual clock, against a simulated or recorded market."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import typer

from bot.commands import daemon, output

app = typer.Typer()

Progress = Callable[[float, int], None]


@app.command(rich_help_panel=output.HISTORY)
def backtest(
    config: daemon.Config = daemon.CONFIG,
    days: Annotated[float, typer.Option(help="Simulated days.", min=0.0)] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the market (default: the configuration's).")
    ] = None,
    feed: Annotated[
        Literal["sim", "replay"] | None, typer.Option(help="Market data (default: the configuration's).")
    ] = None,
    json: output.Json = False,
) -> None:
    """Profit by source, hedging error and uptime over simulated or recorded days."""
    from bot.backtest import BacktestOptions
    from bot.backtest import backtest as run_backtest
    from bot.config import load

    if not days > 0:
        raise typer.BadParameter(f"--days {days:g} must be more than nothing")
    options = BacktestOptions(days=days, seed=seed, feed=feed)
    with _bar(days) as progress:
        document = run_backtest(load(config), options, progress).as_dict
    if json:
        output.emit(document)
    else:
        output.show(*backtest_tables(document, days))


@contextlib.contextmanager
def _bar(days: float) -> Iterator[Progress]:
    """A bar on stderr with simulated days and events per second; silent without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _share, _events: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("backtest"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, told="")

        def advance(share: float, events: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = events / elapsed if elapsed > 0 else 0.0
            told = f"day {share * days:.2f} of {days:g} · {events:,} events · {rate:,.0f}/s"
            bar.update(task, completed=share, told=told)

        yield advance


def backtest_tables(document: dict[str, Any], days: float) -> list[Any]:
    """What an operator wants to know of a backtest: profit, hedging, uptime, speed."""
    from bot.ops.figures import plain, share, signed

    lines = dict(document["pnl"])
    total = lines.pop("total", None)
    profit = [(name.replace("_", " "), signed(value, 2)) for name, value in lines.items()]
    net, std = document["net_delta"], document["daily_std"]
    hedging = [
        ("net delta rms", plain(net["rms"])),
        ("net delta p99", plain(net["p99"])),
        ("net delta max", plain(net["max"])),
        ("band", plain(net["band"])),
        ("daily std hedged, USDT", plain(std["hedged"], 2)),
        ("daily std unhedged, USDT", plain(std["unhedged"], 2)),
        ("hedges", plain(document["hedges"])),
        ("turnover, tokens", plain(document["turnover_tokens"])),
        *((f"uptime {name}", share(value, 2)) for name, value in document["uptime"].items()),
    ]
    speed = (
        f"{document['events']:,} events in {document['seconds']:.1f} s = {document['events_per_s']:,.0f}/s · "
        f"identity error {document['identity_error_usdt']:.2e} USDT"
    )
    return [
        output.table(
            f"{days:g} days: profit and loss", ("source", "USDT"), [*profit, ("total", signed(total, 2))]
        ),
        "",
        output.table("hedging and obligations", ("", ""), hedging),
        "",
        speed,
    ]
