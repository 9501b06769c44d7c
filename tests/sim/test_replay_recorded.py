"""Replays of recorded market data: two forms of one recording agree, and a crash plays through."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.instrument import InstrumentId, Kind
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.sim.params import InstrumentParams, sim_instruments
from bot.sim.recording import RecordingParams, ReplayParams
from bot.sim.replay import ReplayWorld
from bot.venues.tape import FileTape

ROOT = Path(__file__).parents[2]
MARKETDATA = Path(os.environ.get("BOT_MARKETDATA", ROOT.parent / "shared" / "marketdata"))
ETH = InstrumentParams(tick_usdt=Decimal("0.01"), lot_tokens=Decimal("0.0001"))
POL = InstrumentParams(tick_usdt=Decimal("0.0001"), lot_tokens=Decimal("0.1"))
MESSAGES = 16_000  # of 41,640: a few minutes, enough for every kind
SPOT, PERP = ("binance.spot",), ("binance.perp",)


def replay(
    instruments: InstrumentParams, recordings: tuple[RecordingParams, ...], names: tuple[InstrumentId, ...]
) -> ReplayWorld:
    tape = FileTape(MARKETDATA)
    missing = [name for recording in recordings for name in tape.missing(recording.files)]
    if missing:
        pytest.skip(f"recorded market data is not here: {missing[0]} (set BOT_MARKETDATA)")
    rich = Decimal(10) ** 9
    exchanges = [
        SimExchange(i, open_account(i, rich if i.kind is Kind.SPOT else Decimal(0), rich), IgnoreEvents())
        for i in sim_instruments(instruments)
        if i.id in names
    ]
    return ReplayWorld(ReplayParams(recordings=recordings, instruments=instruments), 1, exchanges, tape)


def tops(world: ReplayWorld, every: int) -> list[tuple[int, int, int, int, int]]:
    spot, perp = (exchange.book for exchange in world.exchanges)
    seen = []
    while world.messages < MESSAGES and world.next_ns() is not None:
        world.step()
        if world.messages % every == 0:
            seen.append((world.now_ns, spot.best_bid, spot.best_ask, perp.best_bid, perp.best_ask))
    return seen


def test_spot_and_perp_of_the_same_minutes_in_two_forms() -> None:
    frames = "hft_eth_20240808"
    neutral = (
        RecordingParams(files=("neutral/ethusdt_spot_20240808_09.csv.gz",), plays=SPOT),
        RecordingParams(files=("neutral/ethusdt_usdm_20240808.csv.gz",), plays=PERP),
    )
    raw = (
        RecordingParams(
            files=(f"{frames}/spot_ethusdt_20240808.gz", f"{frames}/spot_ethusdt_20240809.gz"),
            form="binance",
            plays=SPOT,
        ),
        RecordingParams(files=(f"{frames}/usdm_ethusdt_20240808.gz",), form="binance", plays=PERP),
    )
    worlds = [replay(ETH, recordings, SPOT + PERP) for recordings in (neutral, raw)]
    by_time = [{row[0]: row[1:] for row in tops(world, 1)} for world in worlds]
    assert not worlds[1].gaps
    shared = sorted(by_time[0].keys() & by_time[1].keys())
    assert len(shared) > 10_000
    assert all(by_time[0][at] == by_time[1][at] for at in shared[1_000:])
    # Perp and spot are one market: the basis of these minutes stays within 10 bp.
    last = by_time[0][shared[9_000]]
    assert abs((last[2] + last[3]) / (last[0] + last[1]) - 1) < 1e-3
    assert worlds[0].fair_usdt == worlds[1].fair_usdt


def test_the_crash_of_october_plays_through_with_a_wider_book() -> None:
    name = "neutral/polusdt_binance_spot_trades_20251010_1800_2400.csv.gz"
    world = replay(POL, (RecordingParams(files=(name,), plays=SPOT, book="thin"),), SPOT)
    (exchange,) = world.exchanges
    low, calm, wild = 1.0, 0.0, 0.0
    while world.next_ns() is not None:
        world.step()
        low = min(low, world.fair_usdt)
        spread = (exchange.book.best_ask - exchange.book.best_bid) / (
            exchange.book.best_ask + exchange.book.best_bid
        )
        calm = spread if world.messages == 5_000 else calm
        wild = max(wild, spread)
        assert exchange.book.quotable
    assert world.messages == 218_295
    assert low == pytest.approx(0.1152, abs=0.001)
    assert calm < 0.001
    assert wild > 10 * calm
    assert world.pool is not None
    assert world.pool.pool.price == pytest.approx(world.fair_usdt, rel=0.006)
