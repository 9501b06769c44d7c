"""What a venue answers when asked: snapshot, funding, the rules of its market.

Rule 1: a query that failed, or whose answer cannot be shown to be whole, is None: never empty, never zero.
Rule 2: a market whose rules differ from the configured instrument is refused before the first order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any, TypeVar

from bot.clock import Clock
from bot.model.facts import FundingPaid, OpenOrder, VenueSnapshot
from bot.model.instrument import Instrument
from bot.venues.ccxt_client import HANDLER_ERRORS
from bot.venues.ccxt_dialect import Asked, Dialect, PerpState
from bot.venues.ccxt_orders import OwnOrders
from bot.venues.clock_offset import ClockOffset
from bot.venues.translate import Row, TradeReport, exact, side_of

T = TypeVar("T")
NAMED_AT_ONCE = 20


class Queries:
    """Questions to one market of one venue."""

    def __init__(self, exchange: Any, dialect: Dialect, orders: OwnOrders, clock: Clock) -> None:
        self.exchange, self.dialect, self.orders, self._clock = exchange, dialect, orders, clock
        self.failures: dict[str, str] = {}
        self._nameless: dict[str, None] = {}

    async def _tried(self, name: str, query: Awaitable[T]) -> T | None:
        try:
            found = await query
        except HANDLER_ERRORS as error:
            self.failures[name] = type(error).__name__
            return None
        self.failures.pop(name, None)
        return found

    async def snapshot(self, since_ns: int) -> VenueSnapshot:
        """Everything at once; each part None where its query failed."""
        dialect, exchange, now_ns = self.dialect, self.exchange, self._clock.now_ns()
        since_ms = since_ns // 1_000_000
        rows, asked, balance, perp = await asyncio.gather(
            self._tried("open orders", self._open_orders()),
            self._tried("trades", dialect.trades(exchange, since_ms, now_ns // 1_000_000)),
            self._tried("balance", dialect.usdt(exchange)),
            self._tried("position", self._perp()),
        )
        trades = await self._trades(asked, since_ms) if asked is not None else None
        base = self.dialect.symbol.partition("/")[0]
        position = perp.position if perp is not None else None
        if dialect.spot:
            position = _total(balance, base)
        return VenueSnapshot(
            seen_ns=self._clock.now_ns(),
            instrument=dialect.instrument.id,
            since_ns=since_ns,
            open_orders=rows,
            trades=trades,
            position=position,
            usdt=_total(balance, "USDT"),
            margin_ratio=perp.margin_ratio if perp is not None else None,
            liquidation_price=perp.liquidation_price if perp is not None else None,
        )

    async def _perp(self) -> PerpState | None:
        return None if self.dialect.spot else await self.dialect.perp_state(self.exchange)

    async def _open_orders(self) -> tuple[OpenOrder, ...]:
        rows = await self.dialect.open_orders(self.exchange)
        found = []
        for row in rows:
            client_id = str(row["clientOrderId"]) if row["clientOrderId"] else None
            if client_id is not None and client_id in self.orders.by_client:
                self.orders.named(client_id, str(row["id"]))
            left = exact(row["amount"]) - exact(row["filled"])
            found.append(
                OpenOrder(client_id, str(row["id"]), side_of(row["side"]), exact(row["price"]), left)
            )
        return tuple(found)

    async def resting(self, prefix: str) -> list[str]:
        """Client ids of what rests under `prefix`. ConnectionError when the venue does not say."""
        try:
            rows = await self.dialect.open_orders(self.exchange)
        except HANDLER_ERRORS as error:
            name = self.dialect.instrument.id
            raise ConnectionError(f"{name} does not say what rests: {type(error).__name__}") from error
        names = {str(row["clientOrderId"]): str(row["id"]) for row in rows if row["clientOrderId"]}
        for client_id, order_id in names.items():
            self.orders.named(client_id, order_id)
        return [client_id for client_id in names if client_id.startswith(prefix)]

    async def _trades(self, asked: Asked, since_ms: int) -> tuple[Any, ...] | None:
        """Fills since a time, each with the client id of its order; None when some may be missing."""
        if not asked.whole:
            self.failures["trades"] = "the venue's history does not reach back that far"
            return None
        wanted = [trade for trade in asked.trades if trade.venue_ms >= since_ms]
        if await self._tried("names", self._name(wanted)) is None:
            return None
        wanted.sort(key=lambda trade: (trade.venue_ms, trade.trade_id))
        return tuple(self.orders.fill(trade, "backfill") for trade in wanted)

    async def _name(self, trades: list[TradeReport]) -> bool:
        """Ask for the client ids of orders that this run has not seen."""
        known = self.orders.client_of
        missing = {
            trade.order_id
            for trade in trades
            if trade.client_id is None
            and trade.order_id not in known
            and trade.order_id not in self._nameless
        }
        waiting = sorted(missing)
        while waiting:
            part, waiting = waiting[:NAMED_AT_ONCE], waiting[NAMED_AT_ONCE:]
            names = await asyncio.gather(*[self.dialect.query_id(self.exchange, one) for one in part])
            for order_id, client_id in zip(part, names, strict=True):
                if client_id is None:
                    self._nameless[order_id] = None
                else:
                    self.orders.client_of[order_id] = client_id
        return True

    async def payments(self, since_ms: int, rate: float) -> list[FundingPaid]:
        """Funding settlements since a time, oldest first. `rate` is the newest one known."""
        rows = await self.exchange.fetch_funding_history(self.dialect.symbol, since_ms, 100)
        if not rows:
            return []
        state = await self.dialect.perp_state(self.exchange)
        now_ns = self._clock.now_ns()
        return [
            FundingPaid(
                seen_ns=now_ns,
                venue_ns=int(row["timestamp"]) * 1_000_000,
                instrument=self.dialect.instrument.id,
                payment_id=str(row["id"]),
                rate=rate,
                position=state.position,
                usdt=self.dialect.payment(row),
            )
            for row in sorted(rows, key=lambda row: int(row["timestamp"]))
            if row["symbol"] == self.dialect.symbol
        ]

    async def compare_clocks(self, offset: ClockOffset) -> None:
        """One round trip; the client signs with the venue's time from then on."""
        sent_ns = self._clock.now_ns()
        venue_ms = int(await self.exchange.fetch_time())
        offset.add(sent_ns, venue_ms, self._clock.now_ns())
        if offset.offset_ms is not None:
            self.exchange.options["timeDifference"] = -round(offset.offset_ms)

    def market_faults(self) -> list[str]:
        """How the venue's rules differ from the instrument's; load markets first."""
        return market_faults(self.dialect.instrument, self.exchange.markets)


def _total(balance: Row | None, asset: str) -> Decimal | None:
    """What is held of an asset; an asset that a good answer does not name is not held."""
    if balance is None:
        return None
    row = balance.get(asset)
    return exact(row["total"]) if row else Decimal(0)


def market_faults(made: Instrument, markets: dict[str, Any] | None) -> list[str]:
    """Symbol, price step, quantity step and least notional against a venue's unified market."""
    market = (markets or {}).get(made.symbol)
    if market is None:
        return [f"{made.id}: the venue lists no {made.symbol}"]
    faults = []
    if market.get("active") is False:
        faults.append(f"{made.id}: {made.symbol} is not trading")
    size = exact(market.get("contractSize") or 1)
    pairs = (
        ("tick", made.tick, exact(market["precision"]["price"])),
        ("lot", made.lot, exact(market["precision"]["amount"]) * size),
    )
    faults += [
        f"{made.id}: {name} is {ours} here and {theirs} at the venue"
        for name, ours, theirs in pairs
        if ours != theirs
    ]
    least = market["limits"]["cost"]["min"]
    if least is not None and exact(least) > made.notional_usdt_min:
        faults.append(f"{made.id}: least notional is {made.notional_usdt_min} here and {least} at the venue")
    return faults
