"""Twenty times SIGKILL at seeded moments of a real daemon process; then the books must equal the exchanges.

The embedded exchanges outlive the process in their own store, as real ones would.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.model.errors import BotError
from bot.model.facts import Fact, Fill, Started, VenueSnapshot
from bot.model.order import Purpose, parse_client_id
from bot.ops.control import call
from bot.ops.journal_read import JournalReader
from bot.risk.state import RiskState
from bot.wiring import risk_setup
from limits_text import copy_config, with_value

SEED, KILLS = 20260101, 20
BAND = 2_000.0
PROJECT = Path(__file__).resolve().parent.parent.parent
STARTED_S = 30.0


@dataclass(frozen=True)
class Site:
    """A configuration and a state directory of their own."""

    main: Path
    state: Path

    def start(self, *more: str) -> subprocess.Popen[str]:
        """The daemon as an operator would start it."""
        command = [sys.executable, "-m", "bot", "run", "-c", str(self.main), "--speed", "20", "--json"]
        with (self.state.parent / "log").open("a") as log:
            return subprocess.Popen(
                [*command, *more],
                env={**os.environ, "BOT_STATE_DIR": str(self.state), "PYTHONPATH": str(PROJECT)},
                cwd=PROJECT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def facts(self) -> list[Fact]:
        """Everything the journal holds."""
        with JournalReader(self.state / "journal.db") as journal:
            return list(journal.facts())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the exchanges' own store says."""
        db = sqlite3.connect(self.state / "paper.db")
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()


def site(folder: Path) -> Site:
    """Busy takers and a narrow band: a hedge is on its way at most moments."""
    main = copy_config(folder)
    limits = folder / "limits.toml"
    limits.write_text(with_value(limits.read_text(), "hedge.band_tokens_fixed", str(BAND)))
    rates = "[40000.0, 20000.0, 20000.0]"
    flow = f"\n[paper.world.flow]\nspot_sweeps_per_side_day = {rates}\nimpact_share = 0.02\n"
    text = main.read_text().replace("\n[paper.world.price]", flow + "\n[paper.world.price]", 1)
    assert flow in text
    main.write_text(text)
    return Site(main, folder / "state")


def _pause(process: subprocess.Popen[str], seconds: float) -> None:
    """Let it run for a while; it must not end by itself."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def _serving(place: Site, process: subprocess.Popen[str], ready: bool) -> None:
    """Wait until the new process answers (and is ready)."""
    for _ in range(round(STARTED_S / 0.02)):
        _pause(process, 0.02)
        if not (place.state / "control.sock").exists():
            continue
        try:
            answer = call(place.state / "control.sock", "GET", "/status", timeout=10)
        except BotError:
            continue
        if answer["ready"] or not ready:
            return
    raise AssertionError("the daemon did not come up")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    place, draws = site(tmp_path), random.Random(SEED)
    for number in range(KILLS):
        process = place.start()
        if number % 5 == 4:
            _pause(process, draws.uniform(0.3, 1.5))  # in the middle of its start
        else:
            _serving(place, process, ready=number % 2 == 1)
            _pause(process, draws.uniform(0.0, 1.8))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    process = place.start("--for", "4s")
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 0, (out, (tmp_path / "log").read_text()[-2000:])
    _check(place, json.loads(out.splitlines()[-1]))


def _check(place: Site, status: dict[str, Any]) -> None:
    assert status["orders"] == {"open": 0, "unknown": 0}
    assert status["unhedged_age_s"] == 0
    assert abs(status["delta"]["net"]) <= status["delta"]["band"]
    assert place.rows("SELECT count(*) FROM orders") == [(0,)]
    with JournalReader(place.state / "journal.db") as journal:
        verified = journal.verify()
    assert verified.ok, verified.problems
    facts = place.facts()
    epochs = [fact.epoch for fact in facts if isinstance(fact, Started)]
    assert epochs == sorted(set(epochs))
    assert len(epochs) > KILLS * 0.6  # most runs came far enough to trade

    state = RiskState(risk_setup(load(place.main, {})))
    for fact in facts:
        state.apply(fact)
    _same_books(place, state)
    _same_trades(place, facts)
    _nothing_doubled(place)
    assert state.view().pnl["external"] == 0.0
    assert abs(state.view().pnl["residual"]) <= 1e-9 * _gross(place)


def _same_books(place: Site, state: RiskState) -> None:
    ledger = state.parts.books.ledger.accounts
    stored = {name: json.loads(text)["account"] for name, text in place.rows("SELECT * FROM exchanges")}
    assert len(stored) == 6
    for name, account in stored.items():
        lots = Decimal(account.get("position_lots", 0)) * Decimal("0.1")
        held = lots if name.endswith("perp") else Decimal(account["tokens"])
        assert ledger[name].tokens == held, name
        assert abs(ledger[name].usdt - Decimal(account["usdt"])) < Decimal("0.01"), name


def _same_trades(place: Site, facts: list[Fact]) -> None:
    booked: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        trades = fact.trades or () if isinstance(fact, VenueSnapshot) else ()
        for fill in (fact, *trades) if isinstance(fact, Fill) else trades:
            booked[fill.instrument, fill.trade_id] += 1
    exchanged = {(name, f"t{number}") for name, number in place.rows("SELECT instrument, number FROM trades")}
    assert set(booked) == exchanged
    assert len(exchanged) > 100


def _nothing_doubled(place: Site) -> None:
    """What the perps traded there and back is no more than what the quotes traded, and the band's width."""
    rows = place.rows("SELECT instrument, client_id, side, quantity FROM trades")
    perps = [(side, Decimal(quantity)) for name, _, side, quantity in rows if name.endswith("perp")]
    spots = [Decimal(quantity) for name, _, _, quantity in rows if name.endswith("spot")]
    turnover, net = sum(q for _, q in perps), abs(sum(side * q for side, q in perps))
    undone = float(turnover - net)
    assert undone <= float(sum(spots)) + KILLS * BAND, (turnover, net, sum(spots))
    parsed = [parse_client_id(client) for name, client, *_ in rows if name.endswith("perp")]
    assert {one.purpose if one else None for one in parsed} == {Purpose.HEDGE}


def _gross(place: Site) -> float:
    rows = place.rows("SELECT price, quantity FROM trades")
    return sum(float(price) * float(quantity) for price, quantity in rows)
