"""The limits file: from its bytes to `Limits`, or every fault in it.

Rule 1: strict: a number in quotes, a count written 2.0, true where a number belongs are refused.
Rule 2: where money is at stake no limit is left to a default: a half file cannot pass for a whole one.
"""

from __future__ import annotations

from pydantic import ValidationError

from bot.config.problems import Problem, explain
from bot.config.read import Text
from bot.model.errors import ConfigError
from bot.model.limits import Limits


def parse_limits(text: Text) -> Limits:
    """The limits of a file as read. Raises `ConfigError`."""
    found = limits_problems(text, complete=False)
    if found:
        raise ConfigError([str(problem) for problem in found])
    return Limits.model_validate(text.values, strict=True)


def limits_problems(text: Text, complete: bool) -> list[Problem]:
    """Faults of a limits file alone. `complete`: a key left to its default counts as one."""
    try:
        limits = Limits.model_validate(text.values, strict=True)
    except ValidationError as error:
        return explain(error, Limits, text.file)
    return missing_limits(text, limits) if complete else []


def missing_limits(text: Text, limits: Limits) -> list[Problem]:
    """Keys a limits file leaves to their defaults."""
    found: list[Problem] = []
    for name in type(limits).model_fields:
        section = getattr(limits, name)
        given = text.values.get(name, {})
        if isinstance(section, dict):
            if not given:
                found.append(
                    Problem(text.file, name, None, "is missing", "add it: no limit is left to a default")
                )
            continue
        for key in type(section).model_fields:
            value = getattr(section, key)
            if key not in given and value is not None:
                shown = str(value).lower() if isinstance(value, bool) else value
                shown = list(shown) if isinstance(shown, tuple) else shown
                what = "is missing: no limit is left to a default in this mode"
                found.append(Problem(text.file, f"{name}.{key}", None, what, f"add {key} = {shown}"))
    return found
