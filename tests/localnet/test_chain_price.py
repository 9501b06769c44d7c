"""The price that the local chain follows by itself."""

from __future__ import annotations

import math

from bot.clock import NS
from bot.localnet.chain_price import SimPrice
from bot.sim.params import WorldParams

HOUR_S = 3_600


class HandClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ns(self) -> int:
        return 1_000 * NS + round(self.seconds * NS)

    def monotonic(self) -> float:
        return self.seconds


def path(seed: int, every_s: float) -> list[float]:
    """Prices of two hours, the whole hours only, asked for every so often."""
    clock = HandClock()
    price, seen = SimPrice(WorldParams(), seed, clock), []
    while clock.seconds <= 2 * HOUR_S:
        now = price()
        if clock.seconds % HOUR_S == 0:
            seen.append(now)
        clock.seconds += every_s
    return seen


def test_it_begins_at_the_market_s_price_and_moves_as_it_does() -> None:
    begin, *later = path(1, 600)
    assert begin == WorldParams().price.start_usdt
    for price in later:
        assert price != begin
        assert abs(math.log(price / begin)) < 0.2  # 20 standard deviations of an hour


def test_the_seed_alone_makes_the_path() -> None:
    assert path(1, 600) == path(1, 900) == path(1, 1_200)
    assert path(1, 600)[1:] != path(2, 600)[1:]
