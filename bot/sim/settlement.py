"""The account half of a simulated exchange: queries, funding, liquidation, and its state across a restart.

Rule 1: funding is paid once per interval id; a position that the exchange closes is a fill nobody ordered.
Rule 2: `state` and `restore` carry everything that must outlive the process; others' quotes do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from bot.model.facts import Fill, FundingPaid, OpenOrder
from bot.model.instrument import Instrument
from bot.model.order import OrderState, Side
from bot.sim.account import SimAccount
from bot.sim.events import ExchangeEvents
from bot.sim.matching import Resting
from bot.sim.trading import TradingBook


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """What an exchange needs to go on after a stop: account, our orders as they joined, recent trades."""

    account: dict[str, str]
    trade_count: int
    orders: tuple[Resting, ...]
    trades: tuple[Fill, ...]
    funding_ids: tuple[str, ...]


class SettlementBook(TradingBook):
    """A trading book with an account that can be asked, funded, liquidated and restored."""

    def __init__(self, instrument: Instrument, account: SimAccount, events: ExchangeEvents) -> None:
        super().__init__(instrument, account, events)
        self.funding_ids: dict[str, None] = {}

    @property
    def position(self) -> Decimal:
        """Tokens held (spot) or the signed position (perp)."""
        return self.account.position

    @property
    def usdt(self) -> Decimal:
        """USDT balance (spot) or margin wallet (perp)."""
        return self.account.usdt

    @property
    def now_ns(self) -> int:
        """Time of the last request, trade or payment."""
        return self._now

    @property
    def mark_usdt(self) -> Decimal | None:
        """Middle of the public book, else the last mark of the account; None while neither is known."""
        book = self.book
        if book.best_bid and book.best_ask:
            return self.instrument.price(book.best_bid + book.best_ask) / 2
        ticks = self._perp.mark_ticks if self._perp is not None else 0
        return self.instrument.price(ticks) if ticks else None

    def margin_ratio(self, mark_usdt: Decimal) -> float | None:
        """Maintenance margin over equity, 1 = liquidation; None for spot or flat."""
        return self._perp.margin_ratio(mark_usdt) if self._perp is not None else None

    def liquidation_price(self, mark_usdt: Decimal) -> Decimal | None:
        """Mark that liquidates the position; None for spot, flat or unreachable."""
        return self._perp.liquidation_price(mark_usdt) if self._perp is not None else None

    def order(self, client_id: str) -> Resting | None:
        """One of our resting orders, or None when it does not rest."""
        return self._orders.get(client_id)

    def open_orders(self, prefix: str = "") -> tuple[OpenOrder, ...]:
        """Our resting orders whose client id starts with `prefix`, oldest first."""
        price, tokens = self.instrument.price, self.instrument.tokens
        return tuple(
            OpenOrder(o.client_id, f"o-{o.client_id}", o.side, price(o.ticks), tokens(o.lots))
            for o in self._orders.values()
            if o.client_id.startswith(prefix)
        )

    def trades_since(self, since_ns: int) -> tuple[Fill, ...]:
        """Our trades at or after `since_ns`, oldest first (the exchange keeps the last `TRADES_KEPT`)."""
        found: list[Fill] = []
        for fill in reversed(self._trades):
            if fill.venue_ns < since_ns:
                break
            found.append(fill)
        return tuple(reversed(found))

    def state(self) -> ExchangeState:
        """Everything `restore` needs. The orders are the live objects: use them before time goes on."""
        return ExchangeState(
            account=self.account.state(),
            trade_count=self.trade_count,
            orders=tuple(sorted(self._orders.values(), key=lambda order: order.joined)),
            trades=tuple(self._trades),
            funding_ids=tuple(self.funding_ids),
        )

    def restore(self, state: ExchangeState) -> None:
        """Go on from a stored state. Only on a fresh exchange (ValueError otherwise); reports nothing."""
        if self._orders or self.trade_count or self.book.bids or self.book.asks:
            raise ValueError(f"{self._id} is already trading: restore a fresh exchange")
        self.account.restore(state.account)
        self.trade_count = state.trade_count
        self._trades.extend(state.trades)
        self.funding_ids = dict.fromkeys(state.funding_ids)
        for order in state.orders:
            ahead = order.ahead
            if not order.reduce_only:
                self.account.reserve_again(order.side, order.ticks, order.lots)
            self._orders[order.client_id] = order
            self._join(order)
            order.ahead = ahead
        self.book.best_bid, self.book.best_ask = self._bids.best, self._asks.best

    def settle_funding(self, rate: float, mark_usdt: Decimal, interval_id: str, now_ns: int) -> None:
        """Pay -position · mark · rate into the wallet, once per `interval_id`; silent when flat."""
        if self._perp is None:
            raise ValueError(f"{self._id} is no perpetual: it pays no funding")
        if interval_id in self.funding_ids:
            return
        self.funding_ids[interval_id] = None
        self._now = now_ns
        position = self._perp.position
        if position:
            usdt = self._perp.pay_funding(Decimal(str(rate)), mark_usdt)
            seen = now_ns + self.report_lag_ns
            self.events.on_funding(FundingPaid(seen, now_ns, self._id, interval_id, rate, position, usdt))

    def liquidate(self, fraction: Decimal, price_usdt: Decimal, now_ns: int) -> int:
        """The exchange cancels our orders and closes a fraction of the position at a price; returns lots.

        Pays the taker fee. There is no insurance fund: the wallet may end below zero.
        """
        self._now = now_ns
        for order in list(self._orders.values()):
            self._remove(order, OrderState.CANCELED, "liquidation")
        lots = self._close(fraction, price_usdt)
        self._book_changed(now_ns)
        return lots

    def adl(self, fraction: Decimal, price_usdt: Decimal, now_ns: int) -> int:
        """Auto-deleveraging: a fraction of the position is closed at a price, orders stay; returns lots."""
        self._now = now_ns
        return self._close(fraction, price_usdt)

    def _close(self, fraction: Decimal, price_usdt: Decimal) -> int:
        if self._perp is None or not 0 < fraction <= 1:
            raise ValueError(f"{self._id}: cannot close {fraction} of a position")
        position = self._perp.position_lots
        lots = int((abs(position) * fraction).to_integral_value(ROUND_CEILING))
        if lots:
            side = Side.SELL if position > 0 else Side.BUY
            self._trade(side, self.instrument.ticks(price_usdt), lots, None, maker=False)
        return lots
