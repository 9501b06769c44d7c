"""A run from outside: its loop, its lock, its time limit, its signals."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.model.errors import BotError
from bot.model.facts import AccountOpened, Started, VenueUp
from bot.ops.journal_read import JournalReader
from bot.ops.lock import StateLock, holder
from bot.run import RunOptions, run
from whole_desk import settings_in


def test_two_daemons_of_one_deal_do_not_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with StateLock(tmp_path), pytest.raises(BotError, match="one daemon per deal"):
        run(settings, RunOptions(seconds=1))


def test_a_real_run_ends_by_its_time(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []
    result = run(settings_in(tmp_path), RunOptions(seconds=1.5, speed=20.0, watch=seen.append))
    assert result.exit_code == 0, result.left_open
    assert seen
    assert result.status["run_s"] >= 30
    assert result.status["fills"] >= 0


def test_a_second_run_goes_on_with_the_books_and_asks_before_it_trades(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = run(settings, RunOptions(seconds=1.0, speed=40.0))
    assert first.exit_code == 0, first.left_open
    second = run(settings, RunOptions(seconds=1.0, speed=40.0))
    assert second.exit_code == 0, second.left_open
    assert second.status["hedges"] >= first.status["hedges"]
    with JournalReader(tmp_path / "journal.db") as journal:
        facts = list(journal.facts())
        intents = list(journal.intents())
    starts = [number for number, fact in enumerate(facts, 1) if isinstance(fact, Started)]
    assert [fact.epoch for fact in facts if isinstance(fact, Started)] == [1, 2]
    assert not any(isinstance(fact, AccountOpened) for fact in facts[starts[1] :])
    reconciled = [n for n, fact in enumerate(facts, 1) if isinstance(fact, VenueUp) and n > starts[1]][5]
    second_run = [after for after, intent in intents if intent.client_id.startswith("tkn-0002")]
    assert second_run
    assert min(second_run) >= reconciled


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    told = 0

    def watch(_: dict[str, object]) -> None:
        nonlocal told
        told += 1
        if told == 2:
            os.kill(os.getpid(), number)

    result = run(settings_in(tmp_path), RunOptions(seconds=60, speed=50.0, watch=watch))
    assert result.exit_code == 0, result.left_open
    assert result.status["run_s"] < 60 * 50
    assert holder(tmp_path) is None


def test_the_loop_is_put_away(tmp_path: Path) -> None:
    run(settings_in(tmp_path), RunOptions(seconds=0.2, speed=50.0))
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert not (tmp_path / "control.sock").exists()
