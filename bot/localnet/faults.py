"""Faults on demand: rules that break requests and streams of the local exchanges.

Rule 1: a rule names a venue, a pattern and a kind; the first rule that fits takes effect.
Rule 2: every hit is counted, and a rule with a count is spent when it has been used up.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

REQUEST_KINDS = frozenset(
    {
        "delay",
        "drop_request",
        "drop_answer",
        "close",
        "500",
        "503",
        "429",
        "418",
        "truncated",
        "html",
        "empty",
    }
)
STREAM_KINDS = frozenset({"stall", "cut", "drop_frame", "duplicate", "reorder"})
_BODY_WORDS = {
    "truncated_body": "truncated",
    "html_body": "html",
    "empty_body": "empty",
    "drop": "drop_frame",
}
_KEYS = {"venue", "pattern", "kind", "count", "seconds", "after"}


@dataclass(slots=True)
class Rule:
    """One fault. `after` = the request is carried out first; `seconds` = how long it delays, hangs, stalls.

    `pattern` is a shell pattern over `POST /api/v3/order`, `WS order.place` or, for streams,
    `spot tokenusdt@depth@100ms`, `linear orderbook.50.TOKENUSDT`, `private order`.
    """

    id: int
    venue: str
    pattern: str
    kind: str
    count: int | None = None
    seconds: float = 1.0
    after: bool = False
    hits: int = 0

    def fits(self, venue: str, target: str) -> bool:
        """Whether this rule applies there and is not used up."""
        if self.count is not None and self.hits >= self.count:
            return False
        return self.venue in ("*", venue) and fnmatchcase(target, self.pattern)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        names = ("id", "venue", "pattern", "kind", "count", "seconds", "after", "hits")
        return {name: getattr(self, name) for name in names}


class Switchboard:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._ids = itertools.count(1)

    def add(self, text: Mapping[str, Any]) -> Rule:
        """A rule from its JSON form; ValueError says what is wrong with it."""
        unknown = set(text) - _KEYS
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        kind = str(text.get("kind", "")).strip().replace(" ", "_")
        kind = _BODY_WORDS.get(kind, kind)
        if kind not in REQUEST_KINDS | STREAM_KINDS:
            words = ", ".join(sorted(REQUEST_KINDS | STREAM_KINDS))
            raise ValueError(f"unknown kind `{kind}`: use one of {words}")
        count = text.get("count")
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise ValueError("count must be a whole number of at least 1")
        rule = Rule(
            id=next(self._ids),
            venue=str(text.get("venue", "*")),
            pattern=str(text.get("pattern", "*")),
            kind=kind,
            count=count,
            seconds=_seconds(text.get("seconds", 1.0)),
            after=bool(text.get("after", False)),
        )
        self.rules.append(rule)
        return rule

    def remove(self, number: int | None = None) -> int:
        """Take out one rule, or all; returns how many went."""
        kept = [rule for rule in self.rules if number is not None and rule.id != number]
        gone = len(self.rules) - len(kept)
        self.rules = kept
        return gone

    def request(self, venue: str, target: str) -> Rule | None:
        """The rule that this request meets, counted."""
        return self._take(venue, target, REQUEST_KINDS)

    def frame(self, venue: str, target: str) -> Rule | None:
        """The rule that this frame meets, counted."""
        return self._take(venue, target, STREAM_KINDS) if self.rules else None

    def _take(self, venue: str, target: str, kinds: frozenset[str]) -> Rule | None:
        for rule in self.rules:
            if rule.kind in kinds and rule.fits(venue, target):
                rule.hits += 1
                return rule
        return None


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 3_600:
        raise ValueError("seconds must be a number between 0 and 3600")
    return float(value)
