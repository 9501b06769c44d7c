"""Each change is told once, each trade counts once, a settled order stays settled."""

from __future__ import annotations

from decimal import Decimal

from bot.clock import VirtualLoop
from bot.model.order import OrderIntent, OrderState, Side
from bot.venues.ccxt_orders import OwnOrders
from bot.venues.translate import OrderReport, TradeReport
from paper_tools import START_NS, instrument, quote, taker

_S = OrderState


def orders(intent: OrderIntent) -> OwnOrders:
    loop = VirtualLoop(origin_ns=START_NS)
    made = OwnOrders(instrument(), loop)
    loop.close()
    made.sent(intent)
    return made


def says(state: OrderState, filled: str = "0", at: int = 1, price: str = "1.0001") -> OrderReport:
    return OrderReport("a", "7", state, Decimal(filled), Decimal(price), at, "why")


def traded(number: str, size: str, client_id: str | None = None) -> TradeReport:
    price = Decimal("1.0001")
    return TradeReport(number, "7", client_id, Side.BUY, price, Decimal(size), Decimal(0), "USDT", True, 2)


def test_a_state_is_told_once() -> None:
    kept = orders(quote("a", Side.BUY, 10_001, 100))
    first = kept.order(says(_S.OPEN))
    assert first is not None
    assert (first.state, first.price_ticks, first.filled_lots) == (_S.OPEN, 10_001, 0)
    assert kept.order(says(_S.OPEN, at=2)) is None
    moved = kept.order(says(_S.OPEN, at=3, price="1.0005"))
    assert moved is not None
    assert moved.price_ticks == 10_005
    assert kept.order(says(_S.OPEN, at=2, price="1.0001")) is None


def test_a_settled_order_stays_settled_but_late_fills_count() -> None:
    kept = orders(quote("a", Side.BUY, 10_001, 100))
    assert kept.order(says(_S.CANCELED, "4")) is not None
    assert kept.order(says(_S.OPEN, "2", at=9)) is None
    late = kept.order(says(_S.FILLED, "10"))
    assert late is not None
    assert (late.state, late.filled_lots, late.price_ticks) == (_S.FILLED, 100, 0)


def test_an_ioc_that_ends_is_expired() -> None:
    kept = orders(taker("a", Side.BUY, 10_001, 100))
    ended = kept.order(says(_S.CANCELED, "4"))
    assert ended is not None
    assert ended.state is _S.EXPIRED


def test_a_trade_counts_once_and_knows_its_order() -> None:
    kept = orders(quote("a", Side.BUY, 10_001, 100))
    kept.named("a", "7")
    first = kept.trade(traded("t1", "4"), "stream")
    assert first is not None
    assert (first.client_id, first.origin) == ("a", "stream")
    assert kept.trade(traded("t1", "4"), "backfill") is None
    assert kept.by_client["a"].traded == kept.by_client["a"].filled == 40
    stranger = kept.fill(
        TradeReport("t9", "8", None, Side.SELL, Decimal(1), Decimal(1), Decimal(0), "USDT", False, 2),
        "backfill",
    )
    assert (stranger.client_id, stranger.origin) == (None, "external")


def test_what_we_know_ourselves_does_not_undo_a_settled_state() -> None:
    kept = orders(quote("a", Side.BUY, 10_001, 100))
    kept.order(says(_S.FILLED, "10"))
    told = kept.local("a", _S.UNKNOWN, "lost")
    assert told is not None
    assert (told.state, told.filled_lots) == (_S.FILLED, 100)
    assert [order.client_id for order in kept.unsettled()] == []
