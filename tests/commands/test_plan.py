"""`bot plan` on the deal that ships with the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot import cli

PAPER = str(Path(__file__).resolve().parents[2] / "config" / "paper.toml")
EUROPEAN = (
    "--spot",
    "1",
    "--vol",
    "1",
    "--years",
    "1",
    "--rate",
    "0.05",
    "--funding",
    "0",
    "--style",
    "european",
)


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.call(["plan", "-c", PAPER, "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_deal_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    plan = document(capsys, *EUROPEAN)
    assert plan["loan_tokens"] == 3_000_000
    assert plan["keep_tokens"] == plan["fund_tokens"] == 700_000
    assert plan["residual_tokens"] == 1_600_000
    assert plan["sell_tokens"] == 2_300_000
    assert plan["perp_target_tokens"] == pytest.approx(-849_355.8185304808)
    assert {"spot", "perp", "lp", "option", "source", "economic"} <= set(plan["delta"])
    assert plan["delta"]["economic"] == pytest.approx(-3_000_000)
    assert plan["venues"]["binance"] == {"bid_usdt": 100_000, "ask_usdt": 100_000}
    assert plan["solvency_price"] == pytest.approx(1.0244, abs=1e-4)
    stress = {row["spot_price"]: row["pnl_usdt"] for row in plan["stress"]}
    assert stress[2.0] == pytest.approx(-3_044_985, abs=1)
    assert stress[0.5] == pytest.approx(1_473_854, abs=1)
    assert plan["margin_usdt"] > 0


def test_what_is_asked_for_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, *EUROPEAN, "--phi", "1")["delta"]["economic"] == pytest.approx(0, abs=1e-6)
    slip = document(capsys, "--spot", "0.97", "--sale-price", "0.985")
    assert slip["sell_tokens"] == pytest.approx(2_278_350.5154639175)
    assert slip["fund_tokens"] == pytest.approx(710_659.8984771573)
    rich = document(capsys, *EUROPEAN, "--capital", "1000000")
    assert rich["solvency_price"] == pytest.approx(1.3577, abs=1e-3)


def test_the_tables_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["plan", "-c", PAPER]) == 0
    out = capsys.readouterr().out
    rows = {" ".join(line.split()[:2]): line.split()[2:] for line in out.splitlines()}
    assert rows["sell, tokens"][0] == "2,300,000"
    assert rows["delta economic"] == ["−3,000,000", "−3,000,000"]
    assert "an instant move, PnL in USDT" in out
    assert "! phi = 0 leaves -3,000,000 tokens of economic delta" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--phi", "2"], "phi: must lie in [0, 1]"),
        (["--spot", "0"], "spot: must be finite and > 0"),
        (["--years", "0"], "years: must lie above 0"),
        (["--capital", "-1"], "--capital"),
    ],
)
def test_nonsense_is_refused(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["plan", "-c", PAPER, *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
