"""Prices in force, from samples of the market.

Rule 1: a top that is one-sided, crossed or of an unknown instrument is left out: unknown, never zero.
Rule 2: a perp's basis is learned against the spot venues alone, so that perps do not confirm themselves.
Rule 3: a sample older than the last one changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from bot.model.facts import MarketSampled
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.model.limits import Limits
from bot.model.view import Marks
from bot.pricing.fair_value import BasisEwma, FairSettings, TopInput, fair_value
from bot.risk.levels import move_bps_per_s

_SECOND_NS = 1_000_000_000
_HOURS_PER_YEAR = 365 * 24
_HISTORY_MAX = 1_000


class Marker:
    """Holds the newest marks; `touch` gives a perp's (half-spread as a fraction, tokens at the thinner
    touch).
    """

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._scales = {
            key: (float(item.tick), float(item.lot), item.kind is Kind.PERP)
            for key, item in instruments.items()
        }
        self.marks = Marks()
        self.touch: dict[InstrumentId, tuple[float, float]] = {}
        self.move_bps_per_s = 0.0
        self._basis = {key: BasisEwma() for key, scale in self._scales.items() if scale[2]}
        self._basis_view: Mapping[InstrumentId, float] = MappingProxyType({})
        self._funding: Mapping[InstrumentId, float] = MappingProxyType({})
        self._funding_seen: tuple[tuple[InstrumentId, float, float, int], ...] = ()
        self._history: deque[tuple[int, float]] = deque(maxlen=_HISTORY_MAX)
        self._settings = FairSettings()
        self._learned_ns = 0

    def sample(self, fact: MarketSampled, limits: Limits) -> bool:
        """Take a sample; False when it is older than the last."""
        now, last = fact.seen_ns, self.marks
        if now < last.time_ns:
            return False
        spots, perps, mids = self._inputs(fact)
        if self._settings.stale_s != limits.risk.book_age_s_max:
            self._settings = FairSettings(stale_s=limits.risk.book_age_s_max)
        if now - self._learned_ns >= _SECOND_NS:
            self._learn(now, fair_value(spots, self._settings).price, mids)
        fair = fair_value(spots + perps, self._settings)
        if fair.price is not None:
            self._speed(now, fair.price)
        if fact.funding != self._funding_seen:
            self._learn_funding(fact)
        self.marks = Marks(
            now,
            fair.price,
            fair.inputs,
            fair.dispersion_bps,
            MappingProxyType({top[0]: top for top in fact.tops}),
            MappingProxyType(mids),
            self._basis_view,
            self._funding,
            limits.options.sigma,
        )
        return True

    def _inputs(
        self, fact: MarketSampled
    ) -> tuple[list[TopInput], list[TopInput], dict[InstrumentId, float]]:
        spots: list[TopInput] = []
        perps: list[TopInput] = []
        mids: dict[InstrumentId, float] = {}
        now, scales = fact.seen_ns, self._scales
        for key, bid_ticks, bid_lots, ask_ticks, ask_lots, seen_ns in fact.tops:
            scale = scales.get(key)
            if scale is None or not 0 < bid_ticks < ask_ticks:
                continue
            tick, lot, is_perp = scale
            bid, ask = bid_ticks * tick, ask_ticks * tick
            mids[key] = mid = 0.5 * (bid + ask)
            age_s = (now - seen_ns) * 1e-9
            if is_perp:
                basis = self._basis[key].value
                perps.append(TopInput(bid, bid_lots * lot, ask, ask_lots * lot, age_s, basis))
                self.touch[key] = (0.5 * (ask - bid) / mid, min(bid_lots, ask_lots) * lot)
            else:
                spots.append(TopInput(bid, bid_lots * lot, ask, ask_lots * lot, age_s))
        return spots, perps, mids

    def _learn(self, now_ns: int, spot_fair: float | None, mids: Mapping[InstrumentId, float]) -> None:
        if spot_fair is None:
            return
        elapsed_s = (now_ns - self._learned_ns) / 1e9 if self._learned_ns else 0.0
        self._learned_ns = now_ns
        values: dict[InstrumentId, float] = {}
        for key, basis in self._basis.items():
            new = basis.updated(mids.get(key), spot_fair, elapsed_s)
            self._basis[key] = new
            if new.value is not None:
                values[key] = new.value
        self._basis_view = MappingProxyType(values)

    def _learn_funding(self, fact: MarketSampled) -> None:
        self._funding_seen = fact.funding
        fresh = {
            key: rate * _HOURS_PER_YEAR / hours
            for key, rate, hours, _ in fact.funding
            if hours > 0 and key in self._scales
        }
        self._funding = MappingProxyType({**self._funding, **fresh})

    def _speed(self, now_ns: int, price: float) -> None:
        history = self._history
        while len(history) > 1 and now_ns - history[1][0] >= _SECOND_NS:
            history.popleft()
        self.move_bps_per_s = (
            move_bps_per_s(history[0][1], price, (now_ns - history[0][0]) / 1e9) if history else 0.0
        )
        history.append((now_ns, price))
