"""Facts about the daemon itself: starts, health, limits, commands, the clock, alarms.

Rule: as in `bot.model.facts`, which is where everybody imports them from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.model.instrument import InstrumentId
from bot.model.limits import Limits


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon took over the deal: the epoch in its client ids, and what the books start from."""

    seen_ns: int
    epoch: int
    mode: str
    version: str


@dataclass(frozen=True, slots=True)
class VenueUp:
    """All streams of an instrument are live and reconciled."""

    seen_ns: int
    instrument: InstrumentId


@dataclass(frozen=True, slots=True)
class VenueDown:
    """An instrument cannot be traded or seen; `reason` in words."""

    seen_ns: int
    instrument: InstrumentId
    reason: str


@dataclass(frozen=True, slots=True)
class QuoterDown:
    """A quoter failed and pulled its quotes; the others go on."""

    seen_ns: int
    exchange: str
    reason: str


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """The operator's limits file was accepted. `changes` holds (key, old, new) as text."""

    seen_ns: int
    version: int
    limits: Limits
    changes: tuple[tuple[str, str, str], ...]
    by: str
    digest: str


@dataclass(frozen=True, slots=True)
class LimitsRefused:
    """A reload was refused; the old limits stay."""

    seen_ns: int
    by: str
    digest: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """pause · resume · halt · flatten, by whom and why."""

    seen_ns: int
    command: Literal["pause", "resume", "halt", "flatten"]
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """The clock moved: time-based rules (ages, uptime integral, levels) are judged on it."""

    seen_ns: int


@dataclass(frozen=True, slots=True)
class Alarmed:
    """Something an operator must see, raised by a shell (foreign order, loop lag, journal lag…)."""

    seen_ns: int
    code: str
    message: str
    severity: Literal["info", "warning", "critical"] = "warning"
    details: tuple[tuple[str, str], ...] = field(default=())
