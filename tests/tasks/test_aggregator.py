"""The aggregator: journal, apply, publish, in this order, once per batch."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels import Inbox, Latest
from bot.model.errors import FailSafe
from bot.model.facts import Fact, Ticked
from bot.model.view import View
from bot.risk.state import RiskState
from bot.tasks.aggregator import Aggregator
from paper_tools import START_NS, run
from task_rig import SPOTS, Desk, rig, setup_of


class Log:
    """A journal that remembers what the state had seen when it was written to."""

    def __init__(self, state: RiskState) -> None:
        self._state = state
        self.batches: list[tuple[int, list[Fact]]] = []

    def append(self, facts: list[Fact]) -> None:
        self.batches.append((self._state.parts.count, list(facts)))


def made() -> tuple[Aggregator, Inbox, RiskState, Latest[View], Log]:
    state = RiskState(setup_of(Desk()))
    inbox, view, log = Inbox(), Latest(state.view()), Log(state)
    return Aggregator(inbox, state, view, log), inbox, state, view, log


def test_facts_are_written_before_they_count_and_one_view_follows() -> None:
    aggregator, inbox, state, view, log = made()
    views: list[View] = []
    view.watch(views.append)
    facts: list[Fact] = [Ticked(START_NS + n) for n in range(3)]
    for fact in facts:
        inbox.put(fact)
    aggregator.fold(inbox.drain())
    assert log.batches == [(0, facts)]
    assert state.parts.count == 3
    assert [one.version for one in views] == [3]
    assert view.value.time_ns == START_NS + 2


def test_nothing_to_fold_publishes_nothing() -> None:
    aggregator, _, _, view, log = made()
    aggregator.fold([])
    assert view.version == 0
    assert not log.batches


def test_it_drains_until_cancelled_and_what_waits_is_one_batch() -> None:
    async def story() -> None:
        aggregator, inbox, _, view, log = made()
        task = asyncio.create_task(aggregator.run())
        inbox.put(Ticked(START_NS))
        await asyncio.sleep(1)
        for n in range(1, 5):
            inbox.put(Ticked(START_NS + n))
        await asyncio.sleep(1)
        assert [len(batch) for _, batch in log.batches] == [1, 4]
        assert view.value.version == inbox.last == 5
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())


class _Refusing:
    """A journal that cannot encode what it is given."""

    def append(self, facts: list[Fact]) -> None:
        raise ValueError("not a finite number")


def test_what_cannot_be_written_is_not_applied() -> None:
    _, inbox, state, view, _ = made()
    aggregator = Aggregator(inbox, state, view, _Refusing())
    with pytest.raises(ValueError, match="finite"):
        aggregator.fold([Ticked(START_NS)])
    assert state.parts.count == 0
    assert view.version == 0


def test_a_broken_invariant_leaves_the_batch_on_record() -> None:
    aggregator, _, state, _, log = made()

    def broken(fact: Fact) -> None:
        raise FailSafe("two and two is five")

    state.apply = broken  # type: ignore[method-assign]
    with pytest.raises(FailSafe):
        aggregator.fold([Ticked(START_NS)])
    assert len(log.batches) == 1


def test_a_reader_of_its_own_fact_finds_it_in_the_version() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator", "beat", "sampler") as one:
            for _ in range(10):
                sent_ns = one.clock.now_ns()
                number = one.inbox.put(Ticked(sent_ns))
                while one.view.value.version < number:
                    assert one.clock.now_ns() - sent_ns < 100_000_000
                    await asyncio.sleep(0.001)
            one.spot_fill(SPOTS[0], -1_000)
            await one.until(lambda: one.view.value.fills == 1, 1.0)

    run(story())
