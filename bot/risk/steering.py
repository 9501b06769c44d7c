"""Where the perps should stand: exposure, band, targets and the room that is left.

Rule 1: targets are a function of what is held; nothing here waits, sends or remembers orders.
Rule 2: the band is recomputed at most once a minute of fact time, and at once when the limits change.
Rule 3: until everything is known once, and while hedging is off, targets are what is held: nothing is due.
Rule 4: a perp that gets no nearer to its target for a while is set aside, so that others take its part
over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.model.facts import HedgeWorking, VenueSnapshot
from bot.model.instrument import InstrumentId
from bot.model.limits import Limits
from bot.model.view import Exposure, Level, Marks
from bot.pricing.bands import BandInputs
from bot.risk.capacity import Perp, gross_room, margin, quote_rooms, rooms
from bot.risk.exposure import Part, Sources, measure
from bot.risk.hedge import FillVariance, Tradable, band_in_force, pin, retarget, smallest_band
from bot.risk.ledger import Ledger
from bot.risk.setup import RiskSetup

_BAND_NS = 60_000_000_000
_ASIDE_NS = 60_000_000_000

Alert = Callable[[str, str], None]


class Situation(NamedTuple):
    """What the targets are decided on at one instant."""

    now_ns: int
    limits: Limits
    level: Level
    ready: bool
    spot_price: float | None
    spot_tokens: float
    loan: float
    lp: Part
    option: Part
    positions_known: bool
    unsold_tokens: float


@dataclass(slots=True)
class _Progress:
    position: float = 0.0
    since_ns: int = 0
    aside_until_ns: int = 0


class Steering:
    """The perps and their targets."""

    def __init__(self, setup: RiskSetup, alert: Alert) -> None:
        self._alert = alert
        self.perps = {
            key: Perp(key, float(i.lot), float(i.notional_usdt_min), float(i.taker_fee))
            for key, i in setup.instruments.items()
            if key in setup.perps
        }
        self._least = Tradable(
            max((p.lot for p in self.perps.values()), default=0.0),
            max((p.notional_usdt_min for p in self.perps.values()), default=0.0),
        )
        self._rules = margin(setup.limits)
        self.band = 0.0
        self._band_ns = 0
        self.exposure = Exposure(complete=False)
        self.unhedged_since_ns = 0
        self.stalled_since_ns = 0
        self._smallest = 0.0
        self.net_judged = 0.0
        self.rooms: dict[InstrumentId, tuple[float, float]] = {}
        self.quote_rooms = (0.0, 0.0)
        self._progress = {key: _Progress() for key in self.perps}
        self._short = False

    # --- inputs ---

    def restart(self) -> None:
        """A new run: nothing of ours works any more, streams have to come up again."""
        for perp in self.perps.values():
            perp.working, perp.unknown, perp.up = 0.0, False, False

    def hold(self, ledger: Ledger) -> None:
        """Take positions and wallets from the ledger."""
        for key, perp in self.perps.items():
            account = ledger.accounts[key]
            perp.position, perp.wallet_usdt = float(account.tokens), float(account.usdt)
            perp.cost_usdt = float(account.cost) if account.entry_known else None
            perp.known = account.opened
            _margin(perp)

    def mark(self, marks: Marks, touch: Mapping[InstrumentId, tuple[float, float]]) -> None:
        """Take prices, costs, funding. A perp without a price stands at fair value plus its basis."""
        fair = marks.fair
        for key, perp in self.perps.items():
            perp.basis = basis = marks.basis.get(key, 0.0)
            perp.funding_annual = marks.funding_annual.get(key, 0.0)
            price = marks.mids.get(key)
            if price is not None:
                perp.mark = price
                perp.half_spread, perp.top_tokens = touch[key]
            elif fair is not None:
                perp.mark = fair * (1 + basis)
            _margin(perp)

    def work(self, fact: HedgeWorking) -> bool:
        """Take what the hedger has outstanding; False for an instrument that is not a perp of ours."""
        perp = self.perps.get(fact.instrument)
        if perp is None or not fact.tokens.is_finite():
            return False
        perp.working, perp.unknown = float(fact.tokens), fact.unknown
        return True

    def snapshot(self, fact: VenueSnapshot) -> None:
        """Take the venue's own margin figures."""
        perp = self.perps.get(fact.instrument)
        if perp is not None:
            perp.margin_ratio, perp.liquidation_price = fact.margin_ratio, fact.liquidation_price

    def excuse(self) -> None:
        """The operator has seen the unhedged delta: count anew how long it does not shrink."""
        self.stalled_since_ns = 0

    def limit(self, limits: Limits) -> None:
        """Take new limits: margin rules now, the band at the next review."""
        self._rules = margin(limits)
        self._band_ns = 0

    # --- the decision ---

    def review(self, x: Situation, fills: FillVariance) -> None:
        """Exposure → band → targets → rooms, once."""
        price = x.spot_price
        if price is not None and (not self._band_ns or x.now_ns - self._band_ns >= _BAND_NS):
            self._set_band(x, price, fills.per_year(x.now_ns))
        self._watch_progress(x)
        if not x.ready or not x.limits.hedge.enabled:
            for perp in self.perps.values():
                perp.target = perp.position
        elif x.level is not Level.HALTED and price is not None:
            pin(self.perps, self._rules)
            self._retarget(x, price, self._sources(x))
        self.exposure = exposure = self._measure(x)
        confirmed = exposure.net - exposure.working
        self.net_judged = max(0.0, confirmed - x.unsold_tokens) if confirmed > 0 else confirmed
        self._age(x, exposure.band)
        if price is not None:
            gross = gross_room(self.perps.values(), price, x.limits)
            self.rooms = rooms(self.perps, gross, self._rules)
            self.quote_rooms = quote_rooms(self.rooms, self.net_judged, price, x.limits)

    # --- parts ---

    def _age(self, x: Situation, band: float) -> None:
        """Since when the confirmed delta has been outside the band, and since when it has not shrunk by 1
        %.
        """
        size = abs(self.net_judged)
        if size <= band or not x.ready:
            self.unhedged_since_ns = self.stalled_since_ns = 0
            return
        if not self.unhedged_since_ns:
            self.unhedged_since_ns = x.now_ns
        if not self.stalled_since_ns or size < 0.99 * self._smallest:
            self._smallest, self.stalled_since_ns = size, x.now_ns

    def _retarget(self, x: Situation, price: float, source: float) -> None:
        band = smallest_band(price, self._least) if x.level is Level.FLATTEN else self.band
        hedged_net = source - x.limits.risk.phi * x.loan
        for perp in self.perps.values():
            hedged_net += perp.target - perp.position
        if -band <= hedged_net <= band:
            self._short = False
            return
        decision = retarget(self.perps, hedged_net, band, price, x.limits)
        short = decision.shortfall > self._least.lot
        if short and not self._short:
            self._alert("hedge_shortfall", f"no room to hedge {decision.shortfall:,.0f} tokens")
        self._short = short

    def _sources(self, x: Situation) -> float:
        total = x.spot_tokens + x.lp.delta + x.option.delta
        for perp in self.perps.values():
            total += perp.position
        return total

    def _measure(self, x: Situation) -> Exposure:
        position = working = targets = 0.0
        for perp in self.perps.values():
            position += perp.position
            working += perp.working
            targets += perp.target
        sources = Sources(
            x.spot_tokens,
            position,
            working,
            targets,
            x.loan,
            x.limits.risk.phi,
            x.lp,
            x.option,
            x.positions_known,
        )
        return measure(sources, self.band)

    def _set_band(self, x: Situation, price: float, fill_variance: float) -> None:
        self._band_ns = x.now_ns
        costs = [p.taker_fee + p.half_spread for p in self.perps.values() if p.usable]
        inputs = BandInputs(
            max(0.0, sum(costs) / len(costs)) if costs else 5e-4,
            x.limits.hedge.risk_aversion_per_usdt,
            x.lp.gamma + x.option.gamma,
            price,
            x.limits.options.sigma,
            fill_variance,
        )
        self.band = band_in_force(inputs, self._least, x.limits.hedge)

    def _watch_progress(self, x: Situation) -> None:
        """Set aside, for a minute, a perp whose position does not move although an order is due.

        Never the last one: when none fills, trying goes on everywhere.
        """
        now = x.now_ns
        active = x.ready and x.limits.hedge.enabled and x.level < Level.HALTED
        for key, perp in self.perps.items():
            seen = self._progress[key]
            perp.penalised = now < seen.aside_until_ns
            gap = abs(perp.target - perp.position)
            if not active or gap < perp.lot or perp.position != seen.position or not seen.since_ns:
                seen.position, seen.since_ns = perp.position, now
            elif (
                now - seen.since_ns > x.limits.risk.unhedged_age_s_max * 0.5e9
                and gap * (perp.mark or 0.0) >= perp.notional_usdt_min
                and not perp.penalised
                and any(other.usable for name, other in self.perps.items() if name != key)
            ):
                seen.aside_until_ns, perp.penalised = now + _ASIDE_NS, True
                self._alert("hedge_stuck", f"{key}: {gap:,.0f} tokens due and not filling; others take over")


def _margin(perp: Perp) -> None:
    perp.equity_usdt = perp.wallet_usdt
    if perp.position and perp.mark is not None and perp.cost_usdt is not None:
        perp.equity_usdt += perp.position * perp.mark - perp.cost_usdt
