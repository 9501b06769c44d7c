"""The configuration in force, key by key, with where each value came from (`bot check`).

Rule 1: every key is listed, defaults too; secrets are masked, addresses cut to their host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from bot.config.problems import MASK, shown
from bot.config.read import flat, read_toml
from bot.config.secrets import ExchangeKeys
from bot.config.settings import PROVIDED, Settings


class Row(NamedTuple):
    """One key: dotted name, printable value, and the file, `environment VARIABLE` or `default`."""

    key: str
    value: str
    origin: str


def effective(settings: Settings) -> list[Row]:
    """Rows of the main file, the deal (`deal.…`), the limits (`limits.…`), and the secrets (masked).

    Reads the files again to tell a given value from a default. Raises `ConfigError` when they are gone.
    """
    files = settings.files
    main = {name: getattr(settings, name) for name in type(settings).model_fields if name not in PROVIDED}
    rows = _rows("", main, _Given(files.main, settings.origins))
    rows += _rows("deal.", settings.terms, _Given(files.deal))
    rows += _rows("limits.", settings.limits, _Given(files.limits))
    return rows + [row for name, keys in settings.secrets.items() for row in _secrets(name, keys)]


class _Given:
    """Which keys a file holds."""

    def __init__(self, path: Any, origins: Mapping[str, str] | None = None) -> None:
        self._file, self._origins = str(path), origins or {}
        self._keys = set(flat(read_toml(path).values))

    def origin(self, key: str) -> str:
        """Where a key's value came from; an element of a list counts with its list."""
        if key in self._origins:
            return self._origins[key]
        parts = key.split(".")
        given = any(".".join(parts[:count]) in self._keys for count in range(1, len(parts) + 1))
        return self._file if given else "default"


def _rows(prefix: str, values: BaseModel | Mapping[str, Any], given: _Given) -> list[Row]:
    plain = values.model_dump() if isinstance(values, BaseModel) else _dumped(values)
    return [
        Row(prefix + key, "(none)" if value is None else shown(key, value), given.origin(key))
        for key, value in flat(plain).items()
    ]


def _dumped(values: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value.model_dump()
        return {key: plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value

    return {key: plain(value) for key, value in values.items()}


def _secrets(exchange: str, keys: ExchangeKeys) -> list[Row]:
    given = [name for name in type(keys).model_fields if getattr(keys, name) is not None]
    return [Row(f"secrets.{exchange}.{name}", MASK, "environment or secrets directory") for name in given]
