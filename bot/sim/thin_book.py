"""A made-up book around the last price, for recordings that hold no book.

Rule 1: it knows only prices that were already seen.
Rule 2: it widens when the price runs: half-spread = minimum + share × root of the recent squared returns.
"""

from __future__ import annotations

import math

from bot.model.instrument import Instrument
from bot.sim.matching import Levels
from bot.sim.recording import ThinBookParams

NS = 1_000_000_000


class ThinBook:
    """Levels around the last price; `half_spread` is the fraction in force."""

    def __init__(self, params: ThinBookParams, instrument: Instrument) -> None:
        self._params = params
        self._tau_ns = params.volatility_time_s * NS
        self._usdt_per_tick_lot = float(instrument.tick) * float(instrument.lot)
        self._squared_returns = 0.0
        self._last_ticks = 0
        self._last_ns = 0
        self._shown = (0, 0)
        self.half_spread = params.half_spread_bps_min / 1e4

    def around(self, ticks: int, ts_ns: int) -> tuple[Levels, Levels] | None:
        """A price of `ticks` was seen: the new (bids, asks), or None when nothing would change.

        Squared returns fade as e^(−t/τ); their sum estimates the variance of about the last τ.
        """
        if self._last_ticks:
            fade = math.exp((self._last_ns - ts_ns) / self._tau_ns)
            change = math.log(ticks / self._last_ticks) if ticks != self._last_ticks else 0.0
            self._squared_returns = self._squared_returns * fade + change * change
        self._last_ticks, self._last_ns = ticks, ts_ns
        params = self._params
        volatility = math.sqrt(self._squared_returns)
        self.half_spread = params.half_spread_bps_min / 1e4 + params.volatility_share * volatility
        half = max(1, round(ticks * self.half_spread))
        if (ticks, half) == self._shown:
            return None
        self._shown = (ticks, half)
        gap = max(1, round(half * params.level_gap_share))
        bids, asks = [], []
        for number, size_usdt in enumerate(params.sizes_usdt):
            offset = half + number * gap
            lots = max(1, int(size_usdt / (ticks * self._usdt_per_tick_lot)))
            asks.append((ticks + offset, lots))
            if offset < ticks:
                bids.append((ticks - offset, lots))
        return bids, asks
