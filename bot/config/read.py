"""Reading the files and the environment; nothing is interpreted yet.

Rule 1: a file that is empty, binary, half-written, too large or no TOML is refused with its line and column.
Rule 2: a variable overrides a key of the main file: `BOT_FEED__SEED=7` is `[feed] seed = 7`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config.problems import Problem
from bot.model.errors import ConfigError

BYTES_MAX = 1_000_000
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
ALIASES = {"BOT_STATE_DIR": ("state", "dir")}


@dataclass(frozen=True, slots=True)
class Text:
    """A TOML file as read: its values (lists as tuples) and the sha256 of its bytes."""

    file: str
    values: dict[str, Any]
    digest: str


def read_toml(path: Path) -> Text:
    """Read one file. Raises `ConfigError` with one line that names file, place and remedy."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(
            str(path), f"cannot be read ({error.strerror})", "check the path and its rights"
        ) from None
    return parse_toml(str(path), data)


def parse_toml(file: str, data: bytes) -> Text:
    """Parse the bytes of `file`. Raises `ConfigError`."""
    if not data.strip():
        raise _refused(file, "the file is empty", "restore it, or copy the one that ships with the program")
    if len(data) > BYTES_MAX:
        raise _refused(file, f"the file has {len(data):,} bytes", f"keep it under {BYTES_MAX:,}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            file, f"line {line} is not text (byte {data[error.start]:#04x})", "save as UTF-8"
        ) from None
    if not text.endswith("\n"):
        # A line cut in the middle may still parse ("25000" as "25"): the final line break proves it whole.
        raise _refused(file, "the last line has no line break: half-written?", "save the whole file again")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(file, str(error), text) from None
    except RecursionError:
        raise _refused(
            file, "the file is nested too deeply", "write each key once, in its own table"
        ) from None
    return Text(file, _tuples(values), hashlib.sha256(data).hexdigest())


def _syntax(file: str, message: str, text: str) -> ConfigError:
    place = _AT.search(message)
    line, column = (place[1], place[2]) if place and place[1] else (str(text.count("\n")), "1")
    what = _AT.sub("", message)
    remedy = "write each key once" if "overwrite" in message or "twice" in message else "correct that line"
    return _refused(file, f"line {line}, column {column}: {what[:1].lower()}{what[1:]}", remedy)


def _refused(file: str, what: str, remedy: str) -> ConfigError:
    return ConfigError([str(Problem(file, "", None, what, remedy))])


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def overrides(env: Mapping[str, str], sections: frozenset[str], scalars: frozenset[str]) -> dict[str, Any]:
    """Variables that override keys, as {dotted key: (variable, value)}.

    A variable counts when it is `BOT_<SCALAR>` or `BOT_<SECTION>__<KEY>`; other `BOT_` variables belong to
    others (secrets, test data). Values are read as TOML and, where that fails, as text.
    """
    found: dict[str, Any] = {}
    for variable in sorted(env):
        if not variable.startswith("BOT_"):
            continue
        keys = ALIASES.get(variable) or tuple(variable[4:].lower().split("__"))
        if keys[0] in scalars if len(keys) == 1 else (keys[0] in sections or "__" in variable):
            found[".".join(keys)] = (variable, _value(env[variable]))
    return found


def _value(text: str) -> Any:
    try:
        return _tuples(tomllib.loads(f"x = {text}")["x"])
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the values of `overrides` put in."""
    result = {key: dict(item) if isinstance(item, dict) else item for key, item in values.items()}
    for key, (_, value) in changes.items():
        *path, last = key.split(".")
        table = result
        for part in path:
            inner = table.get(part)
            table[part] = dict(inner) if isinstance(inner, dict) else {}
            table = table[part]
        table[last] = value
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as {dotted key: value}."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            result.update(flat(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = value
    return result
