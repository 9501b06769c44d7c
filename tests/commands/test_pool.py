"""`bot lp`: positions described on the command line, and positions on a real node."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot import cli
from bot.commands.pool import value_positions
from bot.localnet.chain_deploy import LabSpec
from chain.fixtures import shared_node
from chain.lab import HALF, Lab, SharedNode, open_positions

__all__ = ["shared_node"]


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
        (["--v2", "x"], "write a liquidity"),
        (["--v2", "0x" + "1" * 40], "needs --rpc"),
        (["--v3", "7"], "needs --rpc"),
        (["--v2", "5", "--owner", "0x" + "1" * 40], "--owner: needs --rpc"),
        (["--rpc", "http://n"], "needs --token ADDRESS"),
        (["--rpc", "http://n", "--token", "0x12"], "40 hex digits"),
        (["--rpc", "n:8545"], "begins with http"),
        (["--rpc", "http://n", "--v3", "1:2:3"], "a position's id"),
        (["--rpc", "http://n", "--v2", "1", "--v2", "2"], "one pair"),
    ],
)
def test_usage_is_explained(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["lp", "--price", "1", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert told.err.count("\n") == 1


def test_without_a_node_a_price_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["lp", "--v2", "5"]) == 2
    assert "give --price" in capsys.readouterr().err


def on_chain(node: SharedNode, lab: Lab, file: Path) -> list[str]:
    """The command line for everything of ours on the lab's chain."""
    deployed = lab.deployed
    file.write_text(json.dumps(deployed.contracts.as_dict()))
    coins = ["--token", deployed.token, "--quote", deployed.usdt]
    return [
        "lp",
        "--rpc",
        node.anvil.rpc_url,
        *coins,
        "--owner",
        deployed.accounts.us,
        "--contracts",
        str(file),
    ]


async def call(arguments: list[str]) -> int:
    return await asyncio.to_thread(cli.call, arguments)


async def test_positions_of_a_real_node(
    shared_node: SharedNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        full, narrow = await open_positions(lab)
        await lab.market.swap_v3(lab.sells_token(), lab.amounts(20_000, 0)[0])
        await lab.market.stake(narrow)
        arguments = on_chain(shared_node, lab, tmp_path / "contracts.json")
        pair = ["--v2", lab.deployed.pair]
        assert await call([*arguments, *pair, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [row["id"] for row in found["positions"]] == [full, narrow, lab.deployed.pair]
        market = lab.market
        paid = [await market.payout_v3(full), await market.payout_v3(narrow), await market.payout_v2()]
        for row, raw in zip(found["positions"], paid, strict=True):
            token, usdt = (amount / 10**18 for amount in lab.deployed.ordered(*raw))
            assert row["delta_tokens"] == pytest.approx(token, rel=1e-12)
            assert row["token_amount"] + row["fees_token"] == pytest.approx(token, rel=1e-12)
            assert row["usdt_amount"] + row["fees_usdt"] == pytest.approx(usdt, rel=1e-12)
            assert row["block"] == found["block"]
        assert [row["staked"] for row in found["positions"]] == [False, True, False]
        assert found["total"]["value_usdt"] == pytest.approx(sum(r["value_usdt"] for r in found["positions"]))

        assert await call([*arguments, "--v3", str(full), "--price", "0.6", "--json"]) == 0
        one = json.loads(capsys.readouterr().out)["positions"]
        first = found["positions"][0]
        worth = first["delta_tokens"] * 0.6 + first["usdt_amount"] + first["fees_usdt"]
        assert [row["value_usdt"] for row in one] == [pytest.approx(worth, rel=1e-12)]

        assert await call([*arguments, *pair]) == 0
        out = capsys.readouterr().out
        assert out.startswith("TKN positions on chain 56, block ")
        staked = next(line.split() for line in out.splitlines() if line.startswith(f"{narrow} "))
        assert staked[-2:] == ["yes", "yes"]
        assert max(map(len, out.splitlines())) <= 120


async def test_what_a_chain_refuses_is_one_line_and_exit_4(
    shared_node: SharedNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        await open_positions(lab)
        arguments = on_chain(shared_node, lab, tmp_path / "contracts.json")
        absent = [*arguments[:-1], str(tmp_path / "absent.json")]
        for wrong, words in (
            ([*arguments, "--v3", "999"], "999 does not exist"),
            ([*arguments, "--v2", lab.deployed.pool], "address for it is"),
            ([*arguments, "--price", "0"], "positive"),
            (absent, "absent.json"),
        ):
            assert await call(wrong) == 4, words
            told = capsys.readouterr()
            assert told.out == ""
            assert words in told.err
            assert told.err.count("\n") == 1


def test_a_node_that_is_down_is_an_error_that_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    coins = ["--token", "0x" + "1" * 40, "--quote", "0x" + "2" * 40]
    for url in ("http://127.0.0.1:9", "ws://127.0.0.1:9"):
        assert cli.call(["lp", "--rpc", url, *coins, "--v3", "1"]) == 1
        told = capsys.readouterr()
        assert "127.0.0.1:9" in told.err
        assert told.err.count("\n") == 1
