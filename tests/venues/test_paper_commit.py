"""When the store is written: at once, soon, and again."""

from __future__ import annotations

import asyncio

import pytest

from bot.model.errors import JournalError
from bot.venues.paper_commit import COMMIT_RETRY_S, Committer
from bot.venues.paper_store import NullStore
from paper_tools import run


class Disk(NullStore):
    """Counts commits; refuses the first few."""

    def __init__(self, refusals: int = 0) -> None:
        self.dirty, self.refusals, self.tries = True, refusals, 0

    def commit(self) -> None:
        self.tries += 1
        if self.refusals:
            self.refusals -= 1
            raise JournalError("no space")
        self.dirty = False


def test_a_clean_store_is_not_written() -> None:
    async def story() -> None:
        disk = Disk()
        disk.dirty = False
        committer = Committer(disk, print, lambda: None)
        committer.soon()
        await asyncio.sleep(1)
        assert (committer.now(), disk.tries) == ("", 0)

    run(story())


def test_soon_is_one_transaction_however_often_it_is_asked_for() -> None:
    async def story() -> None:
        disk = Disk()
        committer = Committer(disk, print, lambda: None)
        for _ in range(5):
            committer.soon()
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.0051)
        assert (disk.tries, disk.dirty) == (1, False)

    run(story())


def test_a_refusal_is_told_and_tried_again_until_it_heals() -> None:
    async def story() -> None:
        disk, told = Disk(refusals=3), list[str]()
        committer = Committer(disk, told.append, lambda: told.append("healed"))
        assert committer.now() == "no space"
        await asyncio.sleep(COMMIT_RETRY_S * 5)
        assert told == ["no space", "no space", "healed"]
        assert not disk.dirty

    run(story())


def test_stopping_commits_or_says_why_not() -> None:
    async def story() -> None:
        disk = Disk(refusals=1)
        committer = Committer(disk, print, lambda: None)
        committer.soon()
        with pytest.raises(JournalError):
            committer.stop()
        committer.stop()
        await asyncio.sleep(1)
        assert disk.tries == 2

    run(story())
