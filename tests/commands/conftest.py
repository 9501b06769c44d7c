"""A daemon to talk to, in a state directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.ops.status import status
from fake_daemon import FakeDaemon, listening
from sample_views import NS, TIME_NS, busy


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of this test, empty."""
    monkeypatch.setenv("BOT_STATE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def daemon(state_dir: Path) -> Iterator[FakeDaemon]:
    """A daemon on a busy day."""
    document = status(busy(), TIME_NS + NS, started_ns=TIME_NS - 60 * NS)
    with listening(FakeDaemon(document), state_dir / "control.sock") as running:
        yield running
