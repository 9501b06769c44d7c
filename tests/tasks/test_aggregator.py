"""The aggregator: journal first, then apply, then one view."""

from __future__ import annotations

from bot.model.facts import Fact, Ticked
from paper_tools import run
from task_rig import Desk, Rig, rig


def test_facts_are_written_before_they_are_applied() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            seen: list[tuple[int, int]] = []
            before, written = made.view.value.version, len(made.log.facts)
            made.view.watch(lambda view: seen.append((view.version - before, len(made.log.facts) - written)))
            facts: list[Fact] = [Ticked(made.clock.now_ns() + n) for n in range(5)]
            made.aggregator.fold(facts)
            # one view for the batch, and by then all five stood in the journal
            assert seen == [(5, 5)]
            assert made.log.facts[-5:] == facts

    run(story())


def test_a_journal_that_refuses_keeps_the_facts_out_of_the_books() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            version = made.state.view().version
            made.log.append = refuse  # type: ignore[assignment, method-assign]
            try:
                made.aggregator.fold([Ticked(made.clock.now_ns())])
            except OSError:
                assert made.state.view().version == version
            else:
                raise AssertionError("the refusal was swallowed")

    run(story())


def test_nothing_to_fold_publishes_nothing() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            version = made.view.version
            made.aggregator.fold([])
            assert made.view.version == version

    run(story())


def test_the_task_takes_what_the_inbox_gets() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator") as made:
            number = made.inbox.put(Ticked(made.clock.now_ns()))
            await made.until(lambda: caught_up(made, number), 1.0)

    run(story())


def caught_up(made: Rig, number: int) -> bool:
    return made.view.value.version >= number


def refuse(_: list[Fact]) -> None:
    raise OSError("disk full")
