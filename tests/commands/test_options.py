"""`bot options` on the deal that ships with the program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import cli

PAPER = str(Path(__file__).resolve().parents[2] / "config" / "paper.toml")


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert cli.call(["options", "-c", PAPER, "--json", *arguments]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--spot", "1")
    rows = found["tranches"]
    assert isinstance(rows, list)
    assert [row["strike"] for row in rows] == [1.25, 1.5, 2.0]
    keys = {"strike", "tokens", "price", "delta", "gamma", "vega", "theta", "style"}
    assert all(keys <= set(row) for row in rows)
    assert keys - {"strike", "style"} <= set(found["total"])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("years", "funding", "value", "delta"),
    # American book of 3 × 100,000 at spot 1, volatility 100 %, rate 5 % (finite differences).
    [
        (1.0, 0.1095, 91_237.316, 180_197.843),
        (2.0, 0.0, 115_228.794, None),
        (1.0, 0.0, 73_893.542, 151_162.273),
    ],
)
def test_the_book_has_its_golden_value(
    years: float, funding: float, value: float, delta: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "--spot",
        "1",
        "--vol",
        "1",
        "--rate",
        "0.05",
        "--years",
        str(years),
        "--funding",
        str(funding),
    )
    total = document(capsys, *arguments)["total"]
    assert isinstance(total, dict)
    assert total["tokens"] == 300_000
    assert total["value_usdt"] == pytest.approx(value, rel=2e-4)
    assert total["price"] == total["value_usdt"]
    if delta is not None:
        assert total["delta"] == pytest.approx(delta, rel=1e-3)


def test_the_date_gives_the_years(capsys: pytest.CaptureFixture[str]) -> None:
    full = document(capsys, "--spot", "1")["tranches"][0]["years"]  # type: ignore[index]
    asked = ("--spot", "1", "--date", "2026-07-01")
    later = document(capsys, *asked)["tranches"][0]["years"]  # type: ignore[index]
    assert 0 < later < full
    after = document(capsys, "--spot", "1.3", "--date", "2040-01-01")["tranches"]
    assert [row["price"] for row in after] == pytest.approx([0.05, 0.0, 0.0])  # type: ignore[attr-defined]


def test_the_style_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--spot", "2", "--years", "1", "--funding", "-0.5")
    american = document(capsys, *asked)["total"]["price"]  # type: ignore[index]
    european = document(capsys, *asked, "--style", "european")["total"]["price"]  # type: ignore[index]
    assert american > european * 1.05


def test_the_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--spot", "1", "--vol", "1", "--years", "1", "--rate", "0.05", "--funding", "0"]
    assert cli.call(["options", "-c", PAPER, *asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("call options at 1 USDT, volatility 100.0%, 1.000 years left, rate 5.0%")
    assert lines[-1].split()[:4] == ["total", "300,000", "73,894", "+151,162"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--spot", "1", "--years", "1", "--date", "2026-07-01"], 2, "not both"),
        (["--spot", "1", "--date", "someday"], 2, "write a day as"),
        (["--spot", "-1"], 2, "spot"),
        (["--spot", "1", "--vol", "-0.1"], 2, "sigma"),
        (["--spot", "1", "-c", "nowhere.toml"], 4, "nowhere.toml"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments if "-c" in arguments else [*arguments, "-c", PAPER]
    assert cli.call(["options", *given]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
