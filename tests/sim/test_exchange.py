"""Our requests arriving: what is refused, what rests, what trades, and what it all adds up to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.model.order import OrderIntent, OrderState, Side
from bot.sim.account import SpotAccount
from bot.sim.exchange import SimExchange
from paper_tools import LOT, Heard, amended, ladder, perp, quote, spot, taker

BUY, SELL = Side.BUY, Side.SELL
OPEN, FILLED, CANCELED = OrderState.OPEN, OrderState.FILLED, OrderState.CANCELED
EXPIRED, REJECTED = OrderState.EXPIRED, OrderState.REJECTED


def quoted_spot(tokens: int = 100_000, usdt: int = 100_000) -> tuple[SimExchange, Heard]:
    exchange, heard = spot(tokens, usdt)
    exchange.set_others(*ladder(10_000), 1)
    return exchange, heard


def quoted_perp(usdt: int = 100_000) -> tuple[SimExchange, Heard]:
    exchange, heard = perp(usdt)
    exchange.set_others(*ladder(10_000), 1)
    return exchange, heard


def test_a_post_only_order_rests_and_shows() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 10_005, 100), 5)
    (update,) = heard.orders
    assert (update.state, update.filled_lots, update.price_ticks, update.venue_ns) == (OPEN, 0, 10_005, 5)
    assert (exchange.book.best_bid, exchange.book.bids[10_005]) == (10_005, 100)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (quote("a", BUY, 10_010, 100), "post_only"),
        (quote("a", SELL, 9_990, 100), "post_only"),
        (quote("a", SELL, 10_010, 0), "filter:lot"),
        (quote("a", SELL, 0, 100), "filter:price"),
        (quote("a", BUY, 9_990, 50), "filter:notional"),  # 4.995 USDT
        (quote("a", BUY, 9_990, 2_000), "insufficient_balance"),
        (quote("a", SELL, 10_010, 2_000), "insufficient_balance"),
        (quote("a", SELL, 10_010, 100, reduce_only=True), "reduce_only"),
        (taker("a", BUY, 10_010, 999), "insufficient_balance"),  # the taker fee is missing
    ],
)
def test_what_is_refused_changes_nothing(order: OrderIntent, reason: str) -> None:
    exchange, heard = quoted_spot(tokens=100, usdt=100)
    before = dict(exchange.book.bids), dict(exchange.book.asks), exchange.account.state()
    exchange.submit(order, 2)
    assert heard.states() == [("a", REJECTED, 0, reason)]
    assert (dict(exchange.book.bids), dict(exchange.book.asks), exchange.account.state()) == before
    assert exchange.open_orders() == ()


def test_a_client_id_is_accepted_once_whatever_became_of_it() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_990, 100), 2)
    exchange.submit(quote("a", BUY, 9_990, 100), 2)
    exchange.cancel("a", 3)
    exchange.submit(quote("a", BUY, 9_990, 100), 4)
    assert [(state, reason) for _, state, _, reason in heard.states()] == [
        (OPEN, ""),
        (REJECTED, "duplicate"),
        (CANCELED, ""),
        (REJECTED, "duplicate"),
    ]
    assert exchange.book.bids[9_990] == 1_000


def test_maintenance_refuses_orders_and_takes_cancels() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_990, 100), 2)
    exchange.halted = True
    exchange.submit(quote("b", BUY, 9_990, 100), 3)
    exchange.amend(amended("a", 9_980, 100), 3)
    exchange.cancel("a", 3)
    assert heard.states()[1:] == [
        ("b", REJECTED, 0, "halted"),
        ("a", OPEN, 0, "amend_refused:halted"),
        ("a", CANCELED, 0, ""),
    ]


def test_an_ioc_takes_level_by_level_and_its_rest_expires() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(taker("h", BUY, 10_020, 2_500), 7)
    assert [(f.price, f.quantity, f.maker) for f in heard.fills] == [
        (Decimal("1.0010"), Decimal(100), False),
        (Decimal("1.0020"), Decimal(100), False),
    ]
    assert [f.trade_id for f in heard.fills] == ["t1", "t2"]
    assert heard.states() == [("h", EXPIRED, 2_000, "ioc")]
    assert exchange.book.best_ask == 10_030
    assert exchange.usdt == 100_000 - Decimal("200.3") * Decimal("1.001")
    exchange.set_others(*ladder(10_000), 8)
    assert exchange.book.asks[10_010] == 1_000


def test_an_ioc_that_is_filled_says_so_and_one_that_meets_nothing_expires() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(taker("h", SELL, 9_980, 1_500), 7)
    exchange.submit(taker("i", SELL, 9_995, 1_500), 7)
    assert heard.states() == [("h", FILLED, 1_500, ""), ("i", EXPIRED, 0, "ioc")]


def test_our_taker_never_trades_with_our_maker() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.submit(taker("h", BUY, 10_020, 2_500), 3)
    assert [(f.client_id, f.quantity) for f in heard.fills] == [("h", Decimal(100))]
    assert heard.states()[-1] == ("h", EXPIRED, 1_000, "self_trade")
    assert exchange.book.asks[10_010] == 100


def test_reduce_only_shrinks_to_the_position() -> None:
    exchange, heard = quoted_perp()
    exchange.submit(taker("h", SELL, 9_990, 300), 2)
    exchange.submit(taker("i", SELL, 9_990, 300, reduce_only=True), 3)
    exchange.submit(taker("j", BUY, 10_010, 500, reduce_only=True), 4)
    assert heard.states() == [
        ("h", FILLED, 300, ""),
        ("i", REJECTED, 0, "reduce_only"),
        ("j", EXPIRED, 300, "reduce_only"),
    ]
    assert exchange.position == 0


def test_a_resting_reduce_only_order_never_opens_a_position() -> None:
    exchange, heard = quoted_perp()
    exchange.submit(taker("h", SELL, 9_990, 300), 2)
    exchange.submit(quote("a", BUY, 10_000, 200, reduce_only=True), 3)
    exchange.submit(quote("b", BUY, 10_000, 200, reduce_only=True), 3)
    assert exchange.sweep(SELL, 10_000, 1_000, 4) == 300
    assert exchange.position == 0
    assert exchange.sweep(SELL, 10_000, 1_000, 5) == 0
    assert heard.states()[-1] == ("b", CANCELED, 100, "reduce_only")


def test_a_perp_refuses_what_its_margin_cannot_carry() -> None:
    exchange, heard = quoted_perp(usdt=10)
    exchange.submit(taker("h", SELL, 9_990, 990), 2)
    exchange.submit(taker("i", SELL, 9_990, 100), 3)
    exchange.submit(taker("j", BUY, 10_010, 990), 4)
    assert [state for _, state, _, _ in heard.states()] == [FILLED, REJECTED, FILLED]
    assert heard.states()[1][3] == "insufficient_margin"


def amend_queue(ticks: int, lots: int) -> tuple[list[tuple[str, int]], Heard]:
    """Two orders of ours at 9,995, the first amended; then 50 lots are sold: who trades."""
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.submit(quote("b", BUY, 9_995, 100), 2)
    exchange.amend(amended("a", ticks, lots), 3)
    exchange.sweep(SELL, 9_900, 50, 4)
    return [(f.client_id or "", int(f.quantity / LOT)) for f in heard.fills], heard


def test_smaller_at_the_same_price_keeps_the_place() -> None:
    assert amend_queue(9_995, 60)[0] == [("a", 50)]


@pytest.mark.parametrize("lots", [101, 500])
def test_larger_at_the_same_price_goes_to_the_back(lots: int) -> None:
    assert amend_queue(9_995, lots)[0] == [("b", 50)]


def test_a_new_price_goes_to_the_back_there() -> None:
    fills, heard = amend_queue(9_990, 100)
    assert fills == [("b", 50)]
    assert heard.orders[2].price_ticks == 9_990
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.amend(amended("a", 9_990, 100), 3)
    exchange.sweep(SELL, 9_990, 1_030, 4)
    assert [int(f.quantity / LOT) for f in heard.fills] == [30]


def test_an_amend_that_would_trade_takes_the_order_out() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.amend(amended("a", 10_010, 100), 3)
    assert heard.states()[-1] == ("a", CANCELED, 0, "post_only")
    assert exchange.book.best_bid == 9_990
    assert isinstance(exchange.account, SpotAccount)
    assert exchange.account.held_quanta == 0


def test_a_refused_amend_leaves_the_order_as_it_was() -> None:
    exchange, heard = quoted_spot(usdt=100)
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.amend(amended("a", 9_990, 9_000), 3)
    exchange.amend(amended("a", 9_995, 1), 3)
    assert [reason for *_, reason in heard.states()[1:]] == [
        "amend_refused:insufficient_balance",
        "amend_refused:filter:notional",
    ]
    assert heard.orders[-1].price_ticks == 0
    assert exchange.book.bids[9_995] == 100


def test_requests_for_a_gone_order_are_answered_with_its_end() -> None:
    exchange, heard = quoted_spot()
    exchange.submit(quote("a", BUY, 9_995, 100), 2)
    exchange.sweep(SELL, 9_995, 100, 3)
    exchange.cancel("a", 4)
    exchange.amend(amended("a", 9_990, 100), 5)
    exchange.cancel("never", 6)
    assert heard.states()[-3:] == [
        ("a", FILLED, 100, "already_settled"),
        ("a", FILLED, 100, "already_settled"),
        ("never", CANCELED, 0, "unknown_order"),
    ]


def test_an_ask_moved_above_the_fair_price_reveals_the_bids_behind_it() -> None:
    exchange, _ = quoted_spot()
    exchange.submit(quote("a", SELL, 10_005, 100), 2)
    exchange.set_others(*ladder(10_040), 3)
    assert exchange.book.best_bid == 0
    assert exchange.book.quotable is False
    exchange.amend(amended("a", 10_025, 100), 4)
    assert exchange.book.best_bid == 10_020
    exchange.cancel("a", 5)
    assert (exchange.book.best_bid, exchange.book.best_ask) == (10_030, 10_050)
