"""Reaching the running daemon: which socket it listens on, and who is asking.

Rule: only the state directory is read from the configuration, so that a broken limits file never stands
between an operator and `halt`.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

CONFIG = Path("config/paper.toml")
Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="BOT_CONFIG", metavar="FILE", help="Main configuration file."),
]
TIMEOUT_S = 5.0


def socket_path(config: Path, env: Mapping[str, str] | None = None) -> Path:
    """Where the daemon of this deal listens. Raises `ConfigError` when the main file cannot be read."""
    from bot.config.read import merged, overrides, read_toml

    env = os.environ if env is None else env
    changes = overrides(env, frozenset({"state", "control"}), frozenset())
    needed = not {"state.dir", "control.socket"} <= set(changes)
    known = config.exists() or "state.dir" not in changes
    values = merged(read_toml(config).values if needed and known else {}, changes)
    state, control = values.get("state", {}), values.get("control", {})
    return Path(str(state.get("dir", "state")), str(control.get("socket", "control.sock")))


def ask(
    config: Path, method: str, path: str, body: Mapping[str, Any] | None = None, timeout_s: float = TIMEOUT_S
) -> Any:
    """The daemon's answer. Raises `NotRunning` (exit 3), `Timeout` (exit 5) or `BotError` in its words."""
    from bot.ops.control import call

    return call(socket_path(config), method, path, body, timeout_s)


def operator() -> str:
    """Who is at the keyboard, for the journal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    sudo = os.environ.get("SUDO_USER")
    return f"{sudo} as {name}" if sudo and sudo != name else name
