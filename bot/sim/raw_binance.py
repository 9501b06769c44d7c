"""Reads recorded Binance frames: diff depth, trades and best quotes, spot and USDT-margined perpetuals.

Rule 1: a book exists only from a REST snapshot on, joined to the diffs by the exchange's own rule: drop diffs
that end before the snapshot, the first one kept must straddle it, each next one starts where the last ended.
Rule 2: a diff that does not follow drops the book (`What.LOST`); only a new snapshot brings it back.
Rule 3: time is the recorder's receive time, the first field of each line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.model.errors import ConfigError
from bot.model.order import Side
from bot.sim.matching import Row
from bot.sim.recording import Grid, Message, What

_BUFFER_MAX = 10_000  # diffs kept while waiting for a snapshot


class DepthSync:
    """Joins snapshots and diffs of one symbol. Frames are the exchange's JSON objects.

    Perpetuals name the previous event (`pu`), spot events count on (`U` = previous `u` + 1).
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._last: int | None = None  # last update id in the book, None = no book
        self._joining = False  # the next diff is the first after a snapshot
        self._waiting: list[tuple[int, dict[str, Any]]] = []

    @property
    def synced(self) -> bool:
        """Whether there is a book."""
        return self._last is not None

    def snapshot(self, ts_ns: int, frame: dict[str, Any]) -> list[Message]:
        """A REST snapshot arrived: the book, and what the diffs received before it add."""
        self._last, self._joining = int(frame["lastUpdateId"]), True
        messages = [Message(ts_ns, What.SNAPSHOT, self._rows(frame["bids"], frame["asks"]))]
        waiting, self._waiting = self._waiting, []
        for _, diff in waiting:
            messages += self.update(ts_ns, diff)
        return messages

    def update(self, ts_ns: int, diff: dict[str, Any]) -> list[Message]:
        """A diff arrived: its rows, nothing while there is no book, or LOST when it does not follow."""
        last = self._last
        if last is None:
            self._waiting.append((ts_ns, diff))
            del self._waiting[:-_BUFFER_MAX]
            return []
        first, final, previous = int(diff["U"]), int(diff["u"]), diff.get("pu")
        if self._joining:
            old = final < last if previous is not None else final <= last
            if old:
                return []
            follows = first <= last if previous is not None else first <= last + 1
        else:
            follows = previous == last if previous is not None else first == last + 1
        if not follows:
            self._last, self._waiting = None, [(ts_ns, diff)]
            expected = last if previous is not None and not self._joining else last + 1
            got = previous if previous is not None and not self._joining else first
            return [Message(ts_ns, What.LOST, [], f"gap in depth updates: expected {expected}, got {got}")]
        self._last, self._joining = final, False
        return [Message(ts_ns, What.LEVELS, self._rows(diff["b"], diff["a"]))]

    def _rows(self, bids: list[list[str]], asks: list[list[str]]) -> list[Row]:
        ticks, lots = self._grid.ticks, self._grid.lots
        rows = [(Side.BUY, ticks(price), lots(quantity)) for price, quantity in bids]
        rows += [(Side.SELL, ticks(price), lots(quantity)) for price, quantity in asks]
        return rows


def read_binance(frames: Iterator[tuple[int, dict[str, Any]]], grid: Grid, name: str) -> Iterator[Message]:
    """The messages of a stream of (receive time, frame), as received; best quotes become TOP.

    Raises ConfigError with `name` when a frame lacks what its stream should hold.
    """
    sync = DepthSync(grid)
    for ts_ns, frame in frames:
        try:
            data = frame.get("data", frame)
            if "lastUpdateId" in data:
                messages = sync.snapshot(ts_ns, data)
            else:
                messages = _frame(sync, grid, ts_ns, frame["stream"], data)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError([f"{name}: at {ts_ns}: no Binance frame: {str(frame)[:120]}"]) from error
        yield from messages


def _frame(sync: DepthSync, grid: Grid, ts_ns: int, stream: str, data: dict[str, Any]) -> list[Message]:
    if "@depth" in stream:
        return sync.update(ts_ns, data)
    if "@trade" in stream:
        if data.get("X", "MARKET") != "MARKET":  # insurance fund and ADL do not take from the book
            return []
        side = Side.SELL if data["m"] else Side.BUY
        return [Message(ts_ns, What.TRADE, [(side, grid.ticks(data["p"]), grid.lots(data["q"]))])]
    if "@bookTicker" in stream:
        bid = (Side.BUY, grid.ticks(data["b"]), grid.lots(data["B"]))
        return [Message(ts_ns, What.TOP, [bid, (Side.SELL, grid.ticks(data["a"]), grid.lots(data["A"]))])]
    return []
