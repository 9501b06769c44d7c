"""The obligation: is it met now, and for what share of the time was it.

Rule 1: uptime is an exact integral over time in whole nanoseconds, moved by events; nothing is sampled.
Rule 2: unknown counts as not met; when observations fail to come, time since the last one counts as not met.
Rule 3: an exchange's maintenance (a cause that begins with `maintenance`) is taken out and shown apart.
Rule 4: days and months are UTC. Memory is bounded: two months of days, three years of months, a few causes.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.model.facts import QuotesObserved
from bot.model.instrument import Instrument
from bot.model.limits import ObligationLimits
from bot.model.order import OrderState
from bot.model.view import ObligationView
from bot.quoting.live import LiveOrder, LiveQuotes

NS = 1_000_000_000
DAY_NS = 86_400 * NS
GAP_S = 10.0
_OPEN = OrderState.OPEN  # a module's name is found faster than an enum's member
EXCLUDED = "maintenance"
SILENT = "not observed"
_DAYS_KEPT, _MONTHS_KEPT, _CAUSES_KEPT = 62, 36, 20


class Predicate(NamedTuple):
    """The obligation at one instant. Depths in USDT inside the band, spread in bps of mid; None = unknown."""

    bid_depth_usdt: float | None
    ask_depth_usdt: float | None
    spread_bps: float | None
    bid_met: bool
    ask_met: bool
    cause: str


def predicate(
    live: LiveQuotes, mid_ticks: float | None, owed: ObligationLimits, instrument: Instrument
) -> Predicate:
    """Judge our quotes: depth per side within `depth_bps` of mid, own spread at most `spread_bps_max`.

    Orders that the venue has not confirmed, or of unknown fate, do not count. Without a mid all is unknown.
    """
    if not mid_ticks:
        return Predicate(None, None, None, False, False, "no mid")
    unit = float(instrument.tick) * float(instrument.lot)
    share = owed.depth_bps * 1e-4
    bid_depth, best_bid = _depth(live.bids, mid_ticks * (1 - share), 1)
    ask_depth, best_ask = _depth(live.asks, mid_ticks * (1 + share), -1)
    bid_usdt, ask_usdt = bid_depth * unit, ask_depth * unit
    spread = (best_ask - best_bid) / mid_ticks * 1e4 if best_bid and best_ask else None
    tight = spread is not None and spread <= owed.spread_bps_max + 1e-9
    bid_met, ask_met = tight and bid_usdt >= owed.bid_usdt, tight and ask_usdt >= owed.ask_usdt
    cause = ""
    if not (bid_met and ask_met):
        cause = "spread" if spread is not None and not tight else "depth"
    return Predicate(bid_usdt, ask_usdt, spread, bid_met, ask_met, cause)


def _depth(orders: list[LiveOrder], edge: float, sign: int) -> tuple[int, int]:
    """Σ ticks·lots of confirmed orders (best first) not beyond `edge`, and their best price (0 = none)."""
    total, best = 0, 0
    for order in orders:
        if order.state is not _OPEN:
            continue
        ticks = order.ticks
        if ticks < edge if sign > 0 else ticks > edge:
            break
        if not best:
            best = ticks
        total += ticks * order.lots
    return total, best


@dataclass(slots=True)
class Tally:
    """Nanoseconds observed, and in which bids, asks and both were met; what was excluded; the worst stretch.

    `worst_*` is the longest stretch without both sides that ended (or lasts) in this day or month.
    """

    total_ns: int = 0
    bid_ns: int = 0
    ask_ns: int = 0
    both_ns: int = 0
    excluded_ns: int = 0
    worst_ns: int = 0
    worst_from_ns: int = 0
    worst_cause: str = ""
    causes: dict[str, int] = field(default_factory=dict)

    def add(self, span_ns: int, bid: bool, ask: bool, cause: str) -> None:
        """Count a stretch of time; `cause` says why it was not met, or that it is excluded."""
        if cause.startswith(EXCLUDED):
            self.excluded_ns += span_ns
        else:
            self.total_ns += span_ns
            self.bid_ns += span_ns * bid
            self.ask_ns += span_ns * ask
            self.both_ns += span_ns * (bid and ask)
        if cause:
            if cause not in self.causes and len(self.causes) >= _CAUSES_KEPT:
                cause = "other"
            self.causes[cause] = self.causes.get(cause, 0) + span_ns


@dataclass(slots=True)
class Track:
    """One exchange: the last observation, what was counted so far, and since when it is not met."""

    last: QuotesObserved | None = None
    days: dict[int, Tally] = field(default_factory=dict)
    months: dict[tuple[int, int], Tally] = field(default_factory=dict)
    unmet_since_ns: int | None = None


class ObligationMeter:
    """Uptime of every exchange. `observe` facts in order, read with `views`."""

    def __init__(self, owed: Mapping[str, ObligationLimits], gap_s: float = GAP_S) -> None:
        self._gap_ns = round(gap_s * NS)
        self._owed = dict(owed)
        self.tracks: dict[str, Track] = {name: Track() for name in owed}
        self._views: dict[str, ObligationView] = {}
        self._proxy: Mapping[str, ObligationView] = MappingProxyType({})
        self._stale = set(owed)

    def limits(self, owed: Mapping[str, ObligationLimits]) -> None:
        """What is owed changed; time already counted stays."""
        self._owed = dict(owed)
        for name in owed:
            self.tracks.setdefault(name, Track())
        self._stale = set(self.tracks)

    def observe(self, fact: QuotesObserved) -> None:
        """Count the time since the last observation of this exchange, then adopt the new state. O(1)."""
        track = self.tracks.get(fact.exchange)
        if track is None:
            return
        last = track.last
        if last is not None:
            if fact.seen_ns < last.seen_ns:
                return
            known = fact.seen_ns - last.seen_ns <= self._gap_ns
            bid, ask = _met(last) if known else (False, False)
            cause = "" if bid and ask else (last.cause or "unknown") if known else SILENT
            _count(track, (last.seen_ns, fact.seen_ns), (bid, ask), cause)
            _stretch(track, fact, (last.seen_ns, cause), all(_met(fact)))
        track.last = fact
        self._stale.add(fact.exchange)

    def month(self, exchange: str, now_ns: int) -> Tally:
        """What was counted in the UTC month of `now_ns`."""
        return self.tracks[exchange].months.get(_month(now_ns // DAY_NS), Tally())

    def slack_minutes(self, exchange: str, now_ns: int) -> float | None:
        """Minutes that may still go unmet in this whole UTC month; negative = the month is lost already."""
        owed = self._owed.get(exchange)
        if owed is None:
            return None
        tally = self.month(exchange, now_ns)
        due_ns = _days_in_month(now_ns // DAY_NS) * DAY_NS - tally.excluded_ns
        unmet_ns = tally.total_ns - tally.both_ns + self._silent_ns(exchange, now_ns)
        return ((1 - owed.uptime_target) * due_ns - unmet_ns) / NS / 60

    def views(self, now_ns: int) -> Mapping[str, ObligationView]:
        """A row per exchange; rows without news are the same objects as before."""
        silent = {name for name in self.tracks if self._silent_ns(name, now_ns)}
        for name in sorted(self._stale | silent):
            self._views[name] = self._view(name, now_ns)
        if self._stale or silent:
            self._proxy = MappingProxyType(dict(self._views))
        self._stale = silent
        return self._proxy

    def _silent_ns(self, name: str, now_ns: int) -> int:
        """Time of this month that passed without observation and is not counted yet; 0 within the gap."""
        last = self.tracks[name].last
        if last is None or now_ns - last.seen_ns <= self._gap_ns:
            return 0
        return now_ns - max(last.seen_ns, _month_start_ns(now_ns // DAY_NS))

    def _view(self, name: str, now_ns: int) -> ObligationView:
        last, tally = self.tracks[name].last, self.month(name, now_ns)
        silent_ns = self._silent_ns(name, now_ns)
        total_ns = tally.total_ns + silent_ns
        known = last if not silent_ns else None
        cause = last.cause if last else "not observed yet"
        return ObligationView(
            compliant=known is not None and all(_met(known)),
            bid_depth_usdt=known.bid_depth_usdt if known else None,
            ask_depth_usdt=known.ask_depth_usdt if known else None,
            spread_bps=known.spread_bps if known else None,
            uptime=tally.both_ns / total_ns if total_ns else None,
            uptime_bid=tally.bid_ns / total_ns if total_ns else None,
            uptime_ask=tally.ask_ns / total_ns if total_ns else None,
            slack_minutes=self.slack_minutes(name, now_ns),
            open_orders=last.open_orders if last else 0,
            unknown_orders=last.unknown_orders if last else 0,
            cause=cause if not silent_ns else SILENT,
        )


def _met(fact: QuotesObserved) -> tuple[bool, bool]:
    """Bid and ask side; a side whose depth or mid is unknown is not met whatever the fact claims."""
    if fact.mid_usdt is None:
        return False, False
    return fact.bid_met and fact.bid_depth_usdt is not None, fact.ask_met and fact.ask_depth_usdt is not None


def _count(track: Track, span: tuple[int, int], met: tuple[bool, bool], cause: str) -> None:
    """Add a span to the days and months it touches."""
    start, end = span
    while start < end:
        day = start // DAY_NS
        stop = min(end, (day + 1) * DAY_NS)
        _tally(track.days, day, _DAYS_KEPT).add(stop - start, *met, cause)
        _tally(track.months, _month(day), _MONTHS_KEPT).add(stop - start, *met, cause)
        start = stop


def _stretch(track: Track, fact: QuotesObserved, unmet: tuple[int, str], met_now: bool) -> None:
    """Follow the stretch without both sides up to `fact`; `unmet` = (since, cause), cause "" = it was met."""
    since_ns, cause = unmet
    if cause.startswith(EXCLUDED):
        track.unmet_since_ns = None
        return
    if cause and track.unmet_since_ns is None:
        track.unmet_since_ns = since_ns
    if track.unmet_since_ns is None:
        return
    day = fact.seen_ns // DAY_NS
    length = fact.seen_ns - track.unmet_since_ns
    day_tally = _tally(track.days, day, _DAYS_KEPT)
    for tally in (day_tally, _tally(track.months, _month(day), _MONTHS_KEPT)):
        if length > tally.worst_ns:
            tally.worst_ns, tally.worst_from_ns = length, track.unmet_since_ns
            tally.worst_cause = cause
    if met_now:
        track.unmet_since_ns = None


def _tally(tallies: dict[Any, Tally], key: object, kept: int) -> Tally:
    tally = tallies.get(key)
    if tally is None:
        if len(tallies) >= kept:
            del tallies[next(iter(tallies))]
        tally = tallies[key] = Tally()
    return tally


@lru_cache(maxsize=8)
def _month(day: int) -> tuple[int, int]:
    date = datetime.fromtimestamp(day * 86_400, UTC)
    return date.year, date.month


def _month_start_ns(day: int) -> int:
    return round(datetime(*_month(day), 1, tzinfo=UTC).timestamp()) * NS


def _days_in_month(day: int) -> int:
    year, month = _month(day)
    return monthrange(year, month)[1]
