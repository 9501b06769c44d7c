import asyncio

import pytest

from bot.channels import Inbox, InboxFull, Latest
from bot.model.facts import Ticked


async def test_facts_come_out_in_order_and_numbered() -> None:
    inbox = Inbox(applied=7)
    assert [inbox.put(Ticked(n)) for n in range(3)] == [8, 9, 10]
    assert [fact.seen_ns for fact in await inbox.take()] == [0, 1, 2]
    assert inbox.drain() == []


async def test_take_waits_for_a_fact() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    inbox.put(Ticked(1))
    assert await taking == [Ticked(1)]


def test_a_full_inbox_halts_and_never_drops() -> None:
    inbox = Inbox(capacity=2)
    inbox.put(Ticked(1))
    inbox.put(Ticked(2))
    with pytest.raises(InboxFull) as caught:
        inbox.put(Ticked(3))
    assert caught.value.exit_code == 75
    assert inbox.drain() == [Ticked(1), Ticked(2)]


async def test_latest_conflates_and_wakes_every_waiter() -> None:
    cell: Latest[int] = Latest(0)
    seen: list[int] = []
    cell.watch(seen.append)
    waiters = [asyncio.create_task(cell.changed(0)) for _ in range(3)]
    await asyncio.sleep(0)
    cell.set(1)
    cell.set(2)
    assert await asyncio.gather(*waiters) == [2, 2, 2]
    assert cell.value == 2
    assert seen == [1, 2]


async def test_latest_does_not_wait_when_already_changed() -> None:
    cell: Latest[str] = Latest("a")
    cell.set("b")
    assert await asyncio.wait_for(cell.changed(0), 1) == 1
