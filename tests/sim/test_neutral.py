"""The neutral CSV form: grouping into messages, bars, faults, and the recorded files row by row."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.errors import ConfigError
from bot.model.order import Side
from bot.sim.neutral import HEADER, read_neutral
from bot.sim.params import InstrumentParams, sim_instruments
from bot.sim.recording import Grid, Message, What
from bot.venues.tape import FileTape

ROOT = Path(__file__).parents[2]
NEUTRAL = Path(os.environ.get("BOT_MARKETDATA", ROOT.parent / "shared" / "marketdata")) / "neutral"
SPOT = sim_instruments(InstrumentParams(tick_usdt=Decimal("0.01"), lot_tokens=Decimal("0.0001")))[0]
B, S = Side.BUY, Side.SELL


def read(*rows: str, tops: bool = False) -> list[Message]:
    return list(
        read_neutral(iter([HEADER + "\n", *(row + "\n" for row in rows)]), Grid(SPOT), "x.csv", tops=tops)
    )


def recorded(name: str, tops: bool = False) -> Iterator[Message]:
    path = NEUTRAL / name
    if not path.is_file():
        pytest.skip(f"recorded market data is not here: {path} (set BOT_MARKETDATA)")
    return read_neutral(FileTape().rows((str(path),)), Grid(SPOT), name, tops=tops)


def test_rows_of_one_message_come_together() -> None:
    messages = read(
        "1,snap,bid,10,1", "1,snap,ask,11,2", "5,book,bid,10,0", "5,book,bid,9.99,3", "5,trade,sell,10,1",
        "5,trade,sell,9.99,2", "6,book,ask,11,1",
    )  # fmt: skip
    assert messages == [
        Message(1, What.SNAPSHOT, [(B, 1000, 10_000), (S, 1100, 20_000)]),
        Message(5, What.LEVELS, [(B, 1000, 0), (B, 999, 30_000)]),
        Message(5, What.TRADE, [(S, 1000, 10_000)]),
        Message(5, What.TRADE, [(S, 999, 20_000)]),
        Message(6, What.LEVELS, [(S, 1100, 10_000)]),
    ]


def test_best_quotes_only_when_asked_for() -> None:
    rows = ("1,bbo,bid,10,1", "1,bbo,ask,11,2")
    assert read(*rows) == []
    assert read(*rows, tops=True) == [Message(1, What.TOP, [(B, 1000, 10_000), (S, 1100, 20_000)])]


def test_a_bar_walks_its_corners_inside_its_time() -> None:
    messages = read(
        "100,kline_open,,10,0", "400,kline_high,,12,0", "400,kline_low,,9,0", "400,kline_close,,11,3"
    )
    assert [(m.ts_ns, m.rows[0][1], m.rows[0][2]) for m in messages] == [
        (100, 1000, 0), (200, 1200, 10_000), (300, 900, 10_000), (400, 1100, 10_000),
    ]  # fmt: skip
    assert {m.what for m in messages} == {What.PRICE}


def test_files_that_follow_each_other_each_bring_their_header() -> None:
    assert len(read("1,trade,buy,10,1", HEADER, "2,trade,buy,10,1")) == 2


@pytest.mark.parametrize(
    "row", ["1,trade,buy,10", "1,trade,buyer,10,1", "1,trade,buy,ten,1", "1,candle,,10,1"]
)
def test_a_broken_row_is_named(row: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.csv: not a neutral row: '1,"):
        read(row)


def test_a_bar_cut_short_is_named() -> None:
    with pytest.raises(ConfigError, match="kline_open"):
        read("100,kline_open,,10,0", "400,kline_high,,12,0")


def test_another_kind_of_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"x\.csv: not a neutral recording"):
        list(read_neutral(iter(["time,price\n"]), Grid(SPOT), "x.csv"))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ethusdt_usdm_20240808.csv.gz", 552_406),
        ("ethusdt_spot_20240808_09.csv.gz", 406_777),
        ("trxusdt_usdm_20250414.csv.gz", 4_330),
        ("polusdt_binance_spot_trades_20251010_1800_2400.csv.gz", 218_295),
        ("polusd_coinbase_trades_20251010_1800_2400.csv.gz", 9_034),
        ("lunausdt_spot_1m_20220508_0531.csv.gz", 33_280),
    ],
)
def test_every_recorded_row_is_read_in_time_order(name: str, count: int) -> None:
    rows, last = 0, 0
    for message in recorded(name, tops=True):
        rows += len(message.rows)
        assert message.ts_ns >= last
        last = message.ts_ns
    assert rows == count
