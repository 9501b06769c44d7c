"""The operator's side: commands are answered when the view has seen them, reloads change all or nothing."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.app import Daemon
from bot.clock import ScaledLoop
from bot.config import load
from bot.model.errors import BotError
from bot.model.facts import LimitsChanged, LimitsRefused
from bot.model.view import Level, View
from bot.operate import Operator
from bot.ops.journal_read import JournalReader
from bot.wiring import build, place_of
from limits_text import SHIPPED


class Desk:
    """A real paper daemon on a loop ten times faster than time, with the operator's own configuration."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        shutil.copytree(SHIPPED, self.config)
        settings = load(self.config / "paper.toml", env={"BOT_STATE_DIR": str(folder / "state")})
        self.loop = ScaledLoop(10)
        asyncio.set_event_loop(self.loop)
        self.daemon = Daemon(settings, build(settings, place_of(settings, self.loop, None)))
        self.operator = Operator(self.daemon)
        self.journal = folder / "state" / "journal.db"

    @property
    def view(self) -> View:
        return self.daemon.view.value

    def edit(self, old: str, new: str) -> None:
        """Save limits.toml with one text replaced, as an editor does: a new file renamed over the old."""
        file = self.config / "limits.toml"
        text = file.read_text()
        assert old in text
        fresh = file.with_suffix(".new")
        fresh.write_text(text.replace(old, new))
        fresh.replace(file)

    async def until(self, condition: Callable[[], bool], within_s: float = 200.0) -> None:
        latest = self.daemon.view
        async with asyncio.timeout(within_s):
            while not condition():
                await latest.changed(latest.version)


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    made = Desk(folder)
    try:
        yield made
    finally:
        asyncio.set_event_loop(None)
        made.loop.close()


def live(made: Desk, story: Callable[[], Awaitable[None]]) -> None:
    """Run the daemon with its control socket; stop it when the story ends."""

    async def whole() -> None:
        stop = asyncio.Event()
        async with made.operator.serving():
            running = asyncio.create_task(made.daemon.run(stop))
            try:
                await made.until(lambda: made.view.ready and made.view.level is Level.NORMAL)
                await story()
            finally:
                stop.set()
                await running

    made.loop.run_until_complete(whole())


def test_a_command_is_answered_by_the_level_it_led_to(tmp_path: Path) -> None:
    with desk(tmp_path) as made:

        async def story() -> None:
            answer = await made.operator.command("pause", "lunch", "ann")
            assert answer["paused"] is True
            await made.until(lambda: sum(o.open_orders for o in made.view.obligations.values()) == 0)
            answer = await made.operator.command("resume", "back", "ann")
            assert answer["paused"] is False
            with pytest.raises(BotError, match="no command 'dance'"):
                await made.operator.command("dance", "", "ann")

        live(made, story)


def test_a_tightened_band_moves_the_targets_in_the_view_that_carries_it(tmp_path: Path) -> None:
    """Reload by file watch, while fills stream; the first view of the new version has the new targets."""
    with desk(tmp_path) as made:
        views: list[View] = []

        async def story() -> None:
            await made.until(lambda: abs(made.view.exposure.hedged_net) > 1_500)
            made.daemon.view.watch(views.append)
            version = made.view.limits_version
            made.edit("band_usdt_max = 25000.0", "band_usdt_max = 1000.0")
            await made.until(lambda: made.view.limits_version == version + 1)
            first = next(v for v in views if v.limits_version == version + 1)
            before = next(v for v in reversed(views) if v.limits_version == version)
            assert first.exposure.band <= 1_010
            assert abs(before.exposure.hedged_net) > 1_010
            assert abs(first.exposure.hedged_net) <= first.exposure.band
            assert [p.target for p in first.perps.values()] != [p.target for p in before.perps.values()]
            await made.until(lambda: abs(made.view.exposure.net) <= 3_000)

        live(made, story)


def test_a_bad_file_changes_nothing_and_a_burst_of_reloads_is_one_change(tmp_path: Path) -> None:
    with desk(tmp_path) as made:

        async def story() -> None:
            limits, version = made.view.limits, made.view.limits_version
            made.edit("skew_bps_max = 2.0", "skew_bps_max = -2.0")
            answer = await made.operator.reload(False, "ann")
            assert answer["outcome"] == "refused"
            assert "skew_bps_max = -2" in answer["problems"][0]
            assert (made.view.limits, made.view.limits_version) == (limits, version)
            made.edit("skew_bps_max = -2.0", "skew_bps_max = 1.5")
            answers = [await made.operator.reload(False, f"ann {n}") for n in range(100)]
            assert {a["outcome"] for a in answers} <= {"applied", "unchanged"}
            assert made.view.limits.quote.skew_bps_max == 1.5
            assert made.view.limits_version == version + 1

        live(made, story)
        with JournalReader(made.journal) as journal:
            facts = list(journal.facts())
        assert sum(isinstance(f, LimitsChanged) for f in facts) == 1
        refused = [f for f in facts if isinstance(f, LimitsRefused)]
        assert refused
        assert all("skew_bps_max" in f.problems[0] for f in refused)
