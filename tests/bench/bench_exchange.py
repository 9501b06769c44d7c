"""Micro benchmark of the simulated exchange: operations per second and microseconds each.

Run: python tests/bench/bench_exchange.py
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bot.clock import VirtualLoop
from bot.model.facts import VenueDown, VenueUp
from bot.model.instrument import Instrument, Kind
from bot.model.order import Amend, OrderIntent, Purpose, Side
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.paper_store import PaperStore

SPOT = Instrument(
    "binance",
    Kind.SPOT,
    "X/USDT",
    Decimal("0.0001"),
    Decimal("0.1"),
    Decimal(5),
    Decimal(0),
    Decimal("0.001"),
)
MILLION = Decimal(1_000_000)
ROUNDS = 7


def exchange(orders_a_side: int) -> SimExchange:
    """An exchange with five other levels and some of our orders on each side."""
    sim = SimExchange(SPOT, open_account(SPOT, MILLION, MILLION), IgnoreEvents())
    sim.set_others(*others(10_000), 1)
    for n in range(orders_a_side):
        sim.submit(OrderIntent(f"b{n}", SPOT.id, Side.BUY, 9_980 - 5 * n, 500, Purpose.QUOTE), 1)
        sim.submit(OrderIntent(f"a{n}", SPOT.id, Side.SELL, 10_020 + 5 * n, 500, Purpose.QUOTE), 1)
    return sim


def others(fair: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Five levels a side around a fair price."""
    return (
        [(fair - 5 - 7 * n, 3_000 + n) for n in range(5)],
        [(fair + 5 + 7 * n, 3_000 + n) for n in range(5)],
    )


def measure(name: str, work: Callable[[], int]) -> float:
    """Best of some rounds, printed; `work` returns how many operations it did. Microseconds per operation."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        count = work()
        best = min(best, (time.perf_counter() - start) / count)
    print(f"{name:<42} {1 / best:>12,.0f} ops/s {best * 1e6:>8.2f} us")
    return best * 1e6


def fair_moves(sim: SimExchange, step: int) -> Callable[[], int]:
    """All other levels replaced on every move."""
    ladders = [others(10_000 + step * (n % 3)) for n in range(6)]

    def work() -> int:
        for _ in range(500):
            for bids, asks in ladders:
                sim.set_others(bids, asks, 2)
        return 3_000

    return work


def levels(sim: SimExchange) -> Callable[[], int]:
    """One level of the others at a time, the best included."""

    def work() -> int:
        for n in range(3_000):
            sim.set_level(Side.BUY, 9_995 - n % 4, 100 + n % 7, 2)
        return 3_000

    return work


def repricing(sim: SimExchange) -> Callable[[], int]:
    """All our orders amended up and down by a few ticks."""

    def work() -> int:
        for n in range(150):
            shift = 2 * (n % 2)
            for k in range(10):
                sim.amend(Amend(f"a{k}", SPOT.id, 10_020 + shift + 5 * k, 500), 2)
                sim.amend(Amend(f"b{k}", SPOT.id, 9_980 + shift - 5 * k, 500), 2)
        return 3_000

    return work


def placing(sim: SimExchange) -> Callable[[], int]:
    """Orders placed and cancelled."""
    serial = iter(range(10**9))

    def work() -> int:
        for _ in range(1_500):
            client_id = f"n{next(serial)}"
            sim.submit(OrderIntent(client_id, SPOT.id, Side.BUY, 9_900, 500, Purpose.QUOTE), 2)
            sim.cancel(client_id, 2)
        return 3_000

    return work


def sweeping(sim: SimExchange, through: int) -> Callable[[], int]:
    """Outside takers; the other makers refill after each."""
    bids, asks = others(10_000)

    def work() -> int:
        for _ in range(500):
            sim.sweep(Side.BUY, 10_005 + through, 3_010, 2)
            sim.set_others(bids, asks, 2)
        return 500

    return work


def trading(sim: SimExchange) -> Callable[[], int]:
    """Our own resting orders hit for one lot each."""
    sim.amend(Amend("a0", SPOT.id, 10_020, 1_000_000), 1)
    sim.amend(Amend("b0", SPOT.id, 9_980, 1_000_000), 1)

    def work() -> int:
        for n in range(500):
            sim.hit("a0" if n % 2 else "b0", 1, 2)
        return 500

    return work


class Quiet(IgnoreEvents):
    """A listener of a venue that does nothing."""

    def on_health(self, change: VenueUp | VenueDown) -> None:
        """Ignore."""


def round_trips(a_turn: int, store: PaperStore | None = None) -> float:
    """Amend to answer on the virtual loop, `a_turn` orders together, the loop's own turns included."""
    loop, count = VirtualLoop(), 3_000
    venue = PaperVenue(exchange(10), loop, random.Random(1), PaperTerms(), store)

    async def story() -> float:
        await venue.start(Quiet())
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for n in range(count // a_turn):
                for k in range(a_turn):
                    name, side = (f"a{k // 2}", 1) if k % 2 else (f"b{k // 2}", -1)
                    ticks = 10_000 + side * (20 + 5 * (k // 2)) + 2 * (n % 2)
                    venue.amend(Amend(name, SPOT.id, ticks, 500))
                await asyncio.sleep(0.2)
            best = min(best, (time.perf_counter() - start) / count)
        return best * 1e6

    best = loop.run_until_complete(story())
    loop.close()
    return best


def main() -> None:
    """Print one line per operation."""
    gc.disable()
    measure("set_others, 5 levels a side, no own orders", fair_moves(exchange(0), 3))
    measure("set_others, 5 levels a side, 20 own orders", fair_moves(exchange(10), 3))
    measure("set_others, nothing changed", fair_moves(exchange(10), 0))
    measure("set_level", levels(exchange(10)))
    measure("amend (reprice), 20 own orders", repricing(exchange(10)))
    measure("submit or cancel", placing(exchange(10)))
    measure("sweep of one level + refill", sweeping(exchange(0), 0))
    measure("sweep into a second level + refill", sweeping(exchange(0), 7))
    measure("own fill", trading(exchange(10)))
    with tempfile.TemporaryDirectory() as folder:
        durable = PaperStore(Path(folder) / "paper.db")
        for name, cost in (
            ("venue: amend to answer, 20 a turn", round_trips(20)),
            ("venue: amend to answer, 1 a turn", round_trips(1)),
            ("venue: the same, 20 a turn, durable", round_trips(20, durable)),
        ):
            print(f"{name:<42} {1e6 / cost:>12,.0f} ops/s {cost:>8.2f} us")
        durable.close()


if __name__ == "__main__":
    main()
