"""The whole daemon on recorded markets: to the end, with nothing lost, and the same bytes twice."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.backtest import BacktestOptions, BacktestResult, backtest
from bot.config import Settings
from bot.sim.recording import RecordingParams
from scaled import recorded

DATA = (
    Path(os.environ.get("BOT_MARKETDATA") or Path(__file__).parents[3] / "shared" / "marketdata") / "neutral"
)
SPOTS = ("binance.spot", "bybit.spot", "bitget.spot")
PERPS = ("binance.perp", "bybit.perp", "bitget.perp")

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"no recorded market data at {DATA}: set BOT_MARKETDATA to the folder that holds it",
)


def ether() -> Settings:
    """ETHUSDT spot and perp, 2024-08-08 23:54 to 00:05; the perp's recording ends at midnight."""
    return recorded(
        2_680.0,
        "0.01",
        "0.0001",
        (
            RecordingParams(files=(str(DATA / "ethusdt_spot_20240808_09.csv.gz"),), plays=SPOTS),
            RecordingParams(files=(str(DATA / "ethusdt_usdm_20240808.csv.gz"),), plays=PERPS),
        ),
        day=datetime(2024, 8, 1, tzinfo=UTC),
    )


def crash() -> Settings:
    """POLUSDT trades of 2025-10-10 18:00 to 24:00: −46 % in fourteen minutes."""
    file = str(DATA / "polusdt_binance_spot_trades_20251010_1800_2400.csv.gz")
    recording = RecordingParams(files=(file,), plays=SPOTS + PERPS, book="thin")
    return recorded(0.2271, "0.0001", "0.1", (recording,), day=datetime(2025, 10, 1, tzinfo=UTC))


def play(settings: Settings, **options: Any) -> BacktestResult:
    return backtest(settings, BacktestOptions(**options), lambda _share, _events: None)


def check_books(result: BacktestResult) -> None:
    """What must hold however the market went."""
    document = result.as_dict
    gross = 20e6
    assert document["identity_error_usdt"] <= 1e-9 * gross
    assert document["status"]["orders"] == {"open": 0, "unknown": 0}
    assert not [line for line in document["left_open"] if "still open" in line]
    assert sum(document["levels"].values()) == pytest.approx(1)


def test_ether_runs_to_the_end_of_its_recordings() -> None:
    result = play(ether())
    check_books(result)
    document = result.as_dict
    assert document["market_seconds"] > 640
    assert document["events"] > 150_000
    assert document["fills"] > 0
    assert document["net_delta"]["rms"] < 2 * document["net_delta"]["band"]
    # Half of the time there is no perp to hedge on: then nothing is quoted.
    assert 0.3 < min(document["uptime"].values()) < 0.7
    assert document["levels"]["PULLED"] > 0.3


def test_the_same_recording_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        play(ether(), days=200 / 86_400, journal=tmp_path / name / "journal.db")
        digests.append((tmp_path / name / "journal.db").read_bytes())
    assert digests[0] == digests[1]
    assert len(digests[0]) > 10_000


@pytest.mark.timeout(600)
def test_in_the_crash_quotes_are_pulled_hedging_goes_on_and_nothing_is_lost() -> None:
    result = play(crash())
    check_books(result)
    document = result.as_dict
    assert document["market_seconds"] > 21_000
    assert document["fills"] > 10_000
    assert document["levels"].get("PULLED", 0) + document["levels"].get("REDUCING", 0) > 0.1
    assert document["levels"]["NORMAL"] > 0.3
    # After the storm the book is hedged again: the last hours stay inside the band.
    late = result.track.net[-60:]
    assert max(abs(x) for x in late) <= 1.05 * max(result.track.band[-60:])
    # Unhedged, this market moved the tokens held by more than 300,000 USDT.
    unhedged = document["pnl"]["total"] - document["pnl"]["perp_delta"] - document["pnl"]["perp_basis"]
    assert unhedged < -300_000
    assert document["pnl"]["total"] > 0.5 * unhedged
