"""A seeded price for the local chain to follow where no simulated exchanges run beside it.

Rule 1: same seed, same path: increments are drawn in blocks of one size, however often one asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bot.clock import NS, Clock
from bot.sim.params import WorldParams
from bot.sim.price import PriceProcess

_BLOCK = 4_096


class SimPrice:
    """The simulated market's price process on a clock. Call it for USDT per token now."""

    def __init__(self, params: WorldParams, seed: int, clock: Clock) -> None:
        self._process = PriceProcess(params, np.random.SeedSequence(seed))
        self._price, self._step_ns = params.price.start_usdt, round(params.step_s * NS)
        self._clock, self._begin_ns = clock, clock.now_ns()
        self._steps = 0
        self._increments = self._drawn()

    def __call__(self) -> float:
        due = (self._clock.now_ns() - self._begin_ns) // self._step_ns
        while self._steps < due:
            self._steps += 1
            self._price *= math.exp(next(self._increments))
        return self._price

    def _drawn(self) -> Iterator[float]:
        while True:
            yield from self._process.draw(_BLOCK).tolist()
