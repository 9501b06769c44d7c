"""A backtest: the very same daemon on the virtual clock, and what it did, measured from outside.

Rule 1: no task knows that time is virtual; only the loop and the parts differ.
Rule 2: every figure comes from views and the ledger, sampled once a minute of market time.
Rule 3: "unhedged" is the same run with the perps' lines taken out: same fills, same market.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.app import Daemon, RunResult
from bot.clock import VirtualLoop
from bot.config import Settings
from bot.model.errors import ConfigError
from bot.model.view import View
from bot.wiring import build, place_of

PERP_LINES = ("perp_delta", "perp_basis", "hedge_slippage", "hedge_fees", "funding")
_SAMPLE_S = 60.0
_OPENING_S = 900.0  # what the opening hedge cost is noted after this

Progress = Callable[[float, int], None]


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """`days` of market time at most (a recording may end before), `seed` None = the configuration's."""

    days: float = 1.0
    seed: int | None = None
    feed: Literal["sim", "replay"] | None = None
    journal: Path | None = None


@dataclass(slots=True)
class Track:
    """Samples taken during the run."""

    net: list[float] = field(default_factory=list)
    band: list[float] = field(default_factory=list)
    levels: dict[str, float] = field(default_factory=dict)
    daily_hedged: list[float] = field(default_factory=list)
    daily_unhedged: list[float] = field(default_factory=list)
    daily_bare: list[float] = field(default_factory=list)
    identity_error: float = 0.0
    lines: list[dict[str, float]] = field(default_factory=list)
    opening: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """`as_dict` is the JSON document; `days` holds cumulative PnL lines at the end of each full day."""

    as_dict: dict[str, Any]
    track: Track
    run: RunResult


def backtest(settings: Settings, options: BacktestOptions, progress: Progress) -> BacktestResult:
    """Run `options.days` of market time as fast as it goes; `progress(share, events)` each market hour."""
    settings = _adapted(settings, options)
    with tempfile.TemporaryDirectory(prefix="backtest-") as scratch:
        folder = options.journal.parent if options.journal else Path(scratch)
        settings = settings.model_copy(update={"state": settings.state.model_copy(update={"dir": folder})})
        if options.journal:
            journal = settings.journal.model_copy(update={"path": Path(options.journal.name)})
            settings = settings.model_copy(update={"journal": journal})
        loop = VirtualLoop()
        asyncio.set_event_loop(loop)
        started = time.perf_counter()
        try:
            parts = build(settings, place_of(settings, loop, options.seed))
            loop.driver = parts.market
            daemon = Daemon(settings, parts)
            track, result = loop.run_until_complete(_run(daemon, loop, options.days * 86_400, progress))
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        seconds = time.perf_counter() - started
    return BacktestResult(_document(daemon, track, result, (loop, seconds)), track, result)


def _adapted(settings: Settings, options: BacktestOptions) -> Settings:
    if options.journal is not None and options.journal.exists():
        raise ConfigError([f"{options.journal} exists: a backtest writes a new journal; name another file"])
    if settings.mode != "paper":
        raise ConfigError([f'mode = "{settings.mode}": a backtest needs mode = "paper"'])
    if options.feed is not None and options.feed != settings.feed.kind:
        if options.feed == "replay" and settings.feed.replay is None:
            raise ConfigError(["feed.replay is missing: name the recordings in [feed.replay]"])
        settings = settings.model_copy(
            update={"feed": settings.feed.model_copy(update={"kind": options.feed})}
        )
    return settings


async def _run(
    daemon: Daemon, loop: VirtualLoop, seconds: float, progress: Progress
) -> tuple[Track, RunResult]:
    stop, track = asyncio.Event(), Track()
    watcher = loop.create_task(_watch(daemon, loop, (seconds, stop), track, progress))
    try:
        result = await daemon.run(stop)
    finally:
        watcher.cancel()
    return track, result


async def _watch(
    daemon: Daemon, loop: VirtualLoop, until: tuple[float, asyncio.Event], track: Track, progress: Progress
) -> None:
    """Sample once a minute; stop the run when its time is up or the market has ended."""
    seconds, stop = until
    day = 0
    while loop.time() < seconds and _market_left(loop, seconds):
        await asyncio.sleep(min(_SAMPLE_S, seconds - loop.time()))
        view = daemon.view.value
        _sample(track, view, loop.time())
        if loop.time() >= (day + 1) * 86_400:
            day += 1
            track.lines.append(dict(view.pnl))
        if round(loop.time()) % 3_600 < _SAMPLE_S:
            progress(min(1.0, loop.time() / seconds), loop.market_events)
    progress(1.0, loop.market_events)
    stop.set()


def _market_left(loop: VirtualLoop, seconds: float) -> bool:
    return loop.driver is None or loop.driver.next_ns() is not None


def _sample(track: Track, view: View, at_s: float) -> None:
    name = view.level.name
    track.levels[name] = track.levels.get(name, 0.0) + 1
    pnl = view.pnl
    if "residual" in pnl:
        track.identity_error = max(track.identity_error, abs(pnl["residual"]))
    if at_s >= _OPENING_S and not track.opening:
        track.opening = dict(pnl)
    exposure = view.exposure
    # The opening hedge is no error of hedging: statistics begin when the book was first inside its band.
    if view.ready and (track.net or abs(exposure.net) <= exposure.band):
        track.net.append(exposure.net)
        track.band.append(exposure.band)


def daily_changes(track: Track, left_out: tuple[str, ...] = ()) -> list[float]:
    """PnL of each full day without the lines left out, USDT."""
    totals = [math.fsum([day["total"], *(-day.get(name, 0.0) for name in left_out)]) for day in track.lines]
    return [after - before for before, after in zip([0.0, *totals], totals, strict=False)]


def std(values: list[float]) -> float | None:
    """Sample standard deviation, None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))


def quantile(values: list[float], share: float) -> float | None:
    """The `share` quantile (nearest rank), None without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _document(
    daemon: Daemon, track: Track, result: RunResult, clocked: tuple[VirtualLoop, float]
) -> dict[str, Any]:
    loop, seconds = clocked
    view = daemon.view.value
    sizes = [abs(x) for x in track.net]
    rms = math.sqrt(math.fsum(x * x for x in track.net) / len(track.net)) if track.net else None
    samples = sum(track.levels.values()) or 1.0
    return {
        "pnl": dict(view.pnl),
        "identity_error_usdt": track.identity_error,
        "daily_std": {
            "hedged": std(daily_changes(track)),
            "unhedged": std(daily_changes(track, PERP_LINES)),
        },
        "net_delta": {
            "rms": rms,
            "max": max(sizes, default=None),
            "p99": quantile(sizes, 0.99),
            "band": track.band[-1] if track.band else None,
        },
        "uptime": {name: one.uptime for name, one in view.obligations.items()},
        "levels": {name: count / samples for name, count in sorted(track.levels.items())},
        "fills": view.fills,
        "hedges": view.hedges,
        "turnover_tokens": daemon.hedger.turnover_tokens,
        "events": loop.market_events,
        "facts": view.version,
        "seconds": seconds,
        "market_seconds": loop.time(),
        "events_per_s": loop.market_events / seconds if seconds > 0 else 0.0,
        "left_open": result.left_open,
        "status": result.status,
    }
