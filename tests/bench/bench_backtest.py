"""How fast the whole daemon runs on the virtual clock, against the bare market in the same process.

    PYTHONPATH=.:tests python tests/bench/bench_backtest.py

Prints events per second of both, the ratio, and whether the cost of an event grows with the run.
With recorded data (BOT_MARKETDATA) also the replay of one night of ETH.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.backtest import BacktestOptions, backtest
from bot.config import Settings, instruments, load
from bot.model.instrument import Kind
from bot.sim.account import PerpAccount, SpotAccount
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.sim.world import World

ROOT = Path(__file__).parents[2]


def bare(settings: Settings, seconds: int) -> tuple[int, float]:
    """Market events and process seconds of the market alone."""
    exchanges = []
    for item in instruments(settings).values():
        one = settings.opening.accounts[item.id]
        account = (
            SpotAccount(item, one.tokens, one.usdt) if item.kind is Kind.SPOT else PerpAccount(item, one.usdt)
        )
        exchanges.append(SimExchange(item, account, IgnoreEvents()))
    world = World(settings.paper.world, 1, 1_767_225_600_000_000_000, exchanges)
    started, events = time.process_time(), 0
    for _ in range(seconds):
        events += world.step()
    return events, time.process_time() - started


def daemon(settings: Settings, hours: float) -> tuple[list[tuple[int, float]], float]:
    """(events, process seconds) after each market hour, and the whole run's process seconds."""
    marks: list[tuple[int, float]] = []
    started = time.process_time()
    options = BacktestOptions(days=hours / 24, seed=1)
    backtest(settings, options, lambda _share, events: marks.append((events, time.process_time() - started)))
    return marks, time.process_time() - started


def main() -> None:
    """Measure and print."""
    settings = load(ROOT / "config" / "paper.toml", env={})
    events, seconds = bare(settings, 6 * 3_600)
    floor = events / seconds
    print(f"bare market        {events:>9,} events  {seconds:6.1f} s  {floor:>9,.0f}/s")
    marks, whole = daemon(settings, 6)
    total = marks[-1][0]
    print(
        f"whole daemon       {total:>9,} events  {whole:6.1f} s  {total / whole:>9,.0f}/s  "
        f"= 1/{floor / (total / whole):.0f} of the bare market"
    )
    first, last = marks[0], marks[-1]
    early = first[1] / first[0]
    late = (last[1] - marks[-3][1]) / (last[0] - marks[-3][0])
    print(f"cost of an event   {1e6 * early:.0f} µs in the first hour, {1e6 * late:.0f} µs in the last two")
    if os.environ.get("BOT_MARKETDATA"):
        _recorded()


def _recorded() -> None:
    from scenarios.test_recorded import ether

    result = backtest(ether(), BacktestOptions(), lambda _share, _events: None).as_dict
    print(
        f"ETH night replayed {result['events']:>9,} events  {result['seconds']:6.1f} s  "
        f"{result['events_per_s']:>9,.0f}/s  (2.1M recorded levels set)"
    )


if __name__ == "__main__":
    main()
