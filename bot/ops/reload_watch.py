"""What makes a reload happen without the command: a saved file, a SIGHUP.

Rule 1: the directory is watched, not the file: editors replace files by renaming.
Rule 2: a burst of writes is one change; a file with the same bytes is none.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import awatch

DEBOUNCE_MS = 300


async def watch(files: Iterable[Path], changed: Callable[[], object], stop: asyncio.Event) -> None:
    """Call `changed` in the event loop whenever the bytes of one of `files` changed, until `stop` is set.

    It must not raise and is never called twice for one state of the files.
    """
    paths = sorted({path.absolute() for path in files})
    folders = sorted({path.parent for path in paths})
    names = {str(path) for path in paths} | {str(path.resolve()) for path in paths}
    seen = _digests(paths)
    async for changes in awatch(*folders, debounce=DEBOUNCE_MS, step=50, stop_event=stop, recursive=False):
        if not any(name in names for _, name in changes):
            continue
        now = _digests(paths)
        if now != seen:
            seen = now
            changed()


def on_hangup(loop: asyncio.AbstractEventLoop, changed: Callable[[], object]) -> None:
    """Call `changed` in the loop at every SIGHUP."""
    loop.add_signal_handler(signal.SIGHUP, changed)


def _digests(paths: list[Path]) -> tuple[str, ...]:
    def digest(path: Path) -> str:
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return ""

    return tuple(digest(path) for path in paths)
