"""The two positions that are valued by a model, the pool and the options, at the fair price in force.

Rule 1: a reading that is older than the one held, or makes no sense, is refused and alarmed; the old one
stays.
Rule 2: unknown is not zero: without a reading the deltas are 0 with `known` False.
Rule 3: between two readings, what swaps by others did to the amounts is `lp_swap_value` and what grew is
`lp_fees`; in a reading where liquidity, a collected fee or the wallet moved, the change is capital.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.model.facts import OptionsValued, PoolObserved
from bot.model.limits import Limits
from bot.model.view import LpView, OptionView
from bot.pricing.option_grid import BookGreeks
from bot.risk.exposure import Part
from bot.risk.lp_book import LpBook, LpTotals, Outlook
from bot.risk.lp_flow import collected_unseen, moved, swapped
from bot.risk.option_book import OptionBook
from bot.risk.pnl import LpLeg, OptionLeg, Pnl

_DAY_NS = 86_400_000_000_000

Alert = Callable[[str, str], None]


class Legs:
    """LP book and option book, their totals at the last price, and what they do to the PnL."""

    def __init__(self, pnl: Pnl, alert: Alert) -> None:
        self._pnl, self._alert = pnl, alert
        self.lp_book, self.option_book = LpBook(), OptionBook()
        self.lp: LpTotals | None = None
        self.options: BookGreeks | None = None
        self._off_grid = False
        self._outlook: Outlook | None = None
        self._day, self._fees_before_usdt = -1, 0.0

    def reprice(self, spot: float, now_ns: int) -> tuple[LpLeg, OptionLeg]:
        """Value both books at `spot` and `now_ns`; returns them as the PnL wants them."""
        self.lp = lp = self.lp_book.value_at(spot)
        self._take(self.option_book.totals_at(spot, now_ns))
        return (LpLeg() if lp is None else LpLeg(lp.value, lp.delta)), self._option_leg()

    def pool(self, fact: PoolObserved) -> None:
        """Take a chain reading."""
        old = self.lp_book.reading
        if old is not None and fact.seen_ns < old.seen_ns:
            return
        spot = self._pnl.spot
        fresh = LpBook()
        try:
            fresh.replace(fact)
            totals = fresh.value_at(spot if spot is not None else fact.price)
        except ValueError as error:
            self._alert("lp_refused", f"block {fact.block}: {error}")
            return
        gone = self.lp_book.vanished(p.position_id for p in fact.positions)
        if gone:
            self._alert("lp_vanished", f"block {fact.block}: positions {', '.join(gone)} vanished")
        unseen = collected_unseen(old, fact) if old is not None else ()
        if unseen:
            words = f"block {fact.block}: fees of {', '.join(unseen)} went to a wallet nobody watches"
            self._alert("lp_fees_out_of_sight", f"{words}: set chain.owner, or their tokens stay unhedged")
        self._begin_day(fact.seen_ns)
        self.lp_book, self.lp, self._outlook = fresh, totals, fresh.outlook()
        if totals is not None:
            self._book(old, fact, LpLeg(totals.value, totals.delta))

    def _begin_day(self, now_ns: int) -> None:
        if now_ns // _DAY_NS > self._day:
            self._day, self._fees_before_usdt = now_ns // _DAY_NS, self._pnl.lines["lp_fees"]

    def _book(self, old: PoolObserved | None, new: PoolObserved, leg: LpLeg) -> None:
        """What a reading did to the PnL, at an unchanged fair price."""
        flow = old is None or moved(old, new)
        self._pnl.lp_read(leg, flow)
        if not flow and old is not None and self._pnl.spot is not None:
            lost = swapped(old.positions, new.positions, self._pnl.spot)
            self._pnl.book("lp_swap_value", lost)
            self._pnl.book("lp_fees", -lost)

    def value_options(self, fact: OptionsValued, now_ns: int) -> None:
        """Take a valuation of the tranches."""
        book, spot = self.option_book, self._pnl.spot
        old = book.valued
        if old is not None and fact.valued_ns < old.valued_ns:
            return
        exercised = self._exercised(fact, spot) if old is not None and spot is not None else 0.0
        try:
            fresh = OptionBook()
            fresh.replace(fact)
            if spot is not None:
                fresh.totals_at(spot, now_ns)
        except ValueError as error:
            self._alert("options_refused", str(error))
            return
        self.option_book = fresh
        if spot is None:
            return
        self._take(fresh.totals_at(spot, now_ns))
        if old is None:
            self._pnl.option_begin(now_ns, self._option_leg())
            return
        if exercised:
            self._pnl.option_gone(exercised)
        self._pnl.option_mark(now_ns, self._option_leg())

    def parts(self, now_ns: int, limits: Limits, expected: tuple[bool, bool]) -> tuple[Part, Part]:
        """LP and option delta and gamma; `expected` says whether the deal has a pool and options at all."""
        lp, options = self.lp, self.options
        lp_age, option_age = self.lp_age_s(now_ns), self.option_book.age_s(now_ns)
        lp_known = not expected[0] if lp_age is None else lp_age <= limits.risk.lp_age_s_max
        options_known = not expected[1]
        if option_age is not None:
            options_known = option_age <= 2 * limits.options.revalue_s and not self._off_grid
        return (
            Part(lp.delta, lp.gamma, lp_known) if lp is not None else Part(0.0, 0.0, lp_known),
            Part(options.delta, options.gamma, options_known)
            if options is not None
            else Part(0.0, 0.0, options_known),
        )

    def lp_age_s(self, now_ns: int) -> float | None:
        """Seconds since the last chain reading was seen; None before the first."""
        return self.lp_book.age_s(now_ns)

    def lp_view(self, spot: float | None, now_ns: int) -> LpView:
        """The LP book for readers, at `spot` (None: at the pool's own price)."""
        reading = self.lp_book.reading
        if reading is None:
            return LpView()
        price = reading.price if spot is None else spot
        lp, outlook = self.lp_book.value_at(price), self._outlook
        if lp is None or outlook is None:
            return LpView()
        return LpView(
            lp.value,
            lp.token,
            lp.usdt,
            lp.delta,
            lp.gamma,
            lp.fees_usdt + lp.fees_token * price,
            reading.block,
            self.lp_age_s(now_ns),
            lp.in_range,
            reading.price,
            *outlook,
            fees_today_usdt=self._pnl.lines["lp_fees"] - self._fees_before_usdt,
            wallet_token=reading.wallet_token,
            wallet_usdt=reading.wallet_usdt,
            cake=reading.cake,
            block_hash=reading.block_hash,
            provider=reading.provider,
            finalized_block=reading.finalized_block,
        )

    def option_view(self, spot: float | None, now_ns: int) -> OptionView:
        """The option book for readers, at `spot`."""
        valued = self.option_book.valued
        if valued is None or spot is None:
            return OptionView()
        totals = self.option_book.totals_at(spot, now_ns)
        if totals is None:
            return OptionView()
        return OptionView(
            totals.value,
            totals.delta,
            totals.gamma,
            totals.vega,
            totals.theta,
            valued.sigma,
            valued.carry,
            self.option_book.age_s(now_ns),
            self.option_book.rows_at(spot) or (),
        )

    def _take(self, greeks: BookGreeks | None) -> None:
        # Where the valuation says nothing (a spot far off its grid) the last greeks stay, as unknown.
        self._off_grid = greeks is None and self.option_book.valued is not None
        if greeks is not None:
            self.options = greeks

    def _option_leg(self) -> OptionLeg:
        greeks, valued = self.options, self.option_book.valued
        if greeks is None or valued is None:
            return OptionLeg()
        return OptionLeg(greeks.value, greeks.delta, greeks.gamma, greeks.theta, greeks.vega, valued.sigma)

    def _exercised(self, fact: OptionsValued, spot: float | None) -> float:
        """Value at the old marks of the tokens that left the option book since the last valuation."""
        if spot is None or self.options is None:
            return 0.0
        left = {row[0]: row[1] for row in fact.tranches}
        rows = self.option_book.rows_at(spot) or ()
        return sum((row[2] - left.get(row[0], 0.0)) * row[3] for row in rows)
