"""Logs: JSON lines with the daemon's own time, secrets taken out, storms cut short.

Rule 1: no line leaves before redaction: by key name, by the value of every registered secret, and by pattern
(signatures and keys inside addresses); exceptions and foreign libraries go the same way.
Rule 2: a repeated event is told a few times per window, then counted; critical ones always pass.
Rule 3: libraries that print requests (ccxt prints keys at debug level) stay at warning whatever the level.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import structlog

from bot.clock import NS, Clock

MASK = "***"
LOUD = (
    *("ccxt", "ccxt.base.exchange", "urllib3", "aiohttp", "asyncio", "web3", "websockets", "httpx"),
    *("httpcore", "uvicorn", "uvicorn.error", "uvicorn.access", "watchfiles", "watchfiles.main"),
)
_KEY = re.compile(
    r"secret|passw|passphrase|api[-_]?key|access[-_](?:key|sign)|signature|authorization|private|mnemonic"
    r"|cookie",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"(?i)((?:signature|sign|api[-_]?key|secret|password|passphrase|token|authorization)\"?\s*[=:]\s*\"?)"
    r"([A-Za-z0-9+/_%.=-]{8,})"
)
_SECRET_MIN = 6  # shorter values would blot out ordinary words

Event = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """`file` None = standard error only; at most `burst` equal events per window; `secrets` in clear."""

    level: str = "info"
    file: Path | None = None
    secrets: tuple[str, ...] = ()
    burst: int = 5
    window_s: float = 60.0


class Redaction:
    """Takes secrets out of an event; also usable on any text that leaves the process."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SECRET_MIN:
                encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
                forms |= {secret, quote(secret, safe=""), encoded, orjson.dumps(secret).decode()[1:-1]}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._values = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """`text` with every secret replaced."""
        if self._values is not None:
            text = self._values.sub(MASK, text)
        return _INSIDE.sub(rf"\1{MASK}", text)

    def value(self, value: Any) -> Any:
        """A value of an event, tables and lists searched through."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._item(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
            return [self.value(item) for item in items]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))

    def _item(self, key: str, value: Any) -> Any:
        return MASK if _KEY.search(key) and value is not None else self.value(value)

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """As a structlog processor."""
        return {self.text(key): self._item(key, value) for key, value in event.items()}


class RateLimit:
    """Lets the first `burst` equal events of a window pass and counts the rest."""

    _KINDS_MAX = 1_000

    def __init__(self, clock: Clock, burst: int, window_s: float) -> None:
        self._clock, self._burst, self._window = clock, burst, window_s
        self._seen: OrderedDict[tuple[str, str, str], tuple[float, int]] = OrderedDict()

    def __call__(self, _logger: object, method: str, event: Event) -> Event:
        """As a structlog processor: drops, or adds `suppressed` to the first event after a storm."""
        level = str(event.get("level", method))
        if level == "critical":
            return event
        key = (str(event.get("logger", "")), level, str(event.get("event", "")))
        now = self._clock.monotonic()
        began, count = self._seen.pop(key, (now, 0))
        if now - began >= self._window:
            if count > self._burst:
                event["suppressed"] = count - self._burst
            began, count = now, 0
        self._seen[key] = (began, count + 1)
        if len(self._seen) > self._KINDS_MAX:
            self._seen.popitem(last=False)
        if count >= self._burst:
            raise structlog.DropEvent
        return event


def setup(options: LogOptions, clock: Clock) -> Redaction:
    """Send every log line of the process through redaction to standard error and the file.

    Call once, before anything connects. Returns the redaction for other texts that leave the process.
    """
    redaction = Redaction(options.secrets)
    level = logging.getLevelNamesMapping()[options.level.upper()]

    def stamp(_logger: object, _method: str, event: Event) -> Event:
        event["time"] = datetime.fromtimestamp(clock.now_ns() / NS, UTC).isoformat(timespec="milliseconds")
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        stamp,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redaction,
            _to_json,
        ],
    )
    _install(formatter, options, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            RateLimit(clock, options.burst, options.window_s),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return redaction


def _install(formatter: logging.Formatter, options: LogOptions, level: int) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if options.file is not None:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(options.file, encoding="utf-8"))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level)
    for name in LOUD:
        library = logging.getLogger(name)
        library.setLevel(max(level, logging.WARNING))
        library.propagate, library.handlers = True, []


def _to_json(_logger: object, _method: str, event: Event) -> str:
    first = ("time", "level", "event", "logger")
    ordered = {key: event[key] for key in first if key in event}
    ordered.update((key, event[key]) for key in event if key not in first)
    return orjson.dumps(ordered, default=str).decode()
