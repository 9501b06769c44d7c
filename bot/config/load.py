"""From files and environment to one validated `Settings`, or every problem at once.

Rule 1: the whole is judged: shapes of all three files first, then what must hold between them.
Rule 2: nothing here looks at the network, the clock or the state directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.config.check import check
from bot.config.check_settings import check_settings, context_of
from bot.config.limits_file import limits_problems, parse_limits
from bot.config.problems import Problem, explain
from bot.config.read import Text, flat, merged, overrides, read_toml
from bot.config.secrets import read_keys
from bot.config.settings import SECTIONS, Settings
from bot.deal.terms import DealTerms, DealType
from bot.model.errors import ConfigError

SCALARS = frozenset({"mode", "prefix"})
_POINTERS = {"deal": "deal.toml", "limits": "limits.toml"}


def load(path: Path, env: Mapping[str, str] = os.environ) -> Settings:
    """Read the main file, the deal and the limits it names, and the environment.

    Raises `ConfigError` whose `problems` holds one line per fault: file, key, value, what is wrong, remedy.
    """
    problems: list[str] = []
    main = _read(path, problems)
    if main is None:
        raise ConfigError(problems)
    changes = overrides(env, SECTIONS, SCALARS)
    values = merged(main.values, changes)
    files = {name: path.parent / _pointer(values, name, main.file, problems) for name in _POINTERS}
    _place_recordings(values, path.parent)
    deal, limits_text = _read(files["deal"], problems), _read(files["limits"], problems)
    found = [] if deal is None else _terms_problems(deal)
    found += [] if limits_text is None else limits_problems(limits_text, complete=False)
    keys, key_problems = read_keys(_exchange_names(values), env)
    origins = {key: f"environment {variable}" for key, (variable, _) in changes.items()}
    found += key_problems + _sections(values, main.file, origins)
    problems += map(str, found)
    if problems or deal is None or limits_text is None:
        raise ConfigError(problems)
    settings = Settings.model_validate(
        {
            **values,
            "terms": _terms(deal),
            "limits": parse_limits(limits_text),
            "files": {"main": path, **files},
            "secrets": keys,
            "origins": origins,
            "limits_digest": limits_text.digest,
            "limits_keys": frozenset(flat(limits_text.values)),
        }
    )
    found = check_settings(settings, limits_text) + check(settings.limits, context_of(settings))
    if found:
        raise ConfigError([str(problem) for problem in found])
    return settings


def _read(path: Path, problems: list[str]) -> Text | None:
    try:
        return read_toml(path)
    except ConfigError as error:
        problems += error.problems
        return None


def _pointer(values: dict[str, Any], name: str, file: str, problems: list[str]) -> str:
    """Take the name of another file out of the main one."""
    value = values.pop(name, None)
    if isinstance(value, str) and value:
        return value
    what = "is missing" if value is None else "must be a file name"
    problems.append(str(Problem(file, name, value, what, f'set {name} = "{_POINTERS[name]}"')))
    return _POINTERS[name]


def _place_recordings(values: dict[str, Any], folder: Path) -> None:
    """A relative directory of recordings counts from the main file."""
    feed = values.get("feed")
    replay = feed.get("replay") if isinstance(feed, dict) else None
    if isinstance(feed, dict) and isinstance(replay, dict):
        directory = str(folder / str(replay.get("directory", ".")))
        values["feed"] = feed | {"replay": replay | {"directory": directory}}


def _exchange_names(values: Mapping[str, Any]) -> list[str]:
    exchanges = values.get("exchanges")
    return [str(name) for name in exchanges] if isinstance(exchanges, dict) else []


def _terms(text: Text) -> DealTerms:
    kind = text.values.get("type", DealType.LOAN_CALL_OPTION)
    known = {member.value: member for member in DealType}
    return DealTerms.model_validate({**text.values, "type": known.get(kind, kind)}, strict=True)


def _terms_problems(text: Text) -> list[Problem]:
    try:
        _terms(text)
    except ValidationError as error:
        return explain(error, DealTerms, text.file)
    return []


def _sections(values: Mapping[str, Any], file: str, origins: Mapping[str, str]) -> list[Problem]:
    """Faults of the main file alone: the parts that other files give are left out of the judgement."""
    known = ", ".join(sorted(SECTIONS | SCALARS))
    provided = [key for key in values if key not in SECTIONS | SCALARS]
    found = [Problem(file, key, None, "unknown key", f"remove it (known here: {known})") for key in provided]
    try:
        Settings.model_validate({key: value for key, value in values.items() if key not in provided})
    except ValidationError as error:
        given_elsewhere = ("terms", "limits", "files")
        found += [p for p in explain(error, Settings, file, origins) if p.key not in given_elsewhere]
    return found
