"""A desk's requests: how limits, IOC, fill-or-kill and market orders run, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet.orders import Event, OrderRequest, Tif
from bot.model.order import OrderState, Side
from localnet.desks import Ear, bid, engine, order


def test_a_post_only_bid_rests_and_one_that_crosses_leaves_nothing() -> None:
    desk = engine().spot
    rests = bid(desk, "100", "0.9995")
    assert (rests.state, desk.book.best_bid) == (OrderState.OPEN, rests.ticks)
    refused = bid(desk, "100", "1.2", client_id="b")
    assert (refused.state, refused.reason) == (OrderState.REJECTED, "post_only")
    assert desk.find(None, "b") is None
    assert desk.find(refused.id, None) is None


def test_a_plain_limit_takes_then_rests_as_one_order() -> None:
    desk, ear = engine().spot, Ear()
    desk.listeners.append(ear)
    there = desk.book.asks[desk.book.best_ask]
    price = f"{desk.instrument.price(desk.book.best_ask)}"
    size = f"{desk.instrument.tokens(there) + 50}"
    placed = bid(desk, size, price, Tif.GTC)
    assert (placed.state, placed.filled, placed.left) == (OrderState.OPEN, there, 500)
    assert [event for event, _, _ in ear.orders] == [Event.NEW, Event.TRADED]
    assert desk.exchange.sweep(Side.SELL, 1, 500, desk.now_ms * 1_000_000) == 500
    assert placed.state is OrderState.FILLED
    assert ear.orders[-1] == (Event.TRADED, "filled", there + 500)
    assert desk.exchange.position == Decimal(1_000_000) + desk.instrument.tokens(there + 500)


def test_ioc_takes_within_its_limit_and_expires() -> None:
    desk = engine().perp
    best = desk.book.best_ask
    lots = desk.book.asks[best]
    tokens = f"{desk.instrument.tokens(lots) + 10}"
    taken = bid(desk, tokens, f"{desk.instrument.price(best)}", Tif.IOC)
    assert (taken.state, taken.filled) == (OrderState.EXPIRED, lots)
    assert desk.open_orders() == []


def test_fill_or_kill_trades_all_or_nothing() -> None:
    desk = engine().perp
    price = f"{desk.instrument.price(desk.book.best_ask)}"
    assert bid(desk, "1000000", price, Tif.FOK).filled == 0
    assert bid(desk, "100", price, Tif.FOK, "b").state is OrderState.FILLED


def test_a_market_order_walks_the_book_at_the_price_it_needs() -> None:
    desk = engine().spot
    best, second = sorted(desk.book.asks)[:2]
    lots = desk.book.asks[best] + 10
    bought = desk.place(OrderRequest("m", Side.BUY, None, lots, Tif.IOC))
    assert (bought.state, bought.filled, bought.ticks) == (OrderState.FILLED, lots, second)
    assert bought.cost_quanta == (lots - 10) * best + 10 * second


def test_amending_moves_price_and_whole_size() -> None:
    desk, ear = engine().spot, Ear()
    resting = bid(desk, "100", "0.9995")
    desk.exchange.sweep(Side.SELL, 1, 300, 0)
    desk.listeners.append(ear)
    assert desk.amend(resting, 99_940, 900) == ""
    assert (resting.ticks, resting.left, ear.orders) == (99_940, 600, [(Event.AMENDED, "partial", 300)])
    assert desk.exchange.order(resting.leg).lots == 600  # type: ignore[union-attr]
    assert desk.amend(resting, 99_940, 10**10) == "insufficient_balance"
    assert (resting.lots, resting.open) == (900, True)
    assert desk.amend(resting, 99_940, 300) == ""
    assert resting.state is OrderState.CANCELED


def test_amending_into_the_other_side_trades_a_plain_order_and_cancels_a_post_only_one() -> None:
    desk = engine().spot
    best = desk.book.best_ask
    plain, post = bid(desk, "100", "0.9995", Tif.GTC), bid(desk, "100", "0.9995", client_id="b")
    assert desk.amend(plain, best, 1000) == ""
    assert plain.state is OrderState.FILLED
    assert desk.amend(post, best, 1000) == ""
    assert (post.state, post.reason) == (OrderState.CANCELED, "post_only")


@pytest.mark.parametrize(
    ("price", "tokens", "reason"),
    [("1", "0.05", "lot"), ("1", "0", "lot"), ("1.000001", "10", "tick"), ("0", "10", "price"),
     ("1", "4.9", "notional"), ("7", "10", "band"), ("0.1", "100", "band"), ("1", "5", "")],
)  # fmt: skip
def test_filters(price: str, tokens: str, reason: str) -> None:
    desk = engine().spot
    assert desk.filtered(Decimal(price), Decimal(tokens)) == reason


def test_reduce_only_and_market_orders_are_filtered_without_a_price() -> None:
    desk = engine().perp
    assert desk.filtered(Decimal(1), Decimal(1), reduce_only=True) == ""
    assert desk.filtered(None, Decimal(1)) == "notional"
    assert desk.filtered(None, Decimal(10)) == ""


def test_no_more_orders_than_allowed() -> None:
    desk = engine().spot
    for number in range(desk.rules.orders_max):
        assert bid(desk, "10", "0.99", client_id=f"n{number}").open
    assert bid(desk, "10", "0.99", client_id="one-more").reason == "too_many_orders"
    assert len(desk.cancel_all()) == desk.rules.orders_max
    assert desk.open_orders() == []


def test_a_taker_that_meets_our_own_order_stops_there() -> None:
    desk = engine().spot
    resting = order(desk, Side.SELL, "100", "1.0001", Tif.POST_ONLY, "mine")
    taken = bid(desk, "100", "1.0001", Tif.IOC, "taker")
    assert (taken.state, taken.filled, taken.reason) == (OrderState.EXPIRED, 0, "self_trade")
    assert resting.open


def test_a_voided_order_is_known_as_cancelled() -> None:
    desk, ear = engine("bybit").spot, Ear()
    desk.listeners.append(ear)
    refused = bid(desk, "100", "1.2")
    desk.void(refused)
    assert ear.orders == [(Event.CANCELED, "canceled", 0)]
    assert desk.find(refused.id, None) is refused
