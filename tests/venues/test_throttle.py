from collections.abc import Iterator

import pytest

from bot.clock import VirtualLoop
from bot.venues.throttle import Budget, ClockThrottler


def at(loop: VirtualLoop, seconds: float) -> None:
    loop.virtual_ns = round(seconds * 1e9)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def test_quotes_leave_a_reserve_for_cancels_and_hedges(loop: VirtualLoop) -> None:
    budget = Budget(1.0, loop, period_s=10, quote_share=0.7)
    assert [budget.quote() for _ in range(8)] == [True] * 7 + [False]
    assert [budget.urgent() for _ in range(4)] == [True] * 3 + [False]
    assert budget.refused == 2
    assert budget.used_share() == 1.0


def test_room_comes_back_when_the_window_has_passed(loop: VirtualLoop) -> None:
    budget = Budget(1.0, loop, period_s=10)
    while budget.urgent():
        pass
    at(loop, 9.9)
    assert not budget.quote()
    at(loop, 10.1)
    assert budget.quote()
    assert budget.used_share() == pytest.approx(0.1)


def test_resize_keeps_the_share(loop: VirtualLoop) -> None:
    budget = Budget(1.0, loop, period_s=10, quote_share=0.5)
    budget.resize(2.0)
    assert sum(budget.quote() for _ in range(30)) == 10


def test_waiting_acquire_runs_on_our_clock(loop: VirtualLoop) -> None:
    throttler = ClockThrottler(2, 5.0, loop)
    stamps: list[float] = []

    async def ask() -> None:
        for _ in range(4):
            async with throttler:
                stamps.append(loop.time())

    loop.run_until_complete(ask())
    assert stamps[:2] == [0, 0]
    assert stamps[2] == pytest.approx(5.0, abs=0.05)
