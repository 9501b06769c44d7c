"""The daemon's tasks on paper venues and a real state, in a market that does only what the test says.

One tick is 0.0001 USDT. Every book stands around `MID` with a level each side, until `quote` moves it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, partial

from bot.channels import Inbox, Latest
from bot.clock import VirtualLoop
from bot.config import Settings, load
from bot.deal.terms import PoolTerms
from bot.model.facts import AccountOpened, Fact, Started
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.model.limits import Limits
from bot.model.order import ClientIds, OrderIntent, Purpose, Side, TimeInForce
from bot.model.view import View
from bot.risk.setup import RiskSetup
from bot.risk.state import RiskState
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.tasks.aggregator import Aggregator
from bot.tasks.hedger import Hedger
from bot.tasks.quoter import Quoter
from bot.tasks.reconciler import Reconciled, Reconciler
from bot.tasks.sampler import Sampler
from bot.tasks.seller import Seller
from bot.tasks.spot_sink import SpotSink
from bot.tasks.supervise import restarting
from bot.venues.guard import Guard
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.throttle import Budget
from limits_text import SHIPPED

START_NS = 1_767_225_600 * 10**9
MID = 10_000
EXCHANGES = ("binance", "bybit", "bitget")
SPOTS = tuple(f"{name}.spot" for name in EXCHANGES)
PERPS = tuple(f"{name}.perp" for name in EXCHANGES)
LIMITS = Limits()
TERMS = PaperTerms(order_latency_s=0.02, answer_latency_s=0.02, jitter=0.0)


@cache
def shipped() -> Settings:
    """The shipped paper configuration."""
    return load(SHIPPED / "paper.toml")


def instrument(key: InstrumentId) -> Instrument:
    """Tick 0.0001, lot 0.1, at least 5 USDT; spot makers pay nothing, perp takers 4.5 bp."""
    exchange, _, kind = key.partition(".")
    symbol = "TKN/USDT" if kind == "spot" else "TKN/USDT:USDT"
    fees = ("0", "0.001") if kind == "spot" else ("0.0002", "0.00045")
    grid = (Decimal("0.0001"), Decimal("0.1"), Decimal(5))
    return Instrument(exchange, Kind(kind), symbol, *grid, Decimal(fees[0]), Decimal(fees[1]))


@dataclass(frozen=True)
class Desk:
    """What a rig starts from: balances of each spot and each perp account, limits, what the plan sells."""

    tokens: int = 130_000
    usdt: int = 150_000
    wallet: int = 500_000
    limits: Limits = LIMITS
    sell_tokens: float = 0.0
    terms: PaperTerms = TERMS
    capacity: int = 100_000


def setup_of(desk: Desk) -> RiskSetup:
    """The deal without pool and options, so that exposure is what the accounts hold."""
    deal = shipped().terms.model_copy(update={"pool": PoolTerms(usdt=0, tokens=0), "tranches": ()})
    items = {key: instrument(key) for key in (*SPOTS, *PERPS)}
    return RiskSetup(deal, items, desk.limits, "paper", "tkn", desk.sell_tokens)


class Intents:
    """The intents that were sent, in order, and the facts that were written down."""

    def __init__(self) -> None:
        self.sent: list[OrderIntent] = []
        self.facts: list[Fact] = []

    def intent(self, intent: OrderIntent) -> None:
        self.sent.append(intent)

    def append(self, facts: list[Fact]) -> None:
        self.facts += facts

    def of(self, purpose: Purpose, key: InstrumentId = "") -> list[OrderIntent]:
        """Those of one purpose (and instrument)."""
        return [i for i in self.sent if i.purpose is purpose and key in ("", i.instrument)]

    def kinds(self, kind: type) -> list[Fact]:
        """Facts of one class."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


class Rig:
    """Everything of a daemon but the composition root. Use `rig(...)`, then `start(...)` tasks by name."""

    def __init__(self, desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.desk, self.clock, self.log = desk, loop, Intents()
        self.state = RiskState(setup_of(desk))
        self.inbox = Inbox(desk.capacity)
        self.view: Latest[View] = Latest(self.state.view())
        self.aggregator = Aggregator(self.inbox, self.state, self.view, self.log)
        self.exchanges = {key: self._exchange(key) for key in (*SPOTS, *PERPS)}
        self.venues = {
            key: PaperVenue(exchange, loop, random.Random(number), desk.terms)
            for number, (key, exchange) in enumerate(self.exchanges.items())
        }
        self.ids = ClientIds("tkn", 1, 0, lambda _: None)
        rate = desk.limits.quote.message_rate_per_s_max
        self.guards = {
            key: Guard(venue, self.view, Budget(rate, loop), self.log) for key, venue in self.venues.items()
        }
        self.sampler = Sampler(self.venues, self.inbox, loop, 1.0, 2.0)
        self.hedger = Hedger({k: self.guards[k] for k in PERPS}, self.view, self.inbox, loop, self.ids)
        self.hedger.sampler = self.sampler
        spots = {key: self.guards[key] for key in SPOTS}
        self.seller = Seller(spots, self.view, self.inbox, loop, self.ids)
        helpers = (self.sampler, self.seller)
        self.quoters = {
            key: Quoter(guard, self.view, self.inbox, loop, self.ids, helpers) for key, guard in spots.items()
        }
        owners: dict[InstrumentId, tuple[Reconciled, ...]] = {key: (self.hedger,) for key in PERPS}
        self.sinks = {
            key: SpotSink(quoter, spots[key].instrument, self.inbox, self.sampler)
            for key, quoter in self.quoters.items()
        }
        owners |= {key: (sink, self.seller) for key, sink in self.sinks.items()}
        self.reconciler = Reconciler(self.venues, owners, self.inbox, loop, "tkn")
        self.reconciler.receive_window_s = 1.0
        for sink in (self.hedger, *self.sinks.values()):
            sink.reconnected, sink.doubted = self.reconciler.request, self.reconciler.doubt
        self.frozen: set[InstrumentId] = set()
        self._made = 0
        self._quotes: dict[InstrumentId, tuple[int, int, int]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def _exchange(self, key: InstrumentId) -> SimExchange:
        item, desk = instrument(key), self.desk
        spot = item.kind is Kind.SPOT
        account = open_account(item, Decimal(desk.tokens * spot), Decimal(desk.usdt if spot else desk.wallet))
        return SimExchange(item, account, IgnoreEvents())

    # --- the market ---

    def quote(self, key: InstrumentId, mid: int = MID, half: int = 9, lots: int = 1_000_000) -> None:
        """Other makers stand `half` ticks around `mid` on one instrument and stay there (0 lots: nobody)."""
        self._quotes[key] = (mid, half, lots)
        self._refill(key)

    def _refill(self, key: InstrumentId) -> None:
        mid, half, lots = self._quotes[key]
        self.exchanges[key].set_others(((mid - half, lots),), ((mid + half, lots),), self.clock.now_ns())

    def market(self, mid: int = MID, keys: Iterable[InstrumentId] = (*SPOTS, *PERPS)) -> None:
        """Move several books at once: spots 9 ticks around the middle, perps one."""
        for key in keys:
            self.quote(key, mid, 9 if key in SPOTS else 1)

    def spot_fill(self, key: InstrumentId, tokens: float) -> None:
        """A quote of ours trades `tokens` (signed) on a spot exchange, as far as the others' size goes."""
        self._made += 1
        side, mid = Side.BUY if tokens > 0 else Side.SELL, self._quotes[key][0]
        intent = OrderIntent(
            f"tkn-0001q9{self._made:07d}",
            key,
            side,
            mid + 9 * side,
            instrument(key).lots(Decimal(str(abs(tokens)))),
            Purpose.QUOTE,
            TimeInForce.IOC,
        )
        self.exchanges[key].submit(intent, self.clock.now_ns())

    def fold(self) -> View:
        """Let the aggregator work off the inbox; returns the view."""
        self.aggregator.fold(self.inbox.drain())
        return self.view.value

    # --- the life of a rig ---

    async def open(self) -> None:
        """Open the accounts, connect, reconcile and sample until the state is ready; no task runs yet."""
        desk, now = self.desk, self.clock.now_ns()
        self.inbox.put(Started(now, 1, "paper", "test"))
        for key in SPOTS:
            self.inbox.put(AccountOpened(now, key, Decimal(desk.tokens), Decimal(desk.usdt)))
        for key in PERPS:
            self.inbox.put(AccountOpened(now, key, Decimal(0), Decimal(desk.wallet)))
        self.market()
        for key, venue in self.venues.items():
            await venue.start(self.sinks.get(key) or self.hedger)
        await self.reconciler.take_over(0)
        self.sampler.sample()
        assert self.fold().ready, self.view.value.level_reason

    def start(self, *names: str) -> None:
        """Run tasks: aggregator, sampler, hedger, seller, reconciler, quoters (all three), beat."""
        made: dict[str, Callable[[], Coroutine[object, object, None]]] = {
            "aggregator": self.aggregator.run,
            "sampler": self.sampler.run,
            "hedger": self.hedger.run,
            "seller": lambda: restarting("seller", self.seller.run, self.seller.failed),
            "reconciler": lambda: self.reconciler.run(30.0),
            "beat": self._beat,
        }
        for key, quoter in self.quoters.items():
            made[key] = partial(restarting, quoter.key, quoter.run, quoter.failed)
        for name in names:
            for one in SPOTS if name == "quoters" else (name,):
                self.tasks[one] = asyncio.create_task(made[one]())

    async def _beat(self) -> None:
        """Other makers refill what was taken; streams that are alive say so even when nothing moves."""
        while True:
            now = self.clock.now_ns()
            for key, exchange in self.exchanges.items():
                if key not in self.frozen:
                    self._refill(key)
                    exchange.book.seen_ns = now
            await asyncio.sleep(0.1)

    async def calm(self, within_s: float = 60.0) -> View:
        """Wait until level NORMAL is reached and net delta is back in the band."""
        await self.until(
            lambda: abs(self.net) <= self.view.value.exposure.band and self.view.value.level == 0, within_s
        )
        return self.view.value

    @property
    def net(self) -> float:
        """Confirmed net delta as the view has it (what works on the venues not counted)."""
        return self.view.value.exposure.source - self.view.value.exposure.target

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> float:
        """Wait for a condition, looking every 5 ms; returns the seconds it took. A dead task is raised."""
        began = self.clock.monotonic()
        while not condition():
            for task in self.tasks.values():
                if task.done():
                    task.result()
            took = self.clock.monotonic() - began
            assert took < within_s, f"not within {within_s} s: {self.view.value.level_reason}"
            await asyncio.sleep(0.005)
        return self.clock.monotonic() - began

    async def close(self) -> None:
        """Stop the tasks and the venues."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        for venue in self.venues.values():
            await venue.stop()


@asynccontextmanager
async def rig(desk: Desk | None = None, *tasks: str) -> AsyncIterator[Rig]:
    """A rig that is ready, with `tasks` running."""
    made = Rig(desk or Desk())
    try:
        await made.open()
        made.start(*tasks)
        yield made
    finally:
        await made.close()


ALL = ("aggregator", "beat", "sampler", "hedger", "seller", "reconciler", "quoters")


def with_limits(**sections: dict[str, object]) -> Limits:
    """The default limits with some values of some sections replaced."""
    base = Limits()
    return base.model_copy(
        update={name: getattr(base, name).model_copy(update=values) for name, values in sections.items()}
    )


def still(desk: Desk, **changes: object) -> Desk:
    """A desk with some values replaced."""
    return replace(desk, **changes)  # type: ignore[arg-type]
