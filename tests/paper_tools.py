"""Instruments and listeners for the tests of the simulated exchanges: fakes that keep the Protocols."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import TypeVar

from bot.clock import VirtualLoop
from bot.model.facts import Fill, FundingPaid, OrderUpdated, VenueDown, VenueUp
from bot.model.instrument import Instrument, Kind
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import Amend, OrderIntent, OrderState, Purpose, Side, TimeInForce
from bot.sim.account import MarginTerms, open_account
from bot.sim.exchange import SimExchange
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.paper_store import Store

T = TypeVar("T")
START_NS = 1_700_000_000 * 10**9
TICK, LOT = Decimal("0.0001"), Decimal("0.1")


def instrument(kind: Kind = Kind.SPOT, maker: str = "0", taker: str = "0.001") -> Instrument:
    """Tick 0.0001 USDT, lot 0.1 tokens, at least 5 USDT an order."""
    return Instrument(
        "binance", kind, "TKN/USDT", TICK, LOT, Decimal(5), maker_fee=Decimal(maker), taker_fee=Decimal(taker)
    )


class Heard:
    """Writes down everything an exchange or a venue tells."""

    def __init__(self) -> None:
        self.books = 0
        self.told: list[object] = []

    def on_book(self, book: OrderBook) -> None:
        self.books += 1

    def on_trade(self, trade: PublicTrade) -> None:
        self.told.append(trade)

    def on_order(self, update: OrderUpdated) -> None:
        self.told.append(update)

    def on_fill(self, fill: Fill) -> None:
        self.told.append(fill)

    def on_funding(self, payment: FundingPaid) -> None:
        self.told.append(payment)

    def on_health(self, change: VenueUp | VenueDown) -> None:
        self.told.append(change)

    @property
    def orders(self) -> list[OrderUpdated]:
        return [told for told in self.told if isinstance(told, OrderUpdated)]

    @property
    def fills(self) -> list[Fill]:
        return [told for told in self.told if isinstance(told, Fill)]

    @property
    def trades(self) -> list[PublicTrade]:
        return [told for told in self.told if isinstance(told, PublicTrade)]

    @property
    def payments(self) -> list[FundingPaid]:
        return [told for told in self.told if isinstance(told, FundingPaid)]

    @property
    def health(self) -> list[VenueUp | VenueDown]:
        return [told for told in self.told if isinstance(told, VenueUp | VenueDown)]

    def states(self) -> list[tuple[str, OrderState, int, str]]:
        """(client id, state, filled lots, reason) of every order update."""
        return [(u.client_id, u.state, u.filled_lots, u.reason) for u in self.orders]


def spot(tokens: int = 100_000, usdt: int = 100_000, maker: str = "0") -> tuple[SimExchange, Heard]:
    """A spot exchange and its listener."""
    heard, made = Heard(), instrument(maker=maker)
    return SimExchange(made, open_account(made, Decimal(tokens), Decimal(usdt)), heard), heard


def perp(usdt: int = 100_000, initial: str = "0.1", taker: str = "0.001") -> tuple[SimExchange, Heard]:
    """A perp exchange and its listener."""
    heard, made = Heard(), instrument(Kind.PERP, taker=taker)
    account = open_account(made, Decimal(0), Decimal(usdt), MarginTerms(Decimal(initial), Decimal("0.025")))
    return SimExchange(made, account, heard), heard


def quote(client_id: str, side: Side, ticks: int, lots: int, *, reduce_only: bool = False) -> OrderIntent:
    """A post-only order."""
    return OrderIntent(client_id, "binance.spot", side, ticks, lots, Purpose.QUOTE, reduce_only=reduce_only)


def taker(client_id: str, side: Side, ticks: int, lots: int, *, reduce_only: bool = False) -> OrderIntent:
    """An immediate-or-cancel order."""
    ioc = TimeInForce.IOC
    return OrderIntent(client_id, "binance.perp", side, ticks, lots, Purpose.HEDGE, ioc, reduce_only)


def amended(client_id: str, ticks: int, lots: int) -> Amend:
    """An amend."""
    return Amend(client_id, "binance.spot", ticks, lots)


def ladder(
    fair: int, lots: int = 1_000, levels: int = 3
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Other makers' levels 10, 20, 30… ticks around a fair price."""
    steps = range(10, 10 * levels + 1, 10)
    return [(fair - step, lots) for step in steps], [(fair + step, lots) for step in steps]


def run(story: Coroutine[object, object, T]) -> T:
    """Run a coroutine on a virtual loop of its own: hours pass in no time."""
    loop = VirtualLoop(origin_ns=START_NS)
    try:
        return loop.run_until_complete(story)
    finally:
        loop.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; AssertionError after a minute of loop time."""
    for _ in range(60_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition never came true")


def paper(
    exchange: SimExchange, terms: PaperTerms | None = None, store: Store | None = None, seed: int = 1
) -> PaperVenue:
    """A paper venue on the running virtual loop."""
    clock = asyncio.get_running_loop()
    assert isinstance(clock, VirtualLoop)
    return PaperVenue(exchange, clock, random.Random(seed), terms, store)
