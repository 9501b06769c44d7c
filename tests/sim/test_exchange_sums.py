"""Whatever is asked of an exchange, in whatever order: books, holds, positions and money add up exactly."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.model.facts import Fill
from bot.model.order import Side
from bot.sim.account import PerpAccount, SpotAccount
from bot.sim.exchange import SimExchange
from paper_tools import LOT, TICK, Heard, amended, ladder, perp, quote, spot, taker

BUY, SELL = Side.BUY, Side.SELL
IDS = [f"o{n}" for n in range(6)]
SIDES = st.sampled_from([BUY, SELL])
PRICES, SIZES = st.integers(9_950, 10_050), st.integers(1, 3_000)
OPERATIONS = st.one_of(
    st.tuples(st.just("rest"), SIDES, PRICES, SIZES, st.booleans()),
    st.tuples(st.just("take"), SIDES, PRICES, SIZES, st.booleans()),
    st.tuples(st.just("amend"), st.sampled_from(IDS), PRICES, SIZES),
    st.tuples(st.just("cancel"), st.sampled_from(IDS)),
    st.tuples(st.just("others"), PRICES),
    st.tuples(st.just("level"), SIDES, PRICES, st.integers(0, 500)),
    st.tuples(st.just("sweep"), SIDES, PRICES, SIZES),
    st.tuples(st.just("pick_off"), SIDES, PRICES),
)


class Run:
    """Random operations on one exchange, the same for spot and perp."""

    def __init__(self, exchange: SimExchange, heard: Heard) -> None:
        self.exchange, self.heard, self.serial = exchange, heard, 0

    def apply(self, now: int, operation: tuple[Any, ...]) -> None:
        exchange, (what, *args) = self.exchange, operation
        if what in ("rest", "take"):
            self.serial += 1
            side, ticks, lots, reduce_only = args
            name = f"o{self.serial}" if self.serial < 6 else f"n{self.serial}"
            make = quote if what == "rest" else taker
            exchange.submit(make(name, side, ticks, lots, reduce_only=reduce_only), now)
        elif what == "amend":
            exchange.amend(amended(*args), now)
        elif what == "others":
            exchange.set_others(*ladder(*args), now)
        elif what == "pick_off":
            exchange.pick_off(*args, None, now)
        else:
            {"cancel": exchange.cancel, "level": exchange.set_level, "sweep": exchange.sweep}[what](
                *args, now
            )

    def check_book(self) -> None:
        """Public = shown others + ours, bests are the bests, and we never stand crossed with anyone shown."""
        exchange, book = self.exchange, self.exchange.book
        own: dict[Side, Counter[int]] = {BUY: Counter(), SELL: Counter()}
        for order in exchange.open_orders():
            own[order.side][int(order.price / TICK)] += int(order.remaining / LOT)
        for side, levels in ((BUY, book.bids), (SELL, book.asks)):
            assert all(levels.get(ticks, 0) >= lots > 0 for ticks, lots in own[side].items())
        assert book.best_bid == max(book.bids, default=0)
        assert book.best_ask == min(book.asks, default=0)
        if own[BUY] and book.best_ask:
            assert max(own[BUY]) < book.best_ask
        if own[SELL] and book.best_bid:
            assert book.best_bid < min(own[SELL])

    def check_fills(self) -> None:
        """What was told of each order is the sum of its trades; positions and money follow from trades."""
        exchange, heard = self.exchange, self.heard
        lots: Counter[str | None] = Counter()
        for fill in heard.fills:
            lots[fill.client_id] += int(fill.quantity / LOT)
        last = {u.client_id: u.filled_lots for u in heard.orders if u.reason != "duplicate"}
        assert {name: filled for name, filled in last.items() if filled} == dict(lots)
        assert exchange.trades_since(0) == tuple(heard.fills)
        ids = [f.trade_id for f in heard.fills]
        assert ids == [f"t{n + 1}" for n in range(len(ids))]


def cash_of(fills: list[Fill]) -> Decimal:
    return sum((-f.side * f.price * f.quantity - f.fee for f in fills), Decimal(0))


@given(st.lists(OPERATIONS, max_size=40))
def test_spot_books_and_money_always_add_up(operations: list[tuple[Any, ...]]) -> None:
    exchange, heard = spot(tokens=500, usdt=500, maker="0.0002")
    run, account = Run(exchange, heard), exchange.account
    assert isinstance(account, SpotAccount)
    for now, operation in enumerate(operations):
        run.apply(now, operation)
        run.check_book()
        orders = exchange.open_orders()
        assert account.held_lots == sum(int(o.remaining / LOT) for o in orders if o.side is SELL)
        bids = sum((o.price * o.remaining * Decimal("1.0002") for o in orders if o.side is BUY), Decimal(0))
        held = account.held_quanta * TICK * LOT
        assert bids <= held <= bids + len(orders) * TICK * LOT
        assert account.tokens >= account.held_lots * LOT
        assert account.usdt >= held
    run.check_fills()
    assert account.usdt == 500 + cash_of(heard.fills)
    assert account.tokens == 500 + sum((f.side * f.quantity for f in heard.fills), Decimal(0))


@given(st.lists(OPERATIONS, max_size=40))
def test_perp_books_and_money_always_add_up(operations: list[tuple[Any, ...]]) -> None:
    exchange, heard = perp(usdt=100)
    run, account = Run(exchange, heard), exchange.account
    assert isinstance(account, PerpAccount)
    for now, operation in enumerate(operations):
        run.apply(now, operation)
        run.check_book()
        for side, claimed in ((BUY, account.bid_lots), (SELL, account.ask_lots)):
            resting = [exchange.order(o.client_id or "") for o in exchange.open_orders() if o.side is side]
            assert claimed == sum(o.lots for o in resting if o is not None and not o.reduce_only)
    run.check_fills()
    assert account.position == sum((f.side * f.quantity for f in heard.fills), Decimal(0))
    assert account.equity(Decimal("0.9")) == 100 + cash_of(heard.fills) + account.position * Decimal("0.9")


@given(st.lists(OPERATIONS, max_size=40))
def test_the_same_calls_give_the_same_answers(operations: list[tuple[Any, ...]]) -> None:
    told: list[list[object]] = []
    for _ in range(2):
        run = Run(*spot(tokens=500, usdt=500))
        for now, operation in enumerate(operations):
            run.apply(now, operation)
        told.append(run.heard.told)
    assert told[0] == told[1]
