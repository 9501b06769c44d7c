"""Live quotes: what the venue's words do to our picture of what rests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.model.facts import Fill, OrderUpdated
from bot.model.market import OrderBook
from bot.model.order import Amend, OrderIntent, OrderState, Purpose, Side
from bot.quoting.live import LiveOrder, LiveQuotes, Pending
from quoting.quoting_cases import instrument

NOW = 1_000


def quotes_with(*orders: tuple[str, Side, int, int]) -> LiveQuotes:
    quotes = LiveQuotes(instrument())
    for client_id, side, ticks, lots in orders:
        quotes.sent(OrderIntent(client_id, "binance.spot", side, ticks, lots, Purpose.QUOTE), NOW)
    return quotes


def update(
    client_id: str, state: OrderState, filled: int = 0, reason: str = "", price_ticks: int = 0
) -> OrderUpdated:
    return OrderUpdated(NOW, NOW, "binance.spot", client_id, state, filled, reason, price_ticks)


def fill(client_id: str | None, trade_id: str, tokens: str) -> Fill:
    return Fill(
        seen_ns=NOW,
        venue_ns=NOW,
        instrument="binance.spot",
        trade_id=trade_id,
        client_id=client_id,
        side=Side.BUY,
        price=Decimal(1),
        quantity=Decimal(tokens),
        fee=Decimal(0),
        fee_currency="USDT",
        maker=True,
    )


def order(quotes: LiveQuotes, client_id: str) -> LiveOrder:
    found = quotes.get(client_id)
    assert found is not None
    return found


def test_sides_are_kept_best_first_and_counted_by_price() -> None:
    quotes = quotes_with(
        ("a", Side.BUY, 90, 5), ("b", Side.BUY, 99, 1), ("c", Side.BUY, 90, 2), ("d", Side.SELL, 110, 4),
        ("e", Side.SELL, 101, 3),
    )  # fmt: skip
    assert [o.client_id for o in quotes.bids] == ["b", "a", "c"]
    assert [o.client_id for o in quotes.asks] == ["e", "d"]
    assert quotes.own_bids == {99: 1, 90: 7}
    assert quotes.own_asks == {101: 3, 110: 4}
    assert len(quotes) == 5
    assert "a" in quotes


def test_own_size_comes_out_of_the_order_book() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 5))
    book = OrderBook("binance.spot")
    book.reset([(99, 5), (98, 7)], [(101, 1)])
    assert book.top_without(quotes.own_bids, quotes.own_asks)[1:5] == (98, 7, 101, 1)


def test_a_client_id_is_never_used_twice() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 5))
    with pytest.raises(ValueError, match="never used twice"):
        quotes.adopt("a", Side.BUY, 98, 5, NOW)


def test_adopted_orders_rest_at_once() -> None:
    quotes = quotes_with()
    quotes.adopt("x", Side.SELL, 105, 9, NOW)
    assert order(quotes, "x").pending is Pending.NONE
    assert quotes.own_asks == {105: 9}


@pytest.mark.parametrize(
    "end",
    [OrderState.CANCELED, OrderState.REJECTED, OrderState.FILLED, OrderState.EXPIRED, OrderState.DEAD],
)
def test_settled_orders_leave(end: OrderState) -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 5))
    assert quotes.on_order(update("a", end))
    assert len(quotes) == 0
    assert quotes.own_bids == {}
    assert not quotes.on_order(update("a", end))


def test_a_trade_counts_once_whoever_tells_it() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.on_order(update("a", OrderState.OPEN))
    assert quotes.on_fill(fill("a", "t1", "1.0"))
    assert not quotes.on_fill(fill("a", "t1", "1.0"))
    assert order(quotes, "a").lots == 40
    quotes.on_order(update("a", OrderState.OPEN, filled=10))
    assert order(quotes, "a").lots == 40
    quotes.on_order(update("a", OrderState.OPEN, filled=30))
    assert order(quotes, "a").lots == 20
    assert quotes.on_fill(fill("a", "t2", "2.0"))  # the 20 lots the update had told already
    assert order(quotes, "a").lots == 20
    assert quotes.own_bids == {99: 20}
    quotes.on_fill(fill("a", "t3", "2.0"))
    assert "a" not in quotes
    assert quotes.own_bids == {}


def test_foreign_fills_are_not_ours() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    assert not quotes.on_fill(fill(None, "t1", "1"))
    assert not quotes.on_fill(fill("other", "t1", "1"))


def test_amend_taken_moves_the_order() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50), ("b", Side.BUY, 98, 50))
    for name in "ab":
        quotes.on_order(update(name, OrderState.OPEN))
    quotes.amending(Amend("b", "binance.spot", 100, 40), NOW + 5)
    assert order(quotes, "b").pending is Pending.AMEND
    assert quotes.own_bids == {99: 50, 98: 50}  # rests at the old price until the venue answers
    quotes.on_order(update("b", OrderState.OPEN, price_ticks=100))
    assert [o.client_id for o in quotes.bids] == ["b", "a"]
    assert quotes.own_bids == {99: 50, 100: 40}
    assert order(quotes, "b").sent_ns == NOW + 5


def test_amend_refused_keeps_the_order() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.amending(Amend("a", "binance.spot", 100, 40), NOW)
    quotes.on_order(update("a", OrderState.OPEN, reason="amend refused"))
    kept = order(quotes, "a")
    assert (kept.ticks, kept.lots, kept.pending) == (99, 50, Pending.NONE)


def test_an_echo_at_the_old_price_settles_no_amend() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.amending(Amend("a", "binance.spot", 100, 40), NOW)
    quotes.on_fill(fill("a", "t1", "1.0"))
    quotes.on_order(update("a", OrderState.OPEN, filled=10, price_ticks=99))
    kept = order(quotes, "a")
    assert (kept.ticks, kept.lots, kept.pending) == (99, 40, Pending.AMEND)
    quotes.on_order(update("a", OrderState.OPEN, filled=10, price_ticks=100))
    assert (kept.ticks, kept.lots, kept.pending) == (100, 30, Pending.NONE)


def test_a_fill_report_without_price_settles_no_amend() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.amending(Amend("a", "binance.spot", 100, 40), NOW)
    quotes.on_order(update("a", OrderState.OPEN, filled=10))
    kept = order(quotes, "a")
    assert (kept.lots, kept.to_lots, kept.pending) == (40, 30, Pending.AMEND)
    quotes.on_order(update("a", OrderState.OPEN, filled=10))
    assert (kept.ticks, kept.lots, kept.pending) == (100, 30, Pending.NONE)


def test_fills_may_overtake_an_amend() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.amending(Amend("a", "binance.spot", 99, 20), NOW)
    quotes.on_order(update("a", OrderState.OPEN, filled=30))
    quotes.on_order(update("a", OrderState.OPEN, filled=30, price_ticks=99))
    assert order(quotes, "a").lots == 20  # never zero or less while the venue says it is open


def test_unknown_is_counted_until_settled() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.on_order(update("a", OrderState.UNKNOWN))
    assert quotes.unknown == 1
    assert quotes.own_bids == {99: 50}
    quotes.on_order(update("a", OrderState.OPEN))
    assert quotes.unknown == 0
    assert order(quotes, "a").pending is Pending.NONE


def test_unknown_amend_settled_with_its_price_is_clear_and_without_it_doubtful() -> None:
    for price, doubtful, ticks, lots in ((0, True, 99, 50), (100, False, 100, 40), (99, False, 99, 50)):
        quotes = quotes_with(("a", Side.BUY, 99, 50))
        quotes.amending(Amend("a", "binance.spot", 100, 40), NOW)
        quotes.on_order(update("a", OrderState.UNKNOWN))
        quotes.on_order(update("a", OrderState.OPEN, price_ticks=price))
        kept = order(quotes, "a")
        assert (kept.pending is Pending.DOUBT, kept.ticks, kept.lots) == (doubtful, ticks, lots)
        assert kept.settled


def test_unknown_amend_of_the_size_alone_stays_doubtful() -> None:
    for price in (0, 99):
        quotes = quotes_with(("a", Side.BUY, 99, 50))
        quotes.amending(Amend("a", "binance.spot", 99, 40), NOW)
        quotes.on_order(update("a", OrderState.UNKNOWN))
        quotes.on_order(update("a", OrderState.OPEN, price_ticks=price))
        assert order(quotes, "a").pending is Pending.DOUBT


def test_cancel_refused_frees_the_order_again() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.cancelling("a")
    quotes.on_order(update("a", OrderState.OPEN))  # a late acknowledgement of the order itself
    assert order(quotes, "a").pending is Pending.CANCEL
    quotes.on_order(update("a", OrderState.OPEN, reason="cancel refused"))
    assert order(quotes, "a").pending is Pending.NONE


def test_every_change_ends_the_promise() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    changes = [
        lambda: quotes.on_order(update("a", OrderState.OPEN)),
        lambda: quotes.on_fill(fill("a", "t1", "1")),
        lambda: quotes.amending(Amend("a", "binance.spot", 98, 40), NOW),
        lambda: quotes.cancelling("a"),
        lambda: quotes.adopt("b", Side.SELL, 120, 5, NOW),
        quotes.clear,
        quotes.invalidate,
    ]
    for change in changes:
        quotes.promise(0.9, 1.1, 0.9, 1.1)
        assert not quotes.needs_refresh(1.0, 1.0)
        change()
        assert quotes.needs_refresh(1.0, 1.0)
    assert len(quotes) == 0
    assert list(quotes.orders()) == []


def test_needs_refresh_outside_either_interval() -> None:
    quotes = quotes_with()
    assert quotes.needs_refresh(1.0, 1.0)
    quotes.promise(0.99, 1.01, 0.98, 1.02)
    assert not quotes.needs_refresh(0.99, 1.02)
    assert quotes.needs_refresh(0.9899, 1.0)
    assert quotes.needs_refresh(1.0, 1.0201)
    assert quotes.needs_refresh(float("nan"), 1.0)


@pytest.mark.parametrize(
    ("state", "sent_ns", "settled"),
    [(None, 5, True), (OrderState.UNKNOWN, 5, True), (OrderState.UNKNOWN, 10, False), (None, 10, False)],
)
def test_a_query_settles_what_cannot_change_any_more(
    state: OrderState | None, sent_ns: int, settled: bool
) -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.amending(Amend("a", "binance.spot", 100, 40), sent_ns)
    if state:
        quotes.on_order(update("a", state))
    assert quotes.confirm("a", 100, 35, horizon_ns=10) is settled
    kept = order(quotes, "a")
    assert (kept.pending is Pending.NONE) is settled
    assert (kept.ticks, kept.lots) == ((100, 35) if settled else (99, 50))
    assert quotes.own_bids == {kept.ticks: kept.lots}


def test_a_query_does_not_overrule_the_streams() -> None:
    quotes = quotes_with(("a", Side.BUY, 99, 50))
    quotes.on_order(update("a", OrderState.OPEN))
    quotes.on_fill(fill("a", "t1", "1"))
    assert not quotes.confirm("a", 99, 50, horizon_ns=10**18)
    assert not quotes.confirm("gone", 99, 50, horizon_ns=10**18)
    assert order(quotes, "a").lots == 40
