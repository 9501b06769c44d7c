"""Supervision: what ends the daemon, what is started again, and what never reaches the caller."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from bot.clock import VirtualLoop
from bot.model.errors import ConfigError, FailSafe
from bot.tasks.supervise import Fuse, attempt, contained, critical, restarting
from paper_tools import run


def test_a_contained_failure_is_told_and_a_broken_invariant_goes_through() -> None:
    told: list[str] = []

    def fail(error: Exception) -> None:
        raise error

    call = contained(fail, told.append)
    call(ValueError("bad frame"))
    assert told == ["ValueError: bad frame"]
    with pytest.raises(FailSafe):
        call(FailSafe("newer epoch"))


def test_a_critical_task_that_fails_stops_the_daemon() -> None:
    async def broken() -> None:
        raise KeyError("x")

    async def story() -> None:
        with pytest.raises(FailSafe, match="sampler failed: KeyError"):
            await critical("sampler", broken)

    run(story())


def test_a_restarting_task_reports_and_waits_longer_each_time() -> None:
    told: list[str] = []
    began: list[float] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()

        async def broken() -> None:
            began.append(loop.time())
            raise OSError("cut")

        task = asyncio.create_task(restarting("reconciler", broken, told.append))
        await asyncio.sleep(20)
        task.cancel()

    run(story())
    waits = [round(b - a) for a, b in pairwise(began)]
    assert waits[:4] == [1, 2, 4, 8]
    assert told == ["OSError: cut"] * len(began)


def test_a_run_that_lasted_makes_the_next_pause_short_again() -> None:
    began: list[float] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()

        async def lasting() -> None:
            began.append(loop.time())
            await asyncio.sleep(100 if len(began) > 4 else 0)
            raise OSError("cut")

        task = asyncio.create_task(restarting("quoter", lasting, lambda _: None))
        await asyncio.sleep(400)
        task.cancel()

    run(story())
    assert [round(b - a) for a, b in pairwise(began)][:6] == [1, 2, 4, 8, 101, 101]


@pytest.mark.parametrize("error", [FailSafe("x"), ConfigError(["chain.token: no contract there"])])
def test_what_trying_again_cannot_mend_is_not_tried_again(error: Exception) -> None:
    async def broken() -> None:
        raise error

    async def story() -> None:
        with pytest.raises(type(error)):
            await restarting("chain", broken, lambda _: None)

    run(story())


def test_an_attempt_answers_with_the_reason_instead_of_raising() -> None:
    async def work(error: Exception | None) -> int:
        if error is not None:
            raise error
        return 7

    async def story() -> None:
        assert await attempt("a", work(None)) == (7, "")
        assert await attempt("b", work(ConnectionError("line cut"))) == (None, "line cut")
        assert await attempt("c", work(ZeroDivisionError())) == (None, "ZeroDivisionError")

    run(story())


def test_a_callback_that_breaks_ends_the_daemon() -> None:
    def boom(_: Any) -> None:
        raise RuntimeError("lost fact")

    async def story() -> None:
        fuse, loop = Fuse(), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        fuse.install(loop)
        loop.call_soon(boom, 1)
        with pytest.raises(FailSafe, match="lost fact"):
            await fuse.run()

    run(story())
