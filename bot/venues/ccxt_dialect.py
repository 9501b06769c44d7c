"""What differs from venue to venue behind the client library: the parts of `CcxtVenue` that are quirks.

Rule 1: a quirk lives in its venue's own file; everything here holds for a venue that has none.
Rule 2: what a venue does not say is None or a refusal, never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import ccxt

from bot.model.instrument import Instrument, Kind
from bot.model.order import OrderIntent, TimeInForce
from bot.venues.outcomes import Outcome, judge
from bot.venues.translate import OrderReport, Report, Row, TradeReport, order_of, trade_of

PAGES_MAX = 50


class Incomplete(ValueError):
    """A query's answer cannot be shown to be whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """An amend as venues take it: new price and whole size, filled part included."""

    client_id: str
    order_id: str
    intent: OrderIntent
    price: Decimal
    tokens: Decimal


@dataclass(frozen=True, slots=True)
class Asked:
    """Trades of ours as a query tells them; `whole` = nothing since the asked time is missing."""

    trades: tuple[TradeReport, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class PerpState:
    """A perp account by query: signed tokens, margin ratio (1 = liquidation) and liquidation price."""

    position: Decimal
    margin_ratio: float | None
    liquidation_price: float | None


@dataclass
class Dialect:
    """One market of one venue. Subclasses override what their venue does otherwise."""

    instrument: Instrument
    exchange: str = ""
    client: str = ""
    amend_rights: bool = True
    book_depth: int = 50
    private_watches: tuple[str, ...] = ("watch_orders",)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def spot(self) -> bool:
        """Spot or perp."""
        return self.instrument.kind is Kind.SPOT

    @property
    def symbol(self) -> str:
        """The client library's symbol."""
        return self.instrument.symbol

    def is_private(self, url: str) -> bool:
        """Whether a socket carries our own orders."""
        raise NotImplementedError

    def confirms(self, url: str, message: Any) -> bool:
        """Whether own orders flow from now on. `message` None = the socket has just been opened."""
        raise NotImplementedError

    def reports(self, url: str, message: Any) -> Sequence[Report]:
        """What a frame tells of our orders, our trades and the market's."""
        raise NotImplementedError

    def is_book(self, url: str, message: Any) -> bool:
        """Whether a frame changed the order book. ValueError: one is missing before it."""
        raise NotImplementedError

    def forget_book(self) -> None:
        """A public socket was lost: numbers start anew."""

    def expired(self, message: Any) -> bool:
        """Whether a frame says that the private stream has ended."""
        return False

    async def renew(self, exchange: Any) -> None:
        """Keep the private stream's key alive (every 20 minutes)."""

    def forget_login(self, exchange: Any) -> None:
        """Make the client log in anew at the next private watch."""

    def order_params(self, intent: OrderIntent) -> dict[str, Any]:
        """Parameters of a new order."""
        params: dict[str, Any] = {"clientOrderId": intent.client_id}
        if intent.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        else:
            params["timeInForce"] = "IOC"
        if intent.reduce_only and not self.spot:
            params["reduceOnly"] = True
        return params

    async def place(self, exchange: Any, intent: OrderIntent) -> str | None:
        """Send a new order; returns the venue's id, None when the answer had none."""
        made = self.instrument
        amount, price = str(made.tokens(intent.quantity_lots)), str(made.price(intent.price_ticks))
        params = self.order_params(intent)
        answer = await exchange.create_order(self.symbol, "limit", intent.side.word, amount, price, params)
        return _id(answer)

    async def amend(self, exchange: Any, change: Change) -> str | None:
        """Change an order; returns the venue's id."""
        params = {"clientOrderId": change.client_id}
        answer = await exchange.edit_order(
            change.order_id, self.symbol, "limit", change.intent.side.word, str(change.tokens),
            str(change.price), params,
        )  # fmt: skip
        return _id(answer)

    async def cancel(self, exchange: Any, client_id: str, order_id: str) -> None:
        """Ask for a cancel."""
        await exchange.cancel_order(None, self.symbol, {"clientOrderId": client_id})

    async def query(self, exchange: Any, client_id: str, order_id: str = "") -> OrderReport | None:
        """One order by client id (`order_id` if known); None when the venue says that there is none."""
        try:
            row = await exchange.fetch_order("", self.symbol, {"clientOrderId": client_id})
        except ccxt.BaseError as error:
            if judge(self.exchange, error).outcome is Outcome.NOT_FOUND:
                return None
            raise
        return order_of(row)

    async def query_id(self, exchange: Any, order_id: str) -> str | None:
        """The client id of an order by the venue's id; None when it has none or is not kept any more."""
        try:
            row = await exchange.fetch_order(order_id, self.symbol)
        except ccxt.BaseError as error:
            if judge(self.exchange, error).outcome is Outcome.NOT_FOUND:
                return None
            raise
        return row["clientOrderId"] or None

    async def open_orders(self, exchange: Any) -> list[Row]:
        """Unified rows of all resting orders."""
        rows: list[Row] = await exchange.fetch_open_orders(self.symbol)
        return rows

    async def trades(self, exchange: Any, since_ms: int, now_ms: int) -> Asked:
        """Our trades since a time."""
        raise NotImplementedError

    async def trades_of(self, exchange: Any, order_id: str) -> list[TradeReport]:
        """Our trades of one order."""
        raise NotImplementedError

    async def usdt(self, exchange: Any) -> Row:
        """Unified balance."""
        balance: Row = await exchange.fetch_balance()
        return balance

    async def perp_state(self, exchange: Any) -> PerpState:
        """Position and margin of the perp."""
        rows = await exchange.fetch_positions([self.symbol])
        held = [row for row in rows if row["symbol"] == self.symbol and row["contracts"]]
        position, ratio, price = Decimal(0), None, None
        for row in held:
            size = Decimal(str(row["contracts"])) * Decimal(str(row["contractSize"] or 1))
            position += -size if row["side"] == "short" else size
            ratio, price = row.get("marginRatio"), row.get("liquidationPrice") or None
        return PerpState(position, ratio, price)

    async def check_perp(self, exchange: Any, leverage: int | None) -> list[str]:
        """Faults of the perp account's settings: hedge mode, another leverage."""
        raise NotImplementedError

    async def funding(self, exchange: Any) -> tuple[float, float, int] | None:
        """(rate per interval, interval hours, next time ns) in force."""
        row = await exchange.fetch_funding_rate(self.symbol)
        hours = float(str(row.get("interval") or "8h").rstrip("h"))
        at = row["fundingTimestamp"] or row["nextFundingTimestamp"]
        if row["fundingRate"] is None or at is None:
            return None
        return float(row["fundingRate"]), hours, int(at) * 1_000_000

    def payment(self, row: Row) -> Decimal:
        """USDT of a funding payment, received = positive."""
        return Decimal(str(row["amount"]))


def _id(answer: Row) -> str | None:
    found = answer.get("id")
    return str(found) if found else None


def own_trades(rows: Sequence[Row]) -> list[TradeReport]:
    """Unified trade rows, client id where the venue's row has one."""
    return [trade_of(row, _client_id(row)) for row in rows]


def _client_id(row: Row) -> str | None:
    info = row.get("info") or {}
    found = info.get("orderLinkId") or info.get("clientOrderId") or info.get("clientOid")
    return str(found) if found else None
