"""Recorded Binance frames: joining snapshots and diffs, holes, and the recorded best quotes as witness."""

import os
from bisect import bisect_right
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bot.model.errors import ConfigError
from bot.model.market import OrderBook
from bot.model.order import Side
from bot.sim.params import InstrumentParams, sim_instruments
from bot.sim.raw_binance import DepthSync, read_binance
from bot.sim.recording import Grid, Message, What
from bot.venues.tape import FileTape

ROOT = Path(__file__).parents[2]
FRAMES = Path(os.environ.get("BOT_MARKETDATA", ROOT.parent / "shared" / "marketdata")) / "hft_eth_20240808"
SPOT_FILES = ("spot_ethusdt_20240808.gz", "spot_ethusdt_20240809.gz")
PERP_FILES = ("usdm_ethusdt_20240808.gz",)
SPOT = sim_instruments(InstrumentParams(tick_usdt=Decimal("0.01"), lot_tokens=Decimal("0.0001")))[0]
Frame = dict[str, Any]


def snapshot(last: int) -> Frame:
    return {"lastUpdateId": last, "bids": [["10.00", "1"]], "asks": [["11.00", "1"]]}


def spot(first: int, final: int) -> Frame:
    return {"U": first, "u": final, "b": [["10.01", "2"]], "a": []}


def perp(first: int, final: int, previous: int) -> Frame:
    return {**spot(first, final), "pu": previous}


def whats(messages: list[Message]) -> list[What]:
    return [message.what for message in messages]


def test_diffs_before_the_snapshot_are_joined_to_it() -> None:
    sync = DepthSync(Grid(SPOT))
    assert sync.update(1, spot(1, 5)) == []
    assert sync.update(2, spot(6, 12)) == []
    assert sync.update(3, spot(13, 15)) == []
    assert not sync.synced
    messages = sync.snapshot(9, snapshot(10))
    assert whats(messages) == [What.SNAPSHOT, What.LEVELS, What.LEVELS]  # the first ended before it
    assert {message.ts_ns for message in messages} == {9}
    assert sync.synced


def test_spot_diffs_count_on() -> None:
    sync = DepthSync(Grid(SPOT))
    sync.snapshot(0, snapshot(10))
    assert whats(sync.update(1, spot(9, 10))) == []  # already in the snapshot
    assert whats(sync.update(2, spot(11, 14))) == [What.LEVELS]
    lost = sync.update(3, spot(16, 20))
    assert whats(lost) == [What.LOST]
    assert lost[0].reason == "gap in depth updates: expected 15, got 16"
    assert not sync.synced


def test_perp_diffs_name_the_one_before() -> None:
    sync = DepthSync(Grid(SPOT))
    sync.snapshot(0, snapshot(10))
    assert whats(sync.update(1, perp(5, 9, 4))) == []
    assert whats(sync.update(2, perp(8, 14, 7))) == [What.LEVELS]  # straddles the snapshot
    assert whats(sync.update(3, perp(20, 25, 14))) == [What.LEVELS]  # ids jump, the chain holds
    assert whats(sync.update(4, perp(26, 30, 24))) == [What.LOST]


def test_a_first_diff_beyond_the_snapshot_is_a_gap() -> None:
    for first in (spot(12, 15), perp(12, 15, 11)):
        sync = DepthSync(Grid(SPOT))
        sync.snapshot(0, snapshot(10))
        assert whats(sync.update(1, first)) == [What.LOST]


def test_after_a_gap_only_a_snapshot_brings_the_book_back() -> None:
    sync = DepthSync(Grid(SPOT))
    sync.snapshot(0, snapshot(10))
    sync.update(1, spot(11, 14))
    assert whats(sync.update(2, spot(16, 20))) == [What.LOST]
    assert sync.update(3, spot(21, 22)) == []
    assert whats(sync.snapshot(4, snapshot(18))) == [What.SNAPSHOT, What.LEVELS, What.LEVELS]


def read(frames: list[tuple[int, Frame]]) -> list[Message]:
    return list(read_binance(iter(frames), Grid(SPOT), "tape.gz"))


def test_trades_and_best_quotes() -> None:
    sold = {"p": "10.00", "q": "0.5", "m": True, "X": "MARKET"}
    ticker = {"b": "10.00", "B": "1", "a": "10.01", "A": "2"}
    frames: list[tuple[int, Frame]] = [
        (1, {"stream": "x@trade", "data": sold}),
        (2, {"stream": "x@trade", "data": {**sold, "m": False}}),
        (3, {"stream": "x@trade", "data": {**sold, "X": "INSURANCE_FUND"}}),
        (4, {"stream": "x@bookTicker", "data": ticker}),
        (5, {"stream": "x@markPrice", "data": {}}),
    ]
    assert read(frames) == [
        Message(1, What.TRADE, [(Side.SELL, 1000, 5_000)]),
        Message(2, What.TRADE, [(Side.BUY, 1000, 5_000)]),
        Message(4, What.TOP, [(Side.BUY, 1000, 10_000), (Side.SELL, 1001, 20_000)]),
    ]


@pytest.mark.parametrize(
    "frame", [{}, {"stream": "x@trade", "data": {}}, {"stream": "x@depth", "data": {"U": "?"}}]
)
def test_a_broken_frame_is_named(frame: Frame) -> None:
    with pytest.raises(ConfigError, match=r"tape\.gz: at 7: no Binance frame"):
        read([(1, snapshot(10)), (7, frame)])


def recorded(files: tuple[str, ...], without: str = "", count: int | None = None) -> list[tuple[int, Frame]]:
    tape = FileTape(FRAMES)
    missing = tape.missing(files)
    if missing:
        pytest.skip(f"recorded market data is not here: {missing[0]} (set BOT_MARKETDATA)")
    return list(islice(tape.frames(files, without), count))


@pytest.mark.parametrize(
    ("files", "updates", "share"),
    [(SPOT_FILES, 6_467, 1.0), (PERP_FILES, 6_578, 0.998)],
    ids=["spot", "perp"],
)
def test_the_rebuilt_top_is_the_recorded_best_quote(
    files: tuple[str, ...], updates: int, share: float
) -> None:
    """After the update that ends at id u, the top equals the last best quote with an id up to u."""
    grid = Grid(SPOT)
    sync, book = DepthSync(grid), OrderBook("x")
    quotes: list[tuple[int, int, int]] = []
    tops: list[tuple[int, int, int]] = []
    for ts_ns, frame in recorded(files):
        data = frame.get("data", frame)
        if "lastUpdateId" in data:
            messages = sync.snapshot(ts_ns, data)
        elif "@depth" in frame["stream"]:
            messages = sync.update(ts_ns, data)
        else:
            if "@bookTicker" in frame["stream"]:
                quotes.append((data["u"], grid.ticks(data["b"]), grid.ticks(data["a"])))
            continue
        for message in messages:
            assert message.what is not What.LOST
            for side, ticks, lots in message.rows:
                book.set_level(side, ticks, lots)
        if messages:
            assert book.quotable
            tops.append((data.get("u", 0), book.best_bid, book.best_ask))
    ids = [quote[0] for quote in quotes]
    equal = [quotes[bisect_right(ids, u) - 1][1:] == (bid, ask) for u, bid, ask in tops if u >= ids[0]]
    assert len(equal) == pytest.approx(updates, abs=5)
    assert sum(equal) / len(equal) >= share - 0.0005


def test_a_frame_taken_out_of_the_recording_is_found() -> None:
    frames = recorded(PERP_FILES, "@bookTicker", 8_000)
    depth = [number for number, (_, frame) in enumerate(frames) if "@depth" in frame.get("stream", "")]
    del frames[depth[2_000]]
    messages = read(frames)
    lost = [message for message in messages if message.what is What.LOST]
    assert [message.ts_ns for message in lost] == [frames[depth[2_001] - 1][0]]
    after = messages[messages.index(lost[0]) + 1 :]
    assert {message.what for message in after} == {What.TRADE}  # no snapshot follows: the book stays away
