import asyncio
import time

import pytest

from bot.clock import NS, LoopClock, ScaledLoop, SystemClock, VirtualLoop


class Beats:
    """A market driver with an event every `every_ns`, recording when each was delivered."""

    def __init__(self, loop: VirtualLoop, every_ns: int, count: int) -> None:
        self.loop, self.every_ns, self.left, self.at = loop, every_ns, count, loop.origin_ns + every_ns
        self.seen: list[int] = []
        self.wake: asyncio.Event | None = None

    def next_ns(self) -> int | None:
        return self.at if self.left else None

    def step(self) -> int:
        assert self.loop.now_ns() >= self.at
        self.seen.append(self.at)
        self.left, self.at = self.left - 1, self.at + self.every_ns
        if self.wake is not None and len(self.seen) % 10 == 0:
            self.wake.set()
        return 1


def test_virtual_time_jumps_and_takes_no_real_time() -> None:
    loop = VirtualLoop(origin_ns=5 * NS)

    async def nap() -> float:
        await asyncio.sleep(86_400)
        return loop.time()

    started = time.monotonic()
    assert loop.run_until_complete(nap()) == pytest.approx(86_400)
    assert time.monotonic() - started < 5
    assert loop.now_ns() == 86_405 * NS
    loop.close()


def test_market_events_run_between_timers_in_order() -> None:
    loop = VirtualLoop()
    beats = Beats(loop, NS // 10, 100)
    loop.driver = beats
    counts: list[tuple[float, int]] = []

    async def reader() -> None:
        for _ in range(5):
            await asyncio.sleep(1)
            counts.append((round(loop.time(), 6), len(beats.seen)))

    loop.run_until_complete(reader())
    assert counts == [(1.0, 10), (2.0, 20), (3.0, 30), (4.0, 40), (5.0, 50)]
    assert loop.market_events == 50
    loop.close()


def test_a_task_woken_by_an_event_runs_before_the_next_event() -> None:
    loop = VirtualLoop()
    beats = Beats(loop, NS, 50)
    loop.driver = beats
    woken_at: list[int] = []

    async def reader() -> None:
        beats.wake = asyncio.Event()
        for _ in range(3):
            await beats.wake.wait()
            beats.wake.clear()
            woken_at.append(len(beats.seen))

    loop.run_until_complete(reader())
    assert woken_at == [10, 20, 30]
    loop.close()


def test_a_timer_set_by_an_event_is_not_overtaken() -> None:
    loop = VirtualLoop()
    order: list[str] = []

    class Once:
        done = 0

        def next_ns(self) -> int | None:
            return (NS, 3 * NS)[self.done] if self.done < 2 else None

        def step(self) -> int:
            self.done += 1
            order.append(f"event{self.done}")
            if self.done == 1:
                loop.call_later(1.0, order.append, "timer")
            return 1

    loop.driver = Once()
    loop.run_until_complete(asyncio.sleep(10))
    assert order == ["event1", "timer", "event2"]
    loop.close()


def test_a_world_without_a_next_event_says_so() -> None:
    loop = VirtualLoop()

    async def for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no next event"):
        loop.run_until_complete(for_ever())
    loop.close()


def test_scaled_loop_runs_faster_than_the_machine() -> None:
    loop = ScaledLoop(50)
    clock = LoopClock(loop, origin_ns=NS)
    started = time.monotonic()
    loop.run_until_complete(asyncio.sleep(5))
    assert time.monotonic() - started < 4
    assert clock.now_ns() >= 6 * NS
    assert clock.monotonic() >= 5
    loop.close()


def test_system_clock_moves_forward() -> None:
    clock = SystemClock()
    assert clock.now_ns() > 1_700_000_000 * NS
    assert clock.monotonic() <= clock.monotonic()
