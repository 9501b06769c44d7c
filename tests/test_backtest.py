"""The backtest: figures read from outside, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.backtest import PERP_LINES, BacktestOptions, Track, backtest, daily_changes, quantile, std
from bot.config import load
from bot.model.errors import ConfigError

ROOT = Path(__file__).parents[1]
MINUTES = 1 / 1_440


def run(minutes: float, **options: object) -> dict[str, object]:
    heard: list[float] = []
    settings = load(ROOT / "config" / "paper.toml", env={})
    result = backtest(
        settings,
        BacktestOptions(days=minutes * MINUTES, **options),  # type: ignore[arg-type]
        lambda share, _events: heard.append(share),
    )
    assert heard[-1] == 1.0
    assert result.run.exit_code == 0
    return result.as_dict


def test_the_document_holds_what_is_promised() -> None:
    document = run(20)
    assert set(document) >= {
        "pnl", "identity_error_usdt", "daily_std", "net_delta", "uptime", "hedges", "turnover_tokens",
        "events", "seconds", "events_per_s",
    }  # fmt: skip
    assert document["market_seconds"] == pytest.approx(1_200, abs=30)
    assert document["identity_error_usdt"] < 1e-6  # type: ignore[operator]
    assert document["events"] > 5_000  # type: ignore[operator]
    assert set(document["uptime"]) == {"binance", "bybit", "bitget"}  # type: ignore[call-overload]
    assert min(document["uptime"].values()) > 0.95  # type: ignore[attr-defined]


def test_another_seed_is_another_market() -> None:
    first, second = run(3, seed=1), run(3, seed=2)
    assert first["pnl"] != second["pnl"]


def test_a_journal_of_the_same_seed_has_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / name / "journal.db" for name in ("a", "b")]
    for file in files:
        run(3, journal=file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    precious = tmp_path / "deal.toml"
    precious.write_text("loan_tokens = 3_000_000\n")
    with pytest.raises(ConfigError, match=r"deal\.toml exists"):
        run(1, journal=precious)
    assert precious.read_text() == "loan_tokens = 3_000_000\n"


def test_a_replay_without_recordings_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"feed\.replay is missing"):
        run(1, feed="replay")


def test_daily_changes_leave_lines_out() -> None:
    track = Track(lines=[{"total": 10.0, "funding": 4.0}, {"total": 7.0, "funding": 5.0}])
    assert daily_changes(track) == [10.0, -3.0]
    assert daily_changes(track, PERP_LINES) == [6.0, -4.0]


def test_statistics_without_enough_values_say_so() -> None:
    assert std([1.0]) is None
    assert std([1.0, 3.0]) == pytest.approx(2**0.5)
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0
