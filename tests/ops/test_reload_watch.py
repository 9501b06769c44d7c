"""A saved file and a SIGHUP make one reload each."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.ops.reload_watch import on_hangup, watch

WAIT_S = 20.0


class Counter:
    """Counts calls and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.calls = 0
        self._called = asyncio.Event()

    def __call__(self) -> None:
        self.calls += 1
        self._called.set()

    async def next(self) -> None:
        """Wait for a call."""
        async with asyncio.timeout(WAIT_S):
            await self._called.wait()
        self._called.clear()


def _save(file: Path, text: str) -> None:
    file.write_text(text)


def _burst(file: Path) -> None:
    for number in range(20):
        file.write_text(f"a = {number}\n")


def _rename_over(file: Path) -> None:
    fresh = file.with_suffix(".swp")
    fresh.write_text("a = 99\n")
    fresh.replace(file)


async def test_saves_in_place_and_by_rename_are_each_one_change(tmp_path: Path) -> None:
    file, changed, stop = tmp_path / "limits.toml", Counter(), asyncio.Event()
    file.write_text("a = 1\n")
    task = asyncio.create_task(watch([file], changed, stop))
    await _until_watching(tmp_path, file, changed)
    seen = changed.calls
    _burst(file)
    await changed.next()
    _rename_over(file)
    await changed.next()
    assert seen + 2 <= changed.calls <= seen + 5  # 21 writes; a slow machine may see the burst in parts
    stop.set()
    async with asyncio.timeout(WAIT_S):
        await task


async def _until_watching(folder: Path, file: Path, changed: Counter) -> None:
    """The watcher starts in its own thread: change the file until it has noticed once."""
    for number in range(200):
        _save(file, f"start = {number}\n")
        try:
            async with asyncio.timeout(0.5):
                await changed._called.wait()
        except TimeoutError:
            continue
        changed._called.clear()
        return
    pytest.fail("the watcher did not start")


async def test_the_same_bytes_and_other_files_are_no_change(tmp_path: Path) -> None:
    file, other, changed, stop = tmp_path / "limits.toml", tmp_path / "notes.txt", Counter(), asyncio.Event()
    file.write_text("a = 1\n")
    task = asyncio.create_task(watch([file], changed, stop))
    await _until_watching(tmp_path, file, changed)
    seen = changed.calls
    other.write_text("x")
    file.write_bytes(file.read_bytes())
    file.write_text("b = 2\n")  # the change that ends the wait: the two before it did not count
    await changed.next()
    assert changed.calls == seen + 1
    stop.set()
    async with asyncio.timeout(WAIT_S):
        await task


async def test_a_hangup_is_a_change() -> None:
    loop, changed = asyncio.get_running_loop(), Counter()
    on_hangup(loop, changed)
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        await changed.next()
        os.kill(os.getpid(), signal.SIGHUP)
        await changed.next()
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
    assert changed.calls == 2
