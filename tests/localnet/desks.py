"""Desks of one exchange without sockets, on a clock that stands until it is moved."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, Keys
from bot.localnet.limits import VenueLimits
from bot.localnet.orders import Event, FundingRow, Order, OrderRequest, Tif, Trade
from bot.localnet.reports import DeskReports, Rules
from bot.localnet.web import Ask
from bot.model.instrument import Kind
from bot.model.market import PublicTrade
from bot.model.order import Side
from bot.sim.account import open_account
from bot.sim.events import IgnoreEvents
from bot.sim.exchange import SimExchange
from bot.sim.params import sim_instruments
from bot.sim.world import World
from localnet.clients import STILL

START_NS = 1_767_225_600_000_000_000
KEYS = Keys("key", "secret", "password")


class HandClock:
    """Time moved by hand."""

    def __init__(self) -> None:
        self.ns = START_NS

    def now_ns(self) -> int:
        """Now."""
        return self.ns

    def monotonic(self) -> float:
        """Seconds."""
        return self.ns / 1e9

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.ns += round(seconds * 1e9)


class Ear:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.orders: list[tuple[Event, str, int]] = []
        self.trades: list[Trade] = []
        self.public: list[PublicTrade] = []
        self.funding: list[FundingRow] = []
        self.books = 0

    def on_book(self, desk: DeskReports) -> None:
        """A book."""
        self.books += 1

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """A print."""
        self.public.append(trade)

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """An order event, with the status and what is filled at that moment."""
        self.orders.append((event, order.status(), order.filled))
        if trade is not None:
            self.trades.append(trade)

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """A payment."""
        self.funding.append(row)


class Frames:
    """Collects what is sent to a stream client."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def __call__(self, data: object, channel: str) -> None:
        self.sent.append((channel, data))


def engine(venue: str = "binance", clock: HandClock | None = None, **limits: int) -> Engine:
    """An exchange with 1,000,000 tokens and USDT on spot and 2,000,000 USDT of margin."""
    clock = clock or HandClock()
    million = Decimal(1_000_000)
    desks = {}
    for instrument in sim_instruments(STILL.instruments):
        if instrument.exchange == venue:
            free = replace(instrument, notional_usdt_min=Decimal(0))
            spot = instrument.kind is Kind.SPOT
            account = open_account(free, million if spot else Decimal(0), million if spot else 2 * million)
            desks[instrument.kind] = Desk(
                SimExchange(free, account, IgnoreEvents()), clock, Rules(Decimal(5))
            )
    spot, perp = desks[Kind.SPOT], desks[Kind.PERP]
    world = World(STILL, 1, START_NS, [spot.exchange, perp.exchange])
    return Engine(spot, perp, KEYS, world, VenueLimits(**limits))


def bid(desk: Desk, tokens: str, price: str, tif: Tif = Tif.POST_ONLY, client_id: str = "a") -> Order:
    """Place a bid."""
    return order(desk, Side.BUY, tokens, price, tif, client_id)


def order(
    desk: Desk, side: Side, tokens: str, price: str | None, tif: Tif = Tif.GTC, client_id: str = "a"
) -> Order:
    """Place an order; no price = market."""
    instrument = desk.instrument
    ticks = None if price is None else instrument.ticks(Decimal(price))
    return desk.place(OrderRequest(client_id, side, ticks, instrument.lots(Decimal(tokens)), tif))


def ask(target: str, params: dict[str, Any] | None = None, **headers: str) -> Ask:
    """A request by `GET /path`."""
    method, _, path = target.partition(" ")
    return Ask(method, "host", path, urlencode(params or {}), "", headers, START_NS // 1_000_000)
