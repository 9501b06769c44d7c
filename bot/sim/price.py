"""The fair price process, drawn in blocks.

Rule 1: diffusion and jumps have random streams of their own; nothing the daemon does reaches them.
Rule 2: a block is drawn whole, so one step costs no call into numpy.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bot.sim.params import DAY_S, YEAR_S, WorldParams, diffusion_scale

Floats = npt.NDArray[np.float64]


class PriceProcess:
    """Log-increments of geometric Brownian motion plus compound Poisson jumps (Merton 1976).

    The drift is that of the price itself: E[S_t] = S_0·exp(drift·t) before jumps and taker impact.
    """

    def __init__(self, params: WorldParams, seed: np.random.SeedSequence) -> None:
        diffusion, jumps = seed.spawn(2)
        self._diffusion = np.random.default_rng(diffusion)
        self._jumps = np.random.default_rng(jumps)
        scale = diffusion_scale(params)
        step_years = params.step_s / YEAR_S
        sigma = params.price.sigma_annual * scale
        self._sd = sigma * math.sqrt(step_years)
        self._mean = (params.price.drift_annual - sigma**2 / 2) * step_years
        self._jumps_per_step = params.price.jumps_per_day * params.step_s / DAY_S
        self._jump_sd = params.price.jump_sd * scale

    def draw(self, steps: int) -> Floats:
        """Log-increments of the next `steps` steps, shape (steps,)."""
        increments = self._diffusion.standard_normal(steps)
        increments *= self._sd
        increments += self._mean
        count = int(self._jumps.poisson(self._jumps_per_step * steps))
        if count:
            where = self._jumps.integers(0, steps, count)
            np.add.at(increments, where, self._jumps.standard_normal(count) * self._jump_sd)
        return increments
