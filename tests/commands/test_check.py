"""`bot check`: sound configurations are listed with their origins, unsound ones refused with a remedy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot import cli

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in CONFIG.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_what_ships_is_sound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["check", "-c", str(folder / "paper.toml")]) == 0
    out = capsys.readouterr().out
    assert "sound; mode paper" in out
    assert "limits.risk.phi" in out


def test_values_come_with_their_origin(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_FEED__SEED", "77")
    monkeypatch.setenv("BOT_BINANCE_API_KEY", "do-not-show-this")
    assert cli.call(["check", "-c", str(folder / "paper.toml"), "--json"]) == 0
    out = capsys.readouterr().out
    assert "do-not-show-this" not in out
    document = json.loads(out)
    assert document["ok"] is True
    assert document["values"]["feed.seed"] == {"value": "77", "origin": "environment BOT_FEED__SEED"}
    assert document["values"]["limits.risk.phi"]["origin"].endswith("limits.toml")
    assert any(value["origin"] == "default" for value in document["values"].values())


def test_a_fault_is_refused_with_its_remedy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = folder / "limits.toml"
    limits.write_text(limits.read_text().replace("lp_age_s_max", "lp_age_s_maks"))
    assert cli.call(["check", "-c", str(folder / "paper.toml"), "--json"]) == 4
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["ok"] is False
    assert "did you mean `lp_age_s_max`?" in document["problems"][0]
    assert told.err.startswith("bot: ")
    assert "did you mean `lp_age_s_max`?" in told.err
