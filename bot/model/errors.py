"""What can go wrong, by what the caller should do about it.

BotError
├── ConfigError      the operator's file is wrong: names file, key, value and remedy (exit 4)
├── NotRunning       no daemon answers on the control socket (exit 3)
├── Timeout          the daemon did not answer in time (exit 5)
├── FailSafe         an invariant broke: stop, cancel all, do not restart (exit 75)
└── JournalError     the journal cannot be read or written

An expected refusal is not an exception but a value: `Refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass


class BotError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code = 1


class ConfigError(BotError):
    """A configuration was refused; `problems` holds one line per fault."""

    exit_code = 4

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotRunning(BotError):
    """No daemon answers on the control socket."""

    exit_code = 3


class Timeout(BotError):
    """The daemon did not answer in time."""

    exit_code = 5


class FailSafe(BotError):
    """An invariant broke: the daemon stops, cancels everything and must not restart by itself."""

    exit_code = 75


class JournalError(BotError):
    """The journal cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order or request that was not let through, and why."""

    reason: str
    detail: str = ""
