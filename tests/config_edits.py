"""A copy of the shipped configuration with edits, and what `load` says about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.config import Settings, load
from bot.model.errors import ConfigError
from limits_text import copy_config

KEYS = {
    f"BOT_{name}_{key}": "x" * 16
    for name in ("BINANCE", "BYBIT", "BITGET")
    for key in ("API_KEY", "SECRET", "PASSWORD")
}


class Config:
    """The shipped files in a folder, to be edited and loaded."""

    def __init__(self, folder: Path) -> None:
        self.main = copy_config(folder)
        self.deal, self.limits = folder / "deal.toml", folder / "limits.toml"

    def edit(self, path: Path, old: str, new: str) -> None:
        """Replace the first `old` in one file; it must be there."""
        text = path.read_text()
        assert old in text, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new, 1))

    def load(self, env: Mapping[str, str] | None = None) -> Settings:
        """Load, or raise `ConfigError`."""
        return load(self.main, env or {})

    def problems(self, env: Mapping[str, str] | None = None) -> list[str]:
        """What `load` refuses, with the folder's name taken out."""
        try:
            self.load(env)
        except ConfigError as error:
            return [line.replace(f"{self.main.parent}/", "") for line in error.problems]
        return []
