"""Reads the neutral CSV form `ts_ns,type,side,price,qty`: a row per book level, trade, quote or bar corner.

Rule 1: rows of one type with one time stamp are one message: that is how the exchange sent them.
Rule 2: a bar walks open → high → low → close inside its own interval, the volume spread over the three moves;
no price of a bar is shown before its turn.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.model.errors import ConfigError
from bot.model.order import Side
from bot.sim.matching import Row
from bot.sim.recording import Grid, Message, What

HEADER = "ts_ns,type,side,price,qty"
_SIDES = {"bid": Side.BUY, "ask": Side.SELL, "buy": Side.BUY, "sell": Side.SELL}
_WHAT = {"book": What.LEVELS, "bbo": What.TOP, "snap": What.SNAPSHOT}


def read_neutral(rows: Iterator[str], grid: Grid, name: str, *, tops: bool = False) -> Iterator[Message]:
    """The messages of files that follow each other, each with its header; best quotes (TOP) only when `tops`.

    Raises ConfigError with `name` when a row is not in the neutral form.
    """
    header = next(rows, "").strip()
    if header != HEADER:
        raise ConfigError([f"{name}: not a neutral recording: header is {header[:80]!r}, not {HEADER!r}"])
    yield from _messages(rows, grid, name, tops)


def _messages(rows: Iterator[str], grid: Grid, name: str, tops: bool) -> Iterator[Message]:
    memory, ticks_of, lots_of, sides = grid.memory, grid.ticks, grid.lots, _SIDES
    stamp = kind = line = ""
    batch: list[Row] = []
    try:
        for line in rows:
            ts, what, side, price, quantity = line.split(",")
            if what == "bbo" and not tops:
                continue
            if batch and (ts != stamp or what != kind):
                yield Message(int(stamp), _WHAT[kind], batch)
                batch = []
            if what == "trade":
                row = (sides[side], memory.get(price) or ticks_of(price), lots_of(quantity))
                yield Message(int(ts), What.TRADE, [row])
            elif what in _WHAT:
                stamp, kind = ts, what
                batch.append((sides[side], memory.get(price) or ticks_of(price), lots_of(quantity)))
            elif line.rstrip() != HEADER:
                yield from _walk(line, rows, grid)
        if batch:
            yield Message(int(stamp), _WHAT[kind], batch)
    except (ValueError, KeyError) as error:
        raise ConfigError([f"{name}: not a neutral row: {line.strip()[:120]!r}"]) from error


def _walk(line: str, rows: Iterator[str], grid: Grid) -> Iterator[Message]:
    """One bar, from its open row on: takes the three rows that follow from `rows`."""
    bar = [line.rstrip().split(",") for line in (line, *(next(rows, "") for _ in range(3)))]
    if [row[1:2] for row in bar] != [["kline_open"], ["kline_high"], ["kline_low"], ["kline_close"]]:
        raise ValueError("a bar is open, high, low, close")
    opened, closed = int(bar[0][0]), int(bar[3][0])
    lots = grid.lots(bar[3][4]) // 3
    for corner, row in enumerate(bar):
        at = opened + (closed - opened) * corner // 3
        yield Message(at, What.PRICE, [(Side.BUY, grid.ticks(row[3]), lots if corner else 0)])
