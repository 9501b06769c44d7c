"""Finding the daemon's socket: a broken limits file must never stand between an operator and `halt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands import daemon
from bot.model.errors import ConfigError


def test_the_state_directory_of_the_file_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('limits = "missing.toml"\n[state]\ndir = "s/x"\n[control]\nsocket = "c.sock"\n')
    assert daemon.socket_path(config, {}) == Path("s/x/c.sock")


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('[state]\ndir = "s/x"\n')
    assert daemon.socket_path(config, {"BOT_STATE_DIR": "/y"}) == Path("/y/control.sock")
    assert daemon.socket_path(config, {"BOT_CONTROL__SOCKET": "z.sock"}) == Path("s/x/z.sock")


def test_with_the_directory_given_no_file_is_needed() -> None:
    assert daemon.socket_path(Path("missing.toml"), {"BOT_STATE_DIR": "/y"}) == Path("/y/control.sock")


def test_without_either_the_file_is_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read"):
        daemon.socket_path(Path("missing.toml"), {})


def test_the_defaults(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('mode = "paper"\n')
    assert daemon.socket_path(config, {}) == Path("state/control.sock")


def test_the_operator_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "trader")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert daemon.operator() == "trader"
    monkeypatch.setenv("SUDO_USER", "ann")
    assert daemon.operator() == "ann as trader"
