"""One daemon per state directory, also across processes and after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model.errors import BotError
from bot.ops.lock import AlreadyRunning, StateLock, holder

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from bot.ops.lock import StateLock
lock = StateLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with StateLock(tmp_path / "state") as lock:
        assert lock.path.read_text() == f"{os.getpid()}\n"
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        assert holder(tmp_path / "state") == os.getpid()
        with pytest.raises(AlreadyRunning, match=rf"held by process {os.getpid()}: .*BOT_STATE_DIR"):
            StateLock(tmp_path / "state")
    assert holder(tmp_path / "state") is None
    StateLock(tmp_path / "state").release()


def test_release_twice_is_harmless_and_leaves_no_pid(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    lock.release()
    lock.release()
    assert lock.path.read_text() == ""


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    assert holder(tmp_path) == child.pid
    with pytest.raises(AlreadyRunning, match=f"process {child.pid}"):
        StateLock(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    child.stdin.close()
    child.stdout.close()
    assert holder(tmp_path) is None
    with StateLock(tmp_path) as lock:
        assert lock.path.read_text() == f"{os.getpid()}\n"


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BotError, match=r"cannot be used as state directory.*BOT_STATE_DIR"):
        StateLock(tmp_path / "file" / "state")


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None
