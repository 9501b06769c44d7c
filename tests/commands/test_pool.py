"""`bot lp` against the golden pool positions."""

from __future__ import annotations

import json

import pytest

from bot import cli
from bot.commands.pool import value_positions


def test_the_document_has_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["lp", "--price", "1", "--v2", "500000", "--v3", "2000000:0.8:1.25", "--json"]
    assert cli.call(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    promised = {
        *("id", "kind", "token_amount", "usdt_amount", "fees_token", "fees_usdt", "value_usdt"),
        *("delta_tokens", "gamma_tokens_per_usdt", "in_range", "staked", "block", "age_s"),
    }
    assert all(set(row) == promised for row in document["positions"])
    assert [row["kind"] for row in document["positions"]] == ["v2", "v3"]
    v2 = document["positions"][0]
    assert v2["token_amount"] == v2["usdt_amount"] == v2["delta_tokens"] == 500_000
    assert v2["value_usdt"] == 1_000_000
    assert v2["gamma_tokens_per_usdt"] == -250_000
    assert v2["fees_usdt"] is None  # a formula cannot know fees
    total = document["total"]
    assert total["value_usdt"] == pytest.approx(sum(row["value_usdt"] for row in document["positions"]))


def test_in_range_follows_the_pool() -> None:
    rows = value_positions(1.0, [], [(1e6, 0.5, 2.0), (1e6, 1.0, 2.0), (1e6, 0.5, 1.0), (1e6, 2.0, 3.0)])
    assert [row["in_range"] for row in rows["positions"]] == [True, True, False, False]
    above = rows["positions"][3]
    assert above["usdt_amount"] == 0
    assert above["token_amount"] > 0


def test_the_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["lp", "--price", "1.05", "--v2", "500000"]) == 0
    out = capsys.readouterr().out
    assert "pool positions at 1.05 USDT per token" in out
    row = next(line.split() for line in out.splitlines() if line.startswith("v2-1"))
    assert row[1:4] == ["487,950.04", "512,347.54", "1,024,695.08"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give at least one"),
        (["--v3", "1:2"], "write L:LOWER:UPPER"),
        (["--v3", "a:b:c"], "write L:LOWER:UPPER"),
        (["--v3", "100:2:1"], "lower < upper"),
        (["--v2", "-1"], "liquidity"),
    ],
)
def test_usage_is_explained(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["lp", "--price", "1", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert told.err.count("\n") == 1
