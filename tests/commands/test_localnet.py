"""`bot localnet`: what its first line says is there, a run follows its chain, nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.commands.localnet import HOST, Wanted, serve

ROOT = Path(__file__).resolve().parents[2]


def bot(*arguments: str, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=pipe, stderr=pipe, text=True)


@contextmanager
def localnet(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A local network in a process of its own, and its first line."""
    running = bot("localnet", *arguments)
    assert running.stdout is not None
    try:
        line = running.stdout.readline()
        assert line, running.communicate(timeout=10)[1]
        yield running, json.loads(line)
    finally:
        running.terminate()
        running.communicate(timeout=30)


def listens(address: str) -> bool:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_a_run_follows_its_chain_and_it_ends_with_a_signal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain_alone = ("--no-exchanges", "--rpc-port", "0", "--directory", str(tmp_path / "net"))
    with localnet(*chain_alone) as (running, told):
        contracts = told["contracts"]
        assert set(told) >= {"rpc_url", "ws_url", "contracts", "positions", "owner", "contracts_file"}
        assert set(contracts) >= {"token", "quote", "v3_pool", "v2_pair", "position_manager"}

        node = ["--rpc", told["rpc_url"], "--contracts", told["contracts_file"]]
        whose = ["--token", contracts["token"], "--quote", contracts["quote"], "--owner", told["owner"]]
        assert cli.call(["lp", *node, *whose, "--v2", contracts["v2_pair"], "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [row["id"] for row in found["positions"]] == [one["id"] for one in told["positions"]]
        assert found["total"]["value_usdt"] == pytest.approx(1_000_000, rel=0.02)

        variables = [line.split("=", 1) for line in Path(told["chain_env"]).read_text().splitlines()]
        env = {name: value.strip("'") for name, value in variables}
        state = {"BOT_STATE_DIR": str(tmp_path / "state")}
        run = bot("run", "-c", "config/paper.toml", "--for", "4s", "--json", **env, **state)
        out, err = run.communicate(timeout=60)
        lp = json.loads(out)["lp"]
        assert lp["provider"] == told["rpc_url"].removeprefix("http://"), err
        assert lp["block"] >= found["block"]
        assert lp["delta_tokens"] == pytest.approx(found["total"]["delta_tokens"], rel=0.1)
        assert lp["age_s"] < 5

        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0
        assert not listens(told["rpc_url"])


async def test_exchanges_and_chain_are_told_together_and_end_together(tmp_path: Path) -> None:
    stop, said = asyncio.Event(), asyncio.Queue[dict[str, Any]]()
    wanted = Wanted(port=0, faults_port=0, rpc_port=0, directory=tmp_path)
    running = asyncio.create_task(serve(wanted, stop, said.put_nowait))
    told = await asyncio.wait_for(said.get(), 30)
    keys = "address ca_file venues faults_url rpc_url ws_url contracts positions"
    assert set(told) >= set(keys.split())
    for name, venue in told["venues"].items():
        keys = "api_key secret password spot_symbol perp_symbol"
        assert set(venue) == set(keys.split()), name
    assert listens(told["address"])
    assert listens(told["rpc_url"])
    stop.set()
    await asyncio.wait_for(running, 30)
    assert not listens(told["address"])
    assert not listens(told["rpc_url"])


@pytest.mark.parametrize(("option", "other"), [("--port", "--no-chain"), ("--rpc-port", "--no-exchanges")])
def test_a_port_that_is_taken_is_named(option: str, other: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        holder.listen()
        assert cli.call(["localnet", option, str(holder.getsockname()[1]), other]) in (1, 4)
    told = capsys.readouterr()
    assert told.out == ""
    assert "in use" in told.err
    assert told.err.count("\n") == 1


def test_nothing_to_run_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["localnet", "--no-chain", "--no-exchanges"]) == 2
    assert "nothing to run" in capsys.readouterr().err
