"""Facts and intents to canonical JSON bytes and back.

Rule 1: the same value gives the same bytes, on every machine and in every run.
Rule 2: `decode(kind, encode(fact)) == fact` for every fact; Decimals keep their digits, tuples stay tuples.
Rule 3: a number that is not finite is refused. The one exception is documented on the fact itself: the upper
edge of a full-range LP position is infinite and is written as the text "inf".
Rule 4: the shape of a class is worked out once; encoding an instance only walks a prepared table (hot path).
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel

from bot.model.errors import JournalError
from bot.model.facts import FACT_TYPES, Fact, LpReading
from bot.model.order import Amend, OrderIntent

Intent = OrderIntent | Amend
INTENT_TYPES: dict[str, type] = {"OrderIntent": OrderIntent, "Amend": Amend}

_Convert = Callable[[Any], Any]
_Shape = tuple[_Convert | None, _Convert | None]  # (to JSON, from JSON); None = as it is
_INFINITY = math.inf
_MAY_BE_INFINITE = {(LpReading, "upper")}


class CodecError(JournalError):
    """A value cannot be written, or bytes cannot be read, as the kind they claim to be."""


def kind_of(record: Fact | Intent) -> str:
    """The name under which a fact or intent is stored."""
    return type(record).__name__


def encode(record: Fact | Intent) -> bytes:
    """Canonical JSON of one fact or intent (an object with its fields in declared order).

    Text that is no valid Unicode is written with `?` in place of the broken characters. Raises `CodecError`
    for numbers that are not finite.
    """
    names, get, converters = _encoder(type(record))
    body = _body(names, get, converters, record)
    try:
        return orjson.dumps(body, default=_plain)
    except (TypeError, ValueError):
        return _encode_scrubbed(record, body)


def decode(kind: str, data: bytes | str) -> Fact | Intent:
    """The fact or intent that `encode` turned into `data`. Raises `CodecError`."""
    cls = FACT_TYPES.get(kind) or INTENT_TYPES.get(kind)
    if cls is None:
        raise CodecError(f"unknown kind {kind!r}: the journal was written by another version of this program")
    try:
        return cast("Fact | Intent", _decoder(cls)(orjson.loads(data)))
    except (TypeError, ValueError, KeyError, ArithmeticError, AttributeError) as error:
        raise CodecError(f"{kind} cannot be read: {error}: {data[:120]!r}") from error


def _body(
    names: tuple[str, ...], get: _Convert, converters: tuple[tuple[str, _Convert], ...], record: Any
) -> dict[str, Any]:
    body = dict(zip(names, get(record), strict=True))
    for name, convert in converters:
        try:
            body[name] = convert(body[name])
        except CodecError as error:
            raise CodecError(f"{type(record).__name__}.{name}: {error}") from None
    return body


def _plain(value: object) -> object:
    """Subclasses of plain numbers (numpy scalars) as the plain number."""
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "__index__"):
        return int(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _encode_scrubbed(record: Fact | Intent, body: dict[str, Any]) -> bytes:
    """A venue may send lone surrogates inside a reason text: keep the fact, mark the broken characters."""
    try:
        return orjson.dumps(_scrub(body), default=_plain)
    except (TypeError, ValueError) as error:
        raise CodecError(f"{type(record).__name__} cannot be written: {error}") from error


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_scrub(key): _scrub(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrub(item) for item in value]
    return value


# ---------------------------------------------------------------- shapes, one per type, worked out once

_Encoder = tuple[tuple[str, ...], _Convert, tuple[tuple[str, _Convert], ...]]
_encoders: dict[type, _Encoder] = {}
_decoders: dict[type, _Convert] = {}


def _encoder(cls: type) -> _Encoder:
    found = _encoders.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        names = tuple(field.name for field in dataclasses.fields(cls))
        shapes = [(name, _field_shape(cls, name, hints[name])[0]) for name in names]
        converters = tuple((name, convert) for name, convert in shapes if convert is not None)
        get = attrgetter(*names) if len(names) > 1 else (lambda record: (getattr(record, names[0]),))
        found = _encoders[cls] = (names, get, converters)
    return found


def _decoder(cls: type) -> _Convert:
    found = _decoders.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        shapes = [(f.name, _field_shape(cls, f.name, hints[f.name])[1]) for f in dataclasses.fields(cls)]
        converters = tuple((name, convert) for name, convert in shapes if convert is not None)

        def build(body: dict[str, Any]) -> Any:
            for name, convert in converters:
                if name in body:  # a field added later is absent from old facts and takes its default
                    body[name] = convert(body[name])
            return cls(**body)

        found = _decoders[cls] = build
    return found


def _field_shape(cls: type, name: str, hint: Any) -> _Shape:
    if (cls, name) in _MAY_BE_INFINITE:
        return _infinite_to_json, float
    return _shape(hint)


def _shape(hint: Any) -> _Shape:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"{hint}: only `X | None` has a JSON form")
        write, read = _shape(inner[0])
        return _optional(write), _optional(read)
    if origin is Literal or hint in (int, str, bool):
        return None, None
    if origin is tuple:
        return _row_shape(args) if args[-1] is not Ellipsis else _sequence_shape(args[0])
    if isinstance(hint, type):
        return _class_shape(hint)
    raise TypeError(f"{hint} has no JSON form")


def _class_shape(cls: type) -> _Shape:
    if cls is float:
        return _finite, float
    if cls is Decimal:
        return _decimal_to_json, Decimal
    if issubclass(cls, Enum):
        return attrgetter("value"), cls
    if issubclass(cls, BaseModel):
        return _model_to_json, cls.model_validate
    if issubclass(cls, tuple):  # a NamedTuple
        hints = get_type_hints(cls)
        write, read = cast("tuple[_Convert | None, _Convert]", _row_shape(tuple(hints.values())))
        make = cls._make  # type: ignore[attr-defined]
        return write or tuple, (lambda row: make(read(row))) if _converts(hints) else make
    if dataclasses.is_dataclass(cls):
        return (lambda record: _body(*_encoder(cls), record)), (lambda body: _decoder(cls)(body))
    raise TypeError(f"{cls.__name__} has no JSON form")


def _converts(hints: dict[str, Any]) -> bool:
    """Whether reading a row of these types changes any value (a float read from JSON already is one)."""
    return any(_shape(hint)[1] not in (None, float) for hint in hints.values())


def _optional(convert: _Convert | None) -> _Convert | None:
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def _sequence_shape(item: Any) -> _Shape:
    write, read = _shape(item)
    floats = _float_columns(item)
    if item is float:
        write_all: _Convert | None = _finite_all
    elif floats:
        write_all = _finite_rows(floats)
    else:
        write_all = None if write is None else lambda values: [write(value) for value in values]
    return write_all, tuple if read in (None, float) else lambda values: tuple([read(v) for v in values])


def _float_columns(item: Any) -> tuple[int, ...]:
    """Where floats stand in a row that needs nothing but a look at them; () for any other type."""
    hints = get_args(item) if get_origin(item) is tuple else ()
    if Ellipsis in hints or any(_shape(hint)[0] not in (None, _finite) for hint in hints):
        return ()
    return tuple(index for index, hint in enumerate(hints) if hint is float)


def _finite_rows(columns: tuple[int, ...]) -> _Convert:
    def check(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
        for row in rows:
            for column in columns:
                if not -_INFINITY < row[column] < _INFINITY:
                    raise CodecError(f"{row[column]!r} is not a finite number")
        return rows

    return check


def _row_shape(items: tuple[Any, ...]) -> _Shape:
    shapes = [_shape(item) for item in items]
    writers = [(index, write) for index, (write, _) in enumerate(shapes) if write is not None]
    readers = [(index, read) for index, (_, read) in enumerate(shapes) if read not in (None, float)]
    width = len(items)

    def checked(values: Any) -> list[Any]:
        row = list(values)
        if len(row) != width:
            raise CodecError(f"a row of {len(row)} values where {width} belong: {row!r}")
        return row

    def write_row(values: Any) -> list[Any]:
        row = checked(values)
        for index, write in writers:
            row[index] = write(row[index])
        return row

    def read_row(values: Any) -> tuple[Any, ...]:
        row = checked(values)
        for index, read in readers:
            row[index] = read(row[index])
        return tuple(row)

    return (write_row if writers else None), read_row


# ---------------------------------------------------------------- leaves


def _finite(value: float) -> float:
    if -_INFINITY < value < _INFINITY:
        return value
    raise CodecError(f"{value!r} is not a finite number")


def _finite_all(values: tuple[float, ...]) -> tuple[float, ...]:
    for value in values:
        if not -_INFINITY < value < _INFINITY:
            raise CodecError(f"{value!r} is not a finite number")
    return values


def _infinite_to_json(value: float) -> float | str:
    return "inf" if value == _INFINITY else _finite(value)


def _decimal_to_json(value: Decimal) -> str:
    if value.is_finite():
        return str(value)
    raise CodecError(f"{value} is not a finite number")


def _model_to_json(model: BaseModel) -> dict[str, Any]:
    # Defaults may hold ints where floats are declared: validating once makes equal models equal bytes.
    return type(model).model_validate(model.model_dump()).model_dump()
