"""Recordings: what may be configured, and how texts become ticks and lots."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from bot.sim.params import InstrumentParams, sim_instruments
from bot.sim.recording import Grid, RecordingParams, ReplayParams

SPOT = sim_instruments(InstrumentParams(tick_usdt=Decimal("0.01"), lot_tokens=Decimal("0.0001")))[0]


def test_texts_become_ticks_and_lots() -> None:
    grid = Grid(SPOT)
    assert grid.ticks("2683.8") == 268_380
    assert grid.ticks("2683.80000000") == 268_380
    assert grid.lots("3.0292") == 30_292
    assert grid.lots("0.00000000") == 0


def test_off_the_grid_it_rounds_but_never_away() -> None:
    grid = Grid(SPOT)
    assert grid.ticks("0.000001") == 1
    assert grid.lots("0.00001") == 1
    assert grid.lots("0.00026") == 3


def test_the_memory_of_prices_is_bounded() -> None:
    grid = Grid(SPOT)
    for number in range(200_001):
        grid.ticks(f"{number}.5")
    assert len(grid.memory) < 200_000
    assert grid.ticks("7.5") == 750


def test_a_recording_needs_a_file_and_an_instrument() -> None:
    with pytest.raises(ValidationError):
        RecordingParams(files=(), plays=("binance.spot",))
    with pytest.raises(ValidationError):
        ReplayParams(recordings=())
    with pytest.raises(ValidationError, match="form"):
        RecordingParams.model_validate({"files": ["a"], "plays": ["b"], "form": "excel"})
