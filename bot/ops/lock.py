"""One daemon per deal: an exclusive lock on the state directory, with the holder's pid inside.

Rule 1: the kernel holds the lock, so it ends with the process, however that dies; the file may stay.
Rule 2: whoever is refused is told which process to look at.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from bot.model.errors import BotError

NAME = "lock"


class AlreadyRunning(BotError):
    """Another daemon holds this deal's state directory."""


class StateLock:
    """Held from construction to `release` (or the end of the process)."""

    def __init__(self, state_dir: Path) -> None:
        """Make the directory (mode 0700) if needed, take the lock. Raises `AlreadyRunning`, `BotError`."""
        self.path = state_dir / NAME
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BotError(
                f"{state_dir}: cannot be used as state directory ({error.strerror}): "
                "set [state] dir or BOT_STATE_DIR to a directory this user may write"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid(self._fd)
            os.close(self._fd)
            raise AlreadyRunning(
                f"{self.path}: held by process {pid or 'unknown'}: one daemon per deal. Stop that one "
                f"(`kill {pid or 'PID'}`), or give this deal its own directory with BOT_STATE_DIR"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> StateLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(state_dir: Path) -> int | None:
    """The pid that holds the directory now (0 = held, pid unreadable), or None when nobody does."""
    try:
        fd = os.open(state_dir / NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(fd) or 0
    finally:
        os.close(fd)
    return None


def _pid(fd: int) -> int | None:
    text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None
