"""Builds the view from the state, keeping every part that did not change.

Rule 1: readers get frozen objects; Decimals become floats here and nowhere else.
Rule 2: nothing here decides; what depends on time does so through fact times kept in the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.model.instrument import InstrumentId
from bot.model.view import Level, LpView, ObligationView, OptionView, PerpView, SellView, SpotView, View
from bot.risk.ledger import TREASURY
from bot.risk.parts import Parts


class Viewer:
    """Caches the parts of the view by what they were built from."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._spots: Mapping[InstrumentId, SpotView] = MappingProxyType({})
        self._spots_key: tuple[object, ...] = ()
        self._pnl: Mapping[str, float] = MappingProxyType({})
        self._pnl_key: tuple[object, ...] = ()
        self._legs_key: tuple[object, ...] = ()
        self._lp, self._options = LpView(), OptionView()
        self._alerts: tuple[tuple[int, str, str], ...] = ()
        self._alerts_count = 0
        self._spot_keys = parts.setup.spots

    def build(self) -> View:
        """The view of the state as it stands."""
        s = self._parts
        steering, books, levels = s.steering, s.books, s.levels
        self._refresh()
        since = steering.unhedged_since_ns
        buy, sell = steering.quote_rooms
        return View(
            s.count,
            s.now_ns,
            s.setup.mode,
            levels.level,
            levels.reason,
            levels.paused,
            s.limits,
            s.limits_version,
            s.marker.marks,
            steering.exposure,
            MappingProxyType(self._perps()),
            self._spots,
            self._obligations(),
            self._lp,
            self._options,
            self._sell(),
            self._pnl,
            buy,
            sell,
            (s.now_ns - since) / 1e9 if since else 0.0,
            books.fills,
            books.hedges,
            s.unknown_orders,
            s.ready,
            self._alerts,
        )

    def _refresh(self) -> None:
        s = self._parts
        books = s.books
        selling = s.display if s.setup.sell_total_tokens else None
        spots_key = (books.version, s.health_version, s.limits_version, selling)
        if spots_key != self._spots_key:
            self._spots_key, self._spots = spots_key, MappingProxyType(self._spot_views())
        pnl_key = (books.version, s.marker.marks.time_ns, s.legs.lp_book.reading, s.legs.option_book)
        if pnl_key != self._pnl_key:
            self._pnl_key, self._pnl = pnl_key, MappingProxyType(self._pnl_table())
        legs_key = (s.display, s.legs.lp_book.reading, s.legs.option_book)
        if legs_key != self._legs_key:
            self._legs_key = legs_key
            self._lp, self._options = s.legs.lp_view(*s.display), s.legs.option_view(*s.display)
        if s.alert_count != self._alerts_count:
            self._alerts_count, self._alerts = s.alert_count, tuple(s.alerts)

    def _pnl_table(self) -> dict[str, float]:
        s = self._parts
        table = s.pnl.table()
        for horizon, value in s.books.markouts.sums.items():
            table[f"adverse_{horizon}s"] = value
        for currency, amount in s.books.ledger.fees_unvalued.items():
            table[f"fees_in_{currency}"] = float(amount)
        return table

    def _spot_views(self) -> dict[InstrumentId, SpotView]:
        """Balances. What is still to be sold and not in the treasury is reserved here, beyond what the asks
        need, largest surplus first.
        """
        s = self._parts
        accounts, price = s.books.ledger.accounts, s.display[0]
        left, surplus = max(0.0, s.unsold_tokens - float(accounts[TREASURY].tokens)), {}
        for key in self._spot_keys:
            owed = s.limits.obligations.get(s.setup.instruments[key].exchange)
            needed = 0.0
            if owed is not None and price:
                needed = owed.ask_usdt * (1 + s.limits.quote.depth_buffer_share) / price
            surplus[key] = max(0.0, float(accounts[key].tokens) - needed)
        reserved = {}
        for key in sorted(surplus, key=lambda k: (-surplus[k], k)):
            reserved[key] = min(left, surplus[key])
            left -= reserved[key]
        return {
            key: SpotView(
                float(accounts[key].tokens),
                float(accounts[key].usdt),
                key in s.up and accounts[key].opened,
                reserved[key],
            )
            for key in self._spot_keys
        }

    def _perps(self) -> dict[InstrumentId, PerpView]:
        steering, found = self._parts.steering, {}
        for key, p in steering.perps.items():
            sell, buy = steering.rooms.get(key, (0.0, 0.0))
            found[key] = PerpView(
                p.position,
                p.target,
                p.working,
                p.unknown,
                sell,
                buy,
                p.wallet_usdt,
                p.margin_ratio,
                p.liquidation_price,
                p.up and p.known,
            )
        return found

    def _obligations(self) -> Mapping[str, ObligationView]:
        meter = self._parts.meter
        return meter.views(self._parts.now_ns) if meter.tracks else MappingProxyType({})

    def _sell(self) -> SellView:
        s = self._parts
        total, sold = s.setup.sell_total_tokens, s.books.sold_tokens
        if not total:
            return SellView()
        usdt, allowed = float(s.books.sale_usdt), s.levels.level <= Level.CAUTIOUS and not s.levels.paused
        return SellView(
            total,
            float(sold),
            usdt,
            usdt / float(sold) if sold else None,
            s.limits.sell.enabled and s.ready and allowed and s.unsold_tokens > 0,
        )
