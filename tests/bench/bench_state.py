"""Micro benchmark of the state: microseconds per fact and per view. Run: python tests/bench/bench_state.py

Budgets: a market sample 40 us, a fill 60 us, a view 15 us.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bot.model.facts import Fact  # noqa: E402 - the path above makes it importable
from bot.risk.state import RiskState  # noqa: E402
from risk_desk import pool, ready, run, settle_hedges  # noqa: E402
from risk_world import PERPS, SPOTS, T0, S, fill, sample  # noqa: E402

ROUNDS, EACH = 9, 200
BUDGETS_US = {
    "apply(MarketSampled)": 40.0,
    "apply(Fill) spot": 60.0,
    "apply(Fill) perp": 60.0,
    "view()": 15.0,
}


def desk() -> RiskState:
    """A hedged desk that has traded for a while."""
    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 30)
    return state


def per_fact(state: RiskState, rounds: Sequence[Sequence[Fact]]) -> float:
    """Microseconds per `apply`, best round."""
    best = float("inf")
    for facts in rounds:
        state.apply(pool((facts[0].seen_ns - T0) / S))
        start = time.perf_counter()
        for fact in facts:
            state.apply(fact)
        best = min(best, (time.perf_counter() - start) / len(facts))
    return best * 1e6


def samples(start_s: float) -> list[list[Fact]]:
    """Rounds of market samples with a price that wanders by a few basis points."""
    return [
        [sample(1 + 0.0003 * (n % 7 - 3), start_s + (r * EACH + n) / 4) for n in range(EACH)]
        for r in range(ROUNDS)
    ]


def fills(keys: tuple[str, ...], start_s: float) -> list[list[Fact]]:
    """Rounds of fills of both signs."""
    return [
        [
            fill(keys[n % 3], f"{r}-{n}-{keys[0]}", 120 if n % 2 else -120, 1.0002, fee="0.01", at_s=start_s)
            for n in range(EACH)
        ]
        for r in range(ROUNDS)
    ]


def views(state: RiskState) -> float:
    """Microseconds per `view` after a sample, the sample's own time left out."""
    best = float("inf")
    for facts in samples(20_000):
        state.apply(pool((facts[0].seen_ns - T0) / S))
        spent = 0.0
        for fact in facts:
            state.apply(fact)
            start = time.perf_counter()
            state.view()
            spent += time.perf_counter() - start
        best = min(best, spent / len(facts))
    return best * 1e6


def main() -> None:
    """Print each figure beside its budget."""
    state = desk()
    gc.disable()
    figures: dict[str, Callable[[], float]] = {
        "apply(MarketSampled)": lambda: per_fact(state, samples(100)),
        "apply(Fill) spot": lambda: per_fact(state, fills(SPOTS, 5_000)),
        "apply(Fill) perp": lambda: per_fact(state, fills(PERPS, 5_000)),
        "view()": lambda: views(state),
    }
    for name, measure in figures.items():
        print(f"{name:<24} {measure():>8.2f} us   budget {BUDGETS_US[name]:.0f} us")


if __name__ == "__main__":
    main()
