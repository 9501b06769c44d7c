"""A running daemon as the reloader sees it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.config import load
from bot.model.facts import Fact
from bot.model.view import View
from bot.ops.reload import Reloader, ReloadResult
from limits_text import copy_config
from sample_views import busy


class Clock:
    """A clock that stands still."""

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        return 7

    def monotonic(self) -> float:
        """Seconds."""
        return 0.0


@dataclass
class Desk:
    """A running daemon as the reloader sees it, and the facts it was given."""

    folder: Path
    view: View = field(default_factory=lambda: replace(busy(), limits_version=3))
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.main = copy_config(self.folder)
        self.settings = load(self.main, {})
        self.reloader = Reloader(self.settings, lambda: self.view, self.facts.append, Clock(), {})

    @property
    def limits_file(self) -> Path:
        """The file an operator edits."""
        return self.folder / "limits.toml"

    def reload(self, data: bytes | str, confirm: bool = False) -> ReloadResult:
        """Save the file and reload."""
        self.limits_file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.reloader.reload("ann", confirm)
