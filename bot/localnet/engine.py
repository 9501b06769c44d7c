"""One local exchange: a spot and a perpetual desk, one account, its settings and its counters.

Rule 1: everything a venue's protocol needs of the market is asked here, so that venues are only words.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from decimal import Decimal

from bot.localnet.desk import Desk
from bot.localnet.limits import VenueLimits, Window
from bot.model.instrument import Instrument
from bot.sim.world import World

RECV_WINDOW_MS = 5_000
AHEAD_MS = 1_000


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client signs with."""

    api_key: str
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)


class Engine:
    """A venue's state apart from its desks."""

    def __init__(self, spot: Desk, perp: Desk, keys: Keys, world: World, limits: VenueLimits) -> None:
        self.name = spot.instrument.exchange
        self.spot, self.perp, self.keys, self.world = spot, perp, keys, world
        base, quote = spot.instrument.symbol.split("/")
        self.base, self.quote, self.symbol = base, quote, base + quote
        self.leverage = int(1 / perp.perp_account.margin.initial)
        self.hedge_mode = False
        self.crossed = True
        self.limits = limits
        self.weight = Window(limits.weight_per_minute, 60_000)
        self.orders = Window(limits.orders_per_window, limits.order_window_ms)
        self._sequence = spot.now_ms

    @property
    def desks(self) -> tuple[Desk, Desk]:
        """Spot, then perpetual."""
        return self.spot, self.perp

    def sequence(self) -> int:
        """A number larger than all before."""
        self._sequence += 1
        return self._sequence

    def mark(self, desk: Desk) -> Decimal:
        """Mark price in USDT, rounded to the tick."""
        instrument = desk.instrument
        mark = self.world.mark_usdt(instrument.id)
        return instrument.price(max(1, round(mark / float(instrument.tick))))

    def index(self) -> Decimal:
        """Index price of the perpetual: the fair spot price."""
        return self.mark(self.spot)

    def funding(self) -> tuple[Decimal, int, int]:
        """(rate per interval, interval in hours, next settlement in UTC milliseconds)."""
        terms = self.world.funding(self.perp.instrument.id)
        if terms is None:
            raise LookupError(f"{self.perp.instrument.id} has no funding terms")
        rate, hours, next_ns = terms
        return Decimal(f"{rate:.8f}"), round(hours), next_ns // 1_000_000

    def timely(self, sent_ms: int, window_ms: int) -> bool:
        """Whether a request signed at `sent_ms` is within its window."""
        now = self.spot.now_ms
        return sent_ms < now + AHEAD_MS and now - sent_ms <= min(window_ms, 60_000)

    def signed(self, given: str, expected: str) -> bool:
        """Compare two signatures."""
        return hmac.compare_digest(given.encode(), expected.encode())


@dataclass(frozen=True, slots=True)
class PerpState:
    """The perpetual account at the mark, in USDT and tokens."""

    position: Decimal
    entry: Decimal
    mark: Decimal
    wallet: Decimal
    unrealised: Decimal
    initial_margin: Decimal
    order_margin: Decimal
    maintenance: Decimal
    liquidation: Decimal | None

    @property
    def notional(self) -> Decimal:
        """Signed."""
        return self.position * self.mark

    @property
    def equity(self) -> Decimal:
        """Wallet and open profit."""
        return self.wallet + self.unrealised

    @property
    def available(self) -> Decimal:
        """What new orders may use."""
        return max(Decimal(0), self.equity - self.initial_margin - self.order_margin)


def perp_state(engine: Engine) -> PerpState:
    """The account of the perpetual as it stands."""
    desk = engine.perp
    account, mark = desk.perp_account, engine.mark(desk)
    position, entry = account.position, account.average_entry or Decimal(0)
    resting = max(account.bid_lots, account.ask_lots) * desk.instrument.lot
    return PerpState(
        position=position,
        entry=entry,
        mark=mark,
        wallet=account.usdt,
        unrealised=account.equity(mark) - account.usdt,
        initial_margin=abs(position) * mark * account.margin.initial,
        order_margin=resting * mark * account.margin.initial,
        maintenance=abs(position) * mark * account.margin.maintenance,
        liquidation=account.liquidation_price(mark),
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset of the spot account."""

    asset: str
    total: Decimal
    locked: Decimal

    @property
    def free(self) -> Decimal:
        """What new orders may use."""
        return self.total - self.locked


def spot_balances(engine: Engine) -> tuple[Balance, Balance]:
    """(token, USDT) of the spot account."""
    account, instrument = engine.spot.spot_account, engine.spot.instrument
    held_usdt = instrument.tick * instrument.lot * account.held_quanta
    return (
        Balance(engine.base, account.tokens, instrument.lot * account.held_lots),
        Balance(engine.quote, account.usdt, held_usdt),
    )


def text(value: Decimal | int, places: int | None = None) -> str:
    """Plain digits, never an exponent; `places` rounds and pads."""
    return f"{value:.{places}f}" if places is not None else f"{value:f}"


def price_text(instrument: Instrument, ticks: int) -> str:
    """A price with the digits of the tick."""
    return f"{instrument.tick * ticks:f}"


def size_text(instrument: Instrument, lots: int) -> str:
    """A size with the digits of the lot."""
    return f"{instrument.lot * lots:f}"


def average_text(instrument: Instrument, cost_quanta: int, filled: int, places: int = 8) -> str:
    """Average price of what filled; "0" when nothing did."""
    if not filled:
        return "0"
    return f"{(instrument.tick * cost_quanta / filled):.{places}f}"
