"""Seeded storms over the whole daemon: lost answers, cut lines, ADL, maintenance, sweeps, gaps; then healing.

Afterwards the books equal the exchanges, delta is in its band, quotes stand, and nothing is left in doubt.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.order import Side
from bot.sim.exchange import SimExchange
from bot.venues.paper_terms import PaperTerms
from limits_text import copy_config
from whole_desk import PERPS, SPOTS, Whole, settings_in

SEEDS = range(10)
EVERYWHERE = (*SPOTS, *PERPS)
PROJECT = Path(__file__).resolve().parent.parent.parent
FLOW = {
    "paper__world__flow__spot_sweeps_per_side_day": (60_000.0, 30_000.0, 30_000.0),
    "paper__world__flow__impact_share": 0.05,
    "limits__hedge__band_usdt_max": 3_000.0,
}


class Storm:
    """One seeded schedule of faults on one daemon."""

    def __init__(self, whole: Whole, seed: int) -> None:
        self.whole, self.draws = whole, random.Random(seed)
        self.told: list[str] = []

    async def blow(self) -> None:
        """Some faults, some seconds apart."""
        faults = (self.cut, self.cut, self.cut_all, self.adl, self.maintenance, self.sweep, self.gap)
        for _ in range(self.draws.randint(3, 8)):
            await asyncio.sleep(self.draws.uniform(0.5, 40))
            fault = self.draws.choice(faults)
            key = self.draws.choice(EVERYWHERE)
            self.told.append(f"{self.whole.loop.time():.1f} s {fault.__name__} {key}")
            fault(key)

    def cut(self, key: str, seconds: float = 50.0) -> None:
        """A line is lost and found again."""
        venue = self.whole.venue(key)
        venue.disconnect("fault")
        self.whole.loop.call_later(self.draws.uniform(0.01, seconds), venue.reconnect)

    def cut_all(self, _: str) -> None:
        """All lines at once."""
        for key in EVERYWHERE:
            self.cut(key, 20.0)

    def adl(self, key: str) -> None:
        """An exchange takes part of a position away."""
        exchange = self.whole.exchange(key if key in PERPS else PERPS[0])
        share = Decimal(self.draws.randint(1, 30)) / 100
        exchange.adl(share, Decimal(f"{self.whole.world.fair_usdt:.5f}"), self.whole.loop.now_ns())

    def maintenance(self, key: str) -> None:
        """An exchange takes no orders for a while."""
        exchange = self.whole.exchange(key)
        exchange.halted = True
        self.whole.loop.call_later(self.draws.uniform(1, 30), setattr, exchange, "halted", False)

    def sweep(self, key: str) -> None:
        """Somebody takes one side of a book, ours included."""
        exchange: SimExchange = self.whole.exchange(key if key in SPOTS else SPOTS[0])
        side = self.draws.choice((Side.BUY, Side.SELL))
        best = exchange.book.best_ask if side > 0 else exchange.book.best_bid
        if best:
            exchange.sweep(side, round(best * (1 + 0.01 * side)), 600_000, self.whole.loop.now_ns())

    def gap(self, _: str) -> None:
        """The whole market opens elsewhere."""
        world = self.whole.world
        world.restore({**world.state(), "fair_usdt": world.fair_usdt * self.draws.uniform(0.97, 1.03)})


def built(folder: Path, seed: int) -> Whole:
    """A daemon in a busy market on exchanges that misbehave with this seed."""
    draws = random.Random(-seed - 1)
    lost, refused = draws.choice((0.0, 0.01, 0.05)), draws.choice((0.0, 0.02))
    faults = {"lost_request_share": lost, "lost_answer_share": lost, "reject_share": refused}
    shares = {f"paper__{name}": share for name, share in faults.items()}
    return Whole(settings_in(folder, feed__seed=seed, **FLOW, **shares))


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_storm_the_books_are_right_and_trading_goes_on(tmp_path: Path, seed: int) -> None:
    whole = built(tmp_path, seed)
    storm = Storm(whole, seed)

    async def story() -> None:
        await whole.until(lambda: whole.quoting() and whole.in_band(), 200)
        await storm.blow()
        await asyncio.sleep(55)  # the last cut has healed
        for venue in whole.parts.venues.values():
            venue.terms = PaperTerms()  # type: ignore[attr-defined]
        await whole.until(lambda: whole.in_band() and whole.quoting() and not whole.view.unknown_orders)
        await asyncio.sleep(40)
        await whole.until(whole.in_band, 1.0)  # a fill of this very moment is hedged in two round trips

    result = whole.run(story)
    assert result.exit_code == 0, (result.error, result.left_open, storm.told)
    accounts = whole.daemon.state.parts.books.ledger.accounts
    for key in EVERYWHERE:
        exchange = whole.exchange(key)
        assert whole.resting(key) == 0, (key, storm.told)
        assert accounts[key].tokens == exchange.position, (key, storm.told)
        assert abs(accounts[key].usdt - exchange.usdt) < Decimal("0.01"), (key, storm.told)
    assert not [alert for alert in whole.view.alerts if alert[1] == "external_adjustment"], storm.told


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    main = copy_config(tmp_path)
    faults = "jitter = 0.3\nreject_share = 0.02\nlost_request_share = 0.02\nlost_answer_share = 0.02\n"
    flow = "[paper.world.flow]\nspot_sweeps_per_side_day = [60000.0, 30000.0, 30000.0]\n\n[paper.world.price]"
    text = main.read_text().replace("jitter = 0.3", faults + "#", 1).replace("[paper.world.price]", flow, 1)
    assert text.count("lost_answer_share") == text.count("[paper.world.flow]") == 1
    main.write_text(text)
    running = []
    for hash_seed, seed in (("1", "5"), ("2", "5"), ("3", "6")):
        journal = tmp_path / hash_seed / "journal.db"
        journal.parent.mkdir()
        command = [sys.executable, "-m", "bot", "backtest", "-c", str(main), "--days", str(4 / 1_440)]
        running.append(
            subprocess.Popen(
                [*command, "--seed", seed, "--journal", str(journal), "--json"],
                env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)},
                cwd=PROJECT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    first, second, other = ((tmp_path / name / "journal.db").read_bytes() for name in ("1", "2", "3"))
    assert first == second
    assert first != other
