"""Tells the aggregator how one exchange's quotes stand against the obligation.

Rule 1: a report is sent when a side flips, depth moves by more than 1 %, an order falls into doubt, and at
the latest every `EVERY_S`: silence would count as not met.
Rule 2: only what the venue confirmed counts; without a mid everything is unknown.
"""

from __future__ import annotations

from bot.channels import Inbox
from bot.clock import Clock
from bot.deal.obligations import predicate
from bot.model.facts import QuotesObserved
from bot.model.instrument import Instrument
from bot.model.view import View
from bot.quoting.live import LiveQuotes

EVERY_S = 4.0
_DEPTH_STEP = 0.01


class Observer:
    """Judges `live` and reports."""

    def __init__(self, live: LiveQuotes, instrument: Instrument, inbox: Inbox, clock: Clock) -> None:
        self._live, self._instrument, self._inbox, self._clock = live, instrument, inbox, clock
        self._tick = float(instrument.tick)
        self._last: QuotesObserved | None = None
        self._sent_at = -EVERY_S

    def due_s(self) -> float:
        """Seconds until a report is due (≤ 0: now)."""
        return self._sent_at + EVERY_S - self._clock.monotonic()

    def observe(self, view: View, mid_usdt: float, off: str, force: bool = False) -> None:
        """Judge now; report if it is news or `force`. `mid_usdt` 0 = unknown; `off` = why nothing rests."""
        owed = view.limits.obligations.get(self._instrument.exchange)
        if owed is None:
            self._sent_at = self._clock.monotonic()
            return
        seen = predicate(self._live, mid_usdt / self._tick if mid_usdt else None, owed, self._instrument)
        cause = "" if seen.bid_met and seen.ask_met else off or view.level_reason or seen.cause
        fact = QuotesObserved(
            self._clock.now_ns(),
            self._instrument.exchange,
            mid_usdt or None,
            seen.bid_depth_usdt,
            seen.ask_depth_usdt,
            seen.spread_bps,
            seen.bid_met,
            seen.ask_met,
            len(self._live),
            self._live.unknown,
            cause,
        )
        if force or self._last is None or _news(fact, self._last):
            self._last, self._sent_at = fact, self._clock.monotonic()
            self._inbox.put(fact)


def _news(new: QuotesObserved, old: QuotesObserved) -> bool:
    if (new.bid_met, new.ask_met, new.unknown_orders) != (old.bid_met, old.ask_met, old.unknown_orders):
        return True
    pairs = ((new.bid_depth_usdt, old.bid_depth_usdt), (new.ask_depth_usdt, old.ask_depth_usdt))
    return any(_moved(now, then) for now, then in pairs)


def _moved(now: float | None, then: float | None) -> bool:
    if now is None or then is None:
        return now is not then
    return abs(now - then) > _DEPTH_STEP * max(1.0, then)
