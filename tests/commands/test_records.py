"""`bot journal verify` and `bot replay` on journals written by the real journal."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.commands.records import digest
from bot.model.facts import AccountOpened, Fact, Started, Ticked
from bot.ops.journal import Journal, JournalOptions
from sample_views import busy, troubled

PAPER = str(Path(__file__).resolve().parents[2] / "config" / "paper.toml")
T0 = 1_767_225_600 * 10**9


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    writer = Journal(path, JournalOptions(inline=True))
    writer.begin_epoch()
    facts: list[Fact] = [
        Started(T0, 1, "paper", "0.1.0"),
        AccountOpened(T0, "binance.spot", Decimal(1_000_000), Decimal(0), borrowed=True),
        *(Ticked(T0 + second * 10**9) for second in range(1, 20)),
    ]
    writer.append(facts)
    writer.close()
    return path


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.call(["replay", "-c", PAPER, "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_sound_journal(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["journal", "verify", str(journal)]) == 0
    out = capsys.readouterr().out
    assert "21 facts" in out
    assert out.rstrip().endswith("sound")
    assert cli.call(["journal", "verify", str(journal), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["kinds"] == {"AccountOpened": 1, "Started": 1, "Ticked": 19}


def test_a_changed_journal_is_damage(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE facts SET body = replace(body, '1000000', '2000000')")
    db.close()
    assert cli.call(["journal", "verify", str(journal), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["ok"] is False
    assert "damaged" in told.err
    assert "sound" in told.err


def test_a_missing_journal_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["journal", "verify", str(tmp_path / "none.db")]) == 1
    assert "no journal there" in capsys.readouterr().err


def test_folding_twice_gives_the_same_view(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = replayed(capsys, str(journal)), replayed(capsys, str(journal))
    assert first["facts"] == 21
    assert first["view_version"] == 21
    assert first["view_digest"] == second["view_digest"]
    assert first["status"] == second["status"]
    assert first["status"]["delta"]["spot"] == 1_000_000


def test_stopping_early_gives_an_earlier_view(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    early = replayed(capsys, str(journal), "--upto", "5")
    assert early["facts"] == early["view_version"] == 5
    assert early["view_digest"] != replayed(capsys, str(journal))["view_digest"]
    assert cli.call(["replay", "-c", PAPER, str(journal)]) == 0
    assert "21 facts in" in capsys.readouterr().out


def test_the_digest_sees_every_field() -> None:
    view = busy()
    assert digest(view) == digest(busy())
    others = [
        troubled(),
        replace(view, fills=1205),
        replace(
            view,
            limits=view.limits.model_copy(update={"risk": view.limits.risk.model_copy(update={"phi": 0.1})}),
        ),
        replace(view, marks=replace(view.marks, tops={})),
    ]
    assert len({digest(other) for other in (view, *others)}) == 5
