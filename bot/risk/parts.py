"""Everything the state is made of, in one place, so that reviewing and viewing need not know the facts."""

from __future__ import annotations

from collections import deque

from bot.deal.obligations import ObligationMeter
from bot.model.instrument import InstrumentId
from bot.risk.audit import Audit
from bot.risk.bookkeeper import Bookkeeper
from bot.risk.legs import Legs
from bot.risk.levels import Levels
from bot.risk.marks import Marker
from bot.risk.pnl import Pnl
from bot.risk.setup import RiskSetup
from bot.risk.steering import Steering

_ALERTS_KEPT = 50


class Parts:
    """The collaborators and the few numbers they share. Written by `RiskState` and `Review` only."""

    def __init__(self, setup: RiskSetup) -> None:
        self.setup = setup
        self.limits, self.limits_version = setup.limits, 0
        self.count = 0
        self.now_ns = 0
        self.alerts: deque[tuple[int, str, str]] = deque(maxlen=_ALERTS_KEPT)
        self.alert_count = 0
        self.pnl = Pnl()
        self.books = Bookkeeper(setup, self.pnl, self.alert)
        self.audit = Audit(setup, self.books, self.pnl, self.alert)
        self.marker = Marker(setup.instruments)
        self.legs = Legs(self.pnl, self.alert)
        self.steering = Steering(setup, self.alert)
        self.levels = Levels()
        self.meter = ObligationMeter(setup.limits.obligations)
        self.up: set[InstrumentId] = set()
        self.health_version = 0
        self.ready = False
        self.display: tuple[float | None, int] = (None, 0)
        self.peak: float | None = None
        self.unknown_quotes: dict[str, int] = {}
        self.unknown_sales: set[str] = set()

    def alert(self, code: str, text: str) -> None:
        """Remember something an operator must see; the same thing twice in a row is one alert."""
        if self.alerts and self.alerts[-1][1:] == (code, text):
            self.alerts.pop()
        self.alerts.append((self.now_ns, code, text))
        self.alert_count += 1

    @property
    def unknown_orders(self) -> int:
        """Orders whose fate is in doubt: quotes, hedges, sales."""
        count = len(self.unknown_sales)
        for unknown in self.unknown_quotes.values():
            count += unknown
        for perp in self.steering.perps.values():
            count += perp.unknown
        return count

    @property
    def doubts(self) -> int:
        """Orders in doubt where it could be otherwise: what a lost line leaves in doubt, its own alarm tells,
        and the other exchanges need not stop for it.
        """
        count = len(self.unknown_sales)
        for exchange, unknown in self.unknown_quotes.items():
            count += unknown if f"{exchange}.spot" in self.up else 0
        for perp in self.steering.perps.values():
            count += perp.unknown and perp.up
        return count

    @property
    def unsold_tokens(self) -> float:
        """Tokens still to be sold by the plan, as far as they are held."""
        left = self.setup.sell_total_tokens - float(self.books.sold_tokens)
        return max(0.0, min(left, self.pnl.holdings.tokens))

    def missing(self) -> str:
        """What the state still waits for before it is ready; empty when it has seen everything once."""
        setup = self.setup
        waits = [f"{key} reconciled" for key in setup.instruments if key not in self.audit.settled]
        waits += [f"{key} streams" for key in setup.instruments if key not in self.up]
        if setup.lp_expected and self.legs.lp_book.reading is None:
            waits.append("LP reading")
        if setup.terms.tranches and self.legs.option_book.valued is None:
            waits.append("option values")
        if self.marker.marks.fair is None:
            waits.append("fair value")
        return ", ".join(waits)
