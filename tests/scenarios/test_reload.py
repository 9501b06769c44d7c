"""Limits changed under a running daemon: whole or not at all, in one step, while fills stream in."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings, load
from bot.model.facts import Fact, LimitsChanged, LimitsRefused
from bot.model.view import View
from bot.operate import Operator
from bot.ops.journal_read import JournalReader
from bot.run import RunOptions, run
from limits_text import copy_config, shipped_limits, with_value
from whole_desk import SPOTS, Whole

BUSY = (60_000.0, 30_000.0, 30_000.0)
BAND = "hedge.band_usdt_max"


def settings_at(folder: Path) -> Settings:
    """A configuration of its own in `folder`, in a busy market, its state beside it."""
    settings = load(copy_config(folder), {})
    flow = settings.paper.world.flow.model_copy(update={"spot_sweeps_per_side_day": BUSY})
    world = settings.paper.world.model_copy(update={"flow": flow})
    paper = settings.paper.model_copy(update={"world": world})
    state = settings.state.model_copy(update={"dir": folder / "state"})
    return settings.model_copy(update={"paper": paper, "state": state})


def save(folder: Path, key: str = "", value: str = "") -> None:
    """Write the shipped limits, with one value changed."""
    text = shipped_limits()
    (folder / "limits.toml").write_text(with_value(text, key, value) if key else text)


def facts_in(folder: Path) -> list[Fact]:
    with JournalReader(folder / "state" / "journal.db") as journal:
        return list(journal.facts())


def accepted(folder: Path) -> list[LimitsChanged]:
    return [fact for fact in facts_in(folder) if isinstance(fact, LimitsChanged)]


async def trading(whole: Whole) -> None:
    await whole.until(lambda: whole.quoting() and whole.in_band())
    await whole.until(lambda: whole.view.fills > 5, 600)


def test_a_tighter_band_moves_the_targets_in_the_view_that_carries_it(tmp_path: Path) -> None:
    whole = Whole(settings_at(tmp_path))
    views: list[View] = []

    async def story() -> None:
        await trading(whole)
        await whole.until(lambda: abs(whole.view.exposure.hedged_net) > 3_000, 1_200)
        whole.daemon.view.watch(views.append)
        before, fills = whole.view, whole.view.fills
        save(tmp_path, BAND, "1000.0")
        result = whole.daemon.reloader.reload("test")
        assert result.outcome == "applied"
        await whole.until(lambda: whole.view.limits_version == result.version, 1)
        first = next(view for view in views if view.limits_version == result.version)
        assert first.limits.hedge.band_usdt_max == 1_000
        assert first.exposure.band == pytest.approx(1_000, rel=0.05)
        assert abs(first.exposure.hedged_net) <= first.exposure.band
        assert {key: perp.target for key, perp in first.perps.items()} != {
            key: perp.target for key, perp in before.perps.items()
        }
        took = await whole.until(whole.in_band, 5)
        assert took < 1
        await whole.until(lambda: whole.view.fills > fills + 5, 600)

    assert whole.run(story).exit_code == 0


def test_every_order_after_a_reload_obeys_the_new_limits(tmp_path: Path) -> None:
    whole = Whole(settings_at(tmp_path))

    async def story() -> None:
        await trading(whole)
        save(tmp_path, "quote.depth_buffer_share", "0.30")
        assert whole.daemon.reloader.reload("test", confirm=True).ok
        await whole.until(lambda: all(_asks(whole, key) >= 1.25 * _owed(whole, key) for key in SPOTS), 5)
        save(tmp_path, "quote.enabled", "false")
        assert whole.daemon.reloader.reload("test").ok
        await whole.until(lambda: all(_asks(whole, key) == 0 for key in SPOTS), 1)

    whole.run(story)


def _owed(whole: Whole, key: str) -> float:
    return whole.view.limits.obligations[key.partition(".")[0]].ask_usdt


def _asks(whole: Whole, key: str) -> float:
    mine = {order.client_id for order in whole.daemon.quoters[key].live.asks}
    orders = [order for order in whole.exchange(key).open_orders() if order.client_id in mine]
    return sum(float(order.price * order.remaining) for order in orders)


BAD: dict[str, Callable[[str], str]] = {
    "broken": lambda text: text.replace("[hedge]", "[hedge"),
    "half": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "unknown key": lambda text: text.replace("[quote]\n", "[quote]\nenabld = true\n"),
    "nan": lambda text: with_value(text, "risk.net_delta_usdt_max", "nan"),
    "contradiction": lambda text: with_value(text, "quote.level_depths_bps", "[4.5, 8.0]"),
    "band above cap": lambda text: with_value(text, "hedge.band_usdt_max", "900000.0"),
    "not confirmed": lambda text: with_value(text, "risk.net_delta_usdt_max", "450000.0"),
}


def test_a_bad_file_changes_nothing_and_is_on_record(tmp_path: Path) -> None:
    whole = Whole(settings_at(tmp_path))

    async def story() -> None:
        await trading(whole)
        before = whole.view
        for name, spoil in BAD.items():
            (tmp_path / "limits.toml").write_text(spoil(shipped_limits()))
            result = whole.daemon.reloader.reload(name)
            assert result.outcome in ("refused", "needs_confirm"), name
            assert result.problems, name
            assert all("limits.toml" in problem for problem in result.problems), name
        (tmp_path / "limits.toml").unlink()
        assert whole.daemon.reloader.reload("gone").outcome == "refused"
        await asyncio.sleep(5)
        assert whole.view.limits is before.limits
        assert whole.view.limits_version == before.limits_version
        assert any(code == "limits_refused" for _, code, _ in whole.view.alerts)
        assert sum(whole.resting(key) for key in SPOTS) >= 55
        save(tmp_path)
        assert whole.daemon.reloader.reload("whole again").outcome == "unchanged"

    whole.run(story)
    refused = [fact for fact in facts_in(tmp_path) if isinstance(fact, LimitsRefused)]
    assert [fact.by for fact in refused] == [*BAD, "gone"]


def test_a_hundred_reloads_in_a_burst_leave_the_last_one_in_force(tmp_path: Path) -> None:
    whole = Whole(settings_at(tmp_path))
    operator = Operator(whole.daemon)
    versions: list[int] = []

    async def story() -> None:
        await trading(whole)
        whole.daemon.view.watch(lambda view: versions.append(view.limits_version))
        answers: list[asyncio.Task[dict[str, Any]]] = []
        for number in range(100):
            save(tmp_path, BAND, f"{1_000 + 10 * number}.0")
            answers.append(asyncio.create_task(operator.reload(True, f"no {number}")))
            await asyncio.sleep(0.01 if number % 3 else 0)
        results = await asyncio.gather(*answers)
        assert {result["outcome"] for result in results} <= {"applied", "unchanged"}
        assert whole.view.limits.hedge.band_usdt_max == 1_990
        await whole.until(whole.in_band, 5)
        await asyncio.sleep(10)
        assert whole.quoting()

    assert whole.run(story).exit_code == 0
    assert versions == sorted(versions)
    changes = accepted(tmp_path)
    assert 50 <= len(changes) <= 100
    assert [change.version for change in changes] == list(range(1, len(changes) + 1))
    assert changes[-1].limits.hedge.band_usdt_max == 1_990


def test_reloads_while_stopping_do_no_harm(tmp_path: Path) -> None:
    whole = Whole(settings_at(tmp_path))

    async def story() -> None:
        await trading(whole)
        for number in range(20):
            save(tmp_path, BAND, f"{2_000 + number}.0")
            whole.loop.call_later(0.01 * number, whole.daemon.reloader.reload, f"no {number}", True)

    result = whole.run(story)
    assert result.exit_code == 0, result.left_open


@pytest.mark.parametrize("path", ["signal", "saved"])
def test_a_saved_file_and_a_hangup_reach_a_real_loop(tmp_path: Path, path: str) -> None:
    settings = settings_at(tmp_path)
    ticks = 0

    def watch(status: dict[str, Any]) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 2:
            save(tmp_path, BAND, "1500.0")
            if path == "signal":
                os.kill(os.getpid(), signal.SIGHUP)
        elif ticks == 3:
            (tmp_path / "limits.toml").write_text("[quote")  # and a slip of the editor
        elif status["limits_version"] > 0 and any(a["code"] == "limits_refused" for a in status["alerts"]):
            os.kill(os.getpid(), signal.SIGTERM)

    result = run(settings, RunOptions(seconds=30, speed=20.0, watch=watch))
    assert result.exit_code == 0, result.left_open
    assert result.status["limits_version"] == 1
    assert result.status["delta"]["band"] == pytest.approx(1_500, rel=0.05)
    changes = accepted(tmp_path)
    assert [change.by for change in changes] == ["SIGHUP" if path == "signal" else "file saved"]
    assert changes[0].changes == ((BAND, "25000", "1500"),)
