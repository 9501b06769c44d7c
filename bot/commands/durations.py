"""Spans of time as an operator types them: `60s`, `5m`, `2h`, `1d`, `1h30m`, or plain seconds."""

from __future__ import annotations

import math
import re

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_BARE = re.compile(r"\d+(?:\.\d+)?")


def parse(text: str) -> float:
    """Seconds of a span. Raises ValueError with examples when the text is none, or is not above zero."""
    words = text.strip().lower().replace(" ", "").replace("_", "")
    if _BARE.fullmatch(words):
        seconds = float(words)
    elif _WHOLE.fullmatch(words):
        seconds = math.fsum(float(number) * SECONDS[unit] for number, unit in _PART.findall(words))
    else:
        raise ValueError(f"{text!r} is not a span of time: write e.g. 60s, 5m, 2h, 1d or 1h30m")
    if not 0 < seconds < math.inf:
        raise ValueError(f"{text!r} must be longer than nothing: write e.g. 60s")
    return seconds
