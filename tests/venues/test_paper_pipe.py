"""First in, first out, one timer an instant, nothing inside `send`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.venues.paper_pipe import Pipe, Queries
from paper_tools import run


@given(st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 0.05)), max_size=20))
def test_no_item_overtakes_another(sends: list[tuple[float, float]]) -> None:
    async def story() -> None:
        loop, got = asyncio.get_running_loop(), list[int]()
        latencies: Iterator[float] = iter([latency for _, latency in sends])
        expected, delivered = list[float](), list[float]()

        def draw() -> float:
            latency = next(latencies)
            expected.append(max([loop.time() + latency, *expected[-1:]]))
            return latency

        def deliver(batch: list[int]) -> None:
            got.extend(batch)
            delivered.append(loop.time())

        pipe = Pipe[int](loop, draw, deliver)
        for n, (pause, _) in enumerate(sends):
            await asyncio.sleep(pause)
            pipe.send(n)
        await asyncio.sleep(10)
        assert got == list(range(len(sends)))
        assert delivered == pytest.approx(expected, abs=1e-8)

    run(story())


def test_what_is_sent_in_one_instant_travels_together() -> None:
    async def story() -> None:
        batches: list[list[str]] = []
        pipe = Pipe[str](asyncio.get_running_loop(), lambda: 0.02, batches.append)
        pipe.send("a")
        pipe.send("b")
        assert pipe.lag_ns == 20_000_000
        await asyncio.sleep(0.01)
        pipe.send("c")
        assert pipe.waiting() == ["a", "b", "c"]
        await asyncio.sleep(1)
        assert batches == [["a", "b"], ["c"]]

    run(story())


def test_nothing_is_delivered_inside_send_even_at_no_distance() -> None:
    async def story() -> None:
        got: list[str] = []
        pipe = Pipe[str](asyncio.get_running_loop(), lambda: 0.0, got.extend)
        pipe.send("a")
        assert got == []
        await asyncio.sleep(0)
        assert got == ["a"]

    run(story())


def test_a_dropped_line_delivers_nothing_and_works_again() -> None:
    async def story() -> None:
        batches: list[list[str]] = []
        pipe = Pipe[str](asyncio.get_running_loop(), lambda: 0.02, batches.append)
        pipe.send("a")
        await asyncio.sleep(0.01)
        pipe.send("b")
        assert pipe.drop() == ["a", "b"]
        await asyncio.sleep(0.015)
        pipe.send("c")
        await asyncio.sleep(1)
        assert batches == [["c"]]

    run(story())


def test_queries_know_what_they_answer_when_the_line_breaks() -> None:
    async def story() -> None:
        loop, queries = asyncio.get_running_loop(), Queries()
        answered, valued, raised, gone = (loop.create_future() for _ in range(4))
        for future, failure in ((answered, 0), (valued, "none"), (raised, OSError("down")), (gone, 0)):
            queries.ask(future, failure)
        queries.answer(answered, 7)
        gone.cancel()
        queries.fail_all()
        queries.answer(gone, 7)
        assert (await answered, await valued) == (7, "none")
        with pytest.raises(OSError, match="down"):
            await raised

    run(story())
