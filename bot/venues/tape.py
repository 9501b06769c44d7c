"""Recorded market data on disk: plain or gzip text, one record a line.

Rule 1: streamed: a file is never in memory as a whole.
Rule 2: a line that is no frame stops the replay with the file's name and the line's number.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

import orjson

from bot.model.errors import ConfigError


class FileTape:
    """Recordings under a directory (absolute names are taken as they are)."""

    def __init__(self, directory: str | Path = ".") -> None:
        self._directory = Path(directory)

    def missing(self, files: tuple[str, ...]) -> list[str]:
        """The absolute names of those that are not files."""
        paths = (self._directory / name for name in files)
        return [str(path.absolute()) for path in paths if not path.is_file()]

    def rows(self, files: tuple[str, ...]) -> Iterator[str]:
        """Every line of the files in turn."""
        for name in files:
            with _open(self._directory / name) as file:
                yield from file

    def frames(self, files: tuple[str, ...], without: str = "") -> Iterator[tuple[int, dict[str, Any]]]:
        """(receive time ns, JSON object) of each line `<ns> <json>`; see `bot.sim.recording.Tape`."""
        for name in files:
            path = self._directory / name
            with _open(path) as file:
                for number, line in enumerate(file, 1):
                    if without and without in line[:80]:
                        continue
                    stamp, _, text = line.partition(" ")
                    try:
                        yield int(stamp), orjson.loads(text)
                    except ValueError as error:
                        fault = f"{path}: line {number} is no frame: {line.strip()[:100]!r}"
                        raise ConfigError([fault]) from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="ascii"))
    return path.open(encoding="ascii")
