"""What is wrong with a configuration, one line per fault: file, key, value, what is wrong, what to do.

Rule 1: every problem names its remedy, with a value that would be accepted.
Rule 2: a value that may be a secret is never repeated.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

MASK = "***"
_SECRET = re.compile(r"secret|passw|passphrase|api_?key|private|mnemonic|credential|signature", re.IGNORECASE)
_URL = re.compile(r"\b([a-z]+://)(?:[^@/\s]*@)?([^/\s?#\"']+)[^\s\"',)]*", re.IGNORECASE)
_SHOWN = 80

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `value` None = the key is absent (or the fault is not about one key)."""

    file: str
    key: str
    value: object
    what: str
    remedy: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.value is None else f"{self.key} = {shown(self.key, self.value)}: "
        return f"{self.file}: {key if self.key else ''}{self.what}; {self.remedy}"


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value must not be shown."""
    return _SECRET.search(key) is not None


def shown(key: str, value: object) -> str:
    """A value as it may be printed: secrets masked, addresses cut to their host, long ones shortened."""
    if is_secret(key):
        return MASK
    text = _plain(value).replace("\n", " ")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, str):
        return '"' + _URL.sub(rf"\1\2/{MASK}", value) + '"'
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_plain(item) for item in value)}]"
    return str(value)


def dotted(location: Location) -> str:
    """A location as the key an operator would write."""
    return ".".join(str(part) for part in location)


def explain(
    error: ValidationError, model: type[BaseModel], file: str, origins: Mapping[str, str] | None = None
) -> list[Problem]:
    """Pydantic's findings in our words. `origins` maps keys to where they came from when not from `file`."""
    return [_problem(details, model, file, origins or {}) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, model: type[BaseModel], file: str, origins: Mapping[str, str]) -> Problem:
    location: Location = tuple(part for part in details["loc"] if not _is_tag(part))
    key = dotted(location)
    kind, value = details["type"], details["input"]
    owner, field = _find(model, location)
    what = _what(details, field, value)
    if kind == "missing":
        value = None
    remedy = _remedy(kind, owner, field, str(location[-1]) if location else "")
    return Problem(origins.get(key, file), key, value, what, remedy)


def _is_tag(part: int | str) -> bool:
    """Pydantic puts the names of validators and union arms into a location; keys never look like that."""
    return isinstance(part, str) and bool(re.search(r"[\[\]()]|^(?:function|constrained)-", part))


_BOUNDS = {"greater_than": ">", "greater_than_equal": "≥", "less_than": "<", "less_than_equal": "≤"}
_BOUND_KEYS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "datetime_type": "a date and time without quotes, e.g. 2026-01-01T00:00:00Z",
    "tuple_type": "a list, e.g. [1, 2]",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "model_attributes_type": "a table of keys",
}


def _what(details: ErrorDetails, field: FieldInfo | None, value: object) -> str:
    kind, context = details["type"], details.get("ctx") or {}
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "unknown key"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind]} {context[_BOUND_KEYS[kind]]:g}"
    if kind == "finite_number":
        return "must be a finite number"
    if kind in _TYPES or kind.endswith("_parsing"):
        quoted = " without quotes" if isinstance(value, str) and kind in ("float_type", "int_type") else ""
        return f"must be {_TYPES.get(kind, 'of the right type')}{quoted}"
    if kind == "literal_error":
        return f"must be one of {', '.join(map(str, get_args(field.annotation) if field else ()))}"
    return str(context["error"]) if "error" in context else details["msg"]


def _remedy(kind: str, owner: type[BaseModel] | None, field: FieldInfo | None, name: str) -> str:
    if kind == "extra_forbidden":
        known = sorted(owner.model_fields) if owner else []
        close = difflib.get_close_matches(name, known, n=1)
        if is_secret(name):
            return "secrets come from the environment or a secrets directory only: remove it here"
        return (
            f"did you mean `{close[0]}`?"
            if close
            else f"remove it (known here: {', '.join(known) or 'none'})"
        )
    example = _example(field)
    verb = "add" if kind == "missing" else "write"
    if example is None:
        return f"{verb} it as in the file that ships with the program"
    return f"add it, e.g. {name} = {example}" if kind == "missing" else f"set e.g. {example}"


def _example(field: FieldInfo | None) -> str | None:
    if field is None:
        return None
    value: object = field.examples[0] if field.examples else field.default
    if value is PydanticUndefined or value is None or isinstance(value, (BaseModel, dict)):
        return None
    return shown("", value)


def _find(model: type[BaseModel], location: Location) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that owns the last key of `location`, and that key's field (for an element: its list's)."""
    owner: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for index, part in enumerate(location):
        if owner is None:
            return None, field
        found = owner.model_fields.get(str(part))
        if found is None:
            return owner, None
        field = found
        inner = _models_in(field.annotation)
        rest = location[index + 1 :]
        if inner and rest and not _is_direct(field.annotation):
            return _find(inner[0], rest[1:]) if rest[1:] else (inner[0], None)
        owner = inner[0] if inner and rest else (owner if not rest else None)
    return owner, field


def _is_direct(annotation: Any) -> bool:
    """The annotation is a model or `model | None`, not a mapping or list of models."""
    arms = [arm for arm in (get_args(annotation) or (annotation,)) if arm is not type(None)]
    return len(arms) == 1 and isinstance(arms[0], type) and issubclass(arms[0], BaseModel)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for arm in get_args(annotation) for model in _models_in(arm)]
