"""The obligation: is it met now, and for what share of the time was it.

Rule 1: uptime is an exact integral over time, moved by events; nothing is sampled.
Rule 2: unknown counts as not met; when observations fail to come, time since the last one counts as not met.
Rule 3: days and months are UTC. Memory is bounded: a month of days, a few years of months, a few causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from bot.model.facts import QuotesObserved
from bot.model.instrument import Instrument
from bot.model.limits import ObligationLimits
from bot.model.order import OrderState
from bot.model.view import ObligationView
from bot.quoting.live import LiveOrder, LiveQuotes, Pending

NS = 1_000_000_000
DAY_NS = 86_400 * NS
GAP_S = 5.0
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
    """Σ ticks·lots of confirmed orders not beyond `edge`, and the best price among them (0 = none)."""
    total, best = 0, 0
    for order in orders:
        if order.state is not OrderState.OPEN or order.pending is Pending.UNKNOWN:
            continue
        ticks = order.ticks
        if (ticks - edge) * sign < 0:
            continue
        best = best or ticks
        total += ticks * order.lots
    return total, best


@dataclass(slots=True)
class Tally:
    """Seconds observed, and seconds in which bids, asks and both were met."""

    total_s: float = 0.0
    bid_s: float = 0.0
    ask_s: float = 0.0
    both_s: float = 0.0

    def add(self, seconds: float, bid: bool, ask: bool) -> None:
        """Count a stretch of time."""
        self.total_s += seconds
        self.bid_s += seconds * bid
        self.ask_s += seconds * ask
        self.both_s += seconds * (bid and ask)

    def share(self, seconds: float) -> float | None:
        """`seconds` over the observed time, None when there was none."""
        return seconds / self.total_s if self.total_s > 0 else None


@dataclass(slots=True)
class Track:
    """One exchange: the last observation and what has been counted so far."""

    last: QuotesObserved | None = None
    days: dict[int, Tally] = field(default_factory=dict)
    months: dict[tuple[int, int], Tally] = field(default_factory=dict)
    causes: dict[str, float] = field(default_factory=dict)
    unmet_since_ns: int | None = None
    worst_s: float = 0.0


class ObligationMeter:
    """Uptime of every exchange. `observe` facts in order, read with `views`."""

    def __init__(self, owed: Mapping[str, ObligationLimits], gap_s: float = GAP_S) -> None:
        self._gap_ns = round(gap_s * NS)
        self._owed = dict(owed)
        self.tracks: dict[str, Track] = {name: Track() for name in owed}
        self._views: dict[str, ObligationView] = {}
        self._stale = set(owed)

    def limits(self, owed: Mapping[str, ObligationLimits]) -> None:
        """What is owed changed; time already counted stays."""
        self._owed = dict(owed)
        for name in owed:
            self.tracks.setdefault(name, Track())
        self._stale = set(self.tracks)

    def observe(self, fact: QuotesObserved) -> None:
        """Count the time since the last observation of this exchange, then adopt the new state."""
        track = self.tracks.get(fact.exchange)
        if track is None:
            return
        last = track.last
        if last is not None:
            if fact.seen_ns < last.seen_ns:
                return
            known = fact.seen_ns - last.seen_ns <= self._gap_ns
            bid, ask = known and last.bid_met, known and last.ask_met
            self._count(track, (last.seen_ns, fact.seen_ns), bid, ask)
            if not (bid and ask):
                _blame(track, "not observed" if not known else last.cause or "unknown", fact, last)
            self._interval(track, bid and ask, last.seen_ns, fact)
        track.last = fact
        self._stale.add(fact.exchange)

    def _count(self, track: Track, span: tuple[int, int], bid: bool, ask: bool) -> None:
        start, end = span
        while start < end:
            day = start // DAY_NS
            stop = min(end, (day + 1) * DAY_NS)
            seconds = (stop - start) / NS
            _tally(track.days, day, _DAYS_KEPT).add(seconds, bid, ask)
            _tally(track.months, _month(day), _MONTHS_KEPT).add(seconds, bid, ask)
            start = stop

    def _interval(self, track: Track, met: bool, since_ns: int, fact: QuotesObserved) -> None:
        if not met and track.unmet_since_ns is None:
            track.unmet_since_ns = since_ns
        if track.unmet_since_ns is not None:
            track.worst_s = max(track.worst_s, (fact.seen_ns - track.unmet_since_ns) / NS)
            if fact.bid_met and fact.ask_met:
                track.unmet_since_ns = None

    def month(self, exchange: str, now_ns: int) -> Tally:
        """What was counted in the UTC month of `now_ns`."""
        return self.tracks[exchange].months.get(_month(now_ns // DAY_NS), Tally())

    def slack_minutes(self, exchange: str, now_ns: int) -> float | None:
        """Minutes that may still go unmet this month; negative = the month is lost already."""
        owed = self._owed.get(exchange)
        if owed is None:
            return None
        tally = self.month(exchange, now_ns)
        allowed_s = (1 - owed.uptime_target) * _days_in_month(now_ns // DAY_NS) * 86_400
        return (allowed_s - (tally.total_s - tally.both_s)) / 60

    def views(self, now_ns: int) -> Mapping[str, ObligationView]:
        """A row per exchange; rows without news are the same objects as before."""
        for name in sorted(self._stale):
            self._views[name] = self._view(name, now_ns)
        if self._stale:
            self._stale.clear()
            self._proxy: Mapping[str, ObligationView] = MappingProxyType(dict(self._views))
        return self._proxy

    def _view(self, name: str, now_ns: int) -> ObligationView:
        last, tally = self.tracks[name].last, self.month(name, now_ns)
        return ObligationView(
            compliant=last is not None and last.bid_met and last.ask_met,
            bid_depth_usdt=last.bid_depth_usdt if last else None,
            ask_depth_usdt=last.ask_depth_usdt if last else None,
            spread_bps=last.spread_bps if last else None,
            uptime=tally.share(tally.both_s),
            uptime_bid=tally.share(tally.bid_s),
            uptime_ask=tally.share(tally.ask_s),
            slack_minutes=self.slack_minutes(name, now_ns),
            open_orders=last.open_orders if last else 0,
            unknown_orders=last.unknown_orders if last else 0,
            cause=last.cause if last else "not observed yet",
        )


def _blame(track: Track, cause: str, fact: QuotesObserved, last: QuotesObserved) -> None:
    if cause not in track.causes and len(track.causes) >= _CAUSES_KEPT:
        cause = "other"
    track.causes[cause] = track.causes.get(cause, 0.0) + (fact.seen_ns - last.seen_ns) / NS


def _tally(tallies: dict[int, Tally] | dict[tuple[int, int], Tally], key: object, kept: int) -> Tally:
    table: dict[object, Tally] = tallies  # type: ignore[assignment]
    tally = table.get(key)
    if tally is None:
        if len(table) >= kept:
            del table[next(iter(table))]
        tally = table[key] = Tally()
    return tally


def _month(day: int) -> tuple[int, int]:
    date = datetime.fromtimestamp(day * 86_400, UTC)
    return date.year, date.month


def _days_in_month(day: int) -> int:
    year, month = _month(day)
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (after - datetime(year, month, 1, tzinfo=UTC)).days
