"""What a desk makes of the simulation's reports."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet.orders import Event
from bot.model.order import OrderState, Side
from localnet.desks import Ear, bid, engine, order


def test_a_fill_reaches_listeners_after_the_account_has_it() -> None:
    desk = engine().spot
    positions: list[Decimal] = []

    class Reader(Ear):
        def on_order(self, *args: object) -> None:
            positions.append(desk.exchange.position)

    resting = bid(desk, "100", "0.9995")
    desk.listeners.append(Reader())
    desk.exchange.sweep(Side.SELL, 1, 400, desk.now_ms * 1_000_000)
    assert positions == [Decimal(1_000_040)]
    assert (resting.filled, resting.status(), desk.trades[-1].lots) == (400, "partial", 400)


def test_realised_profit_stands_on_the_trade_that_closed() -> None:
    desk = engine().perp
    order(desk, Side.BUY, "100", None, client_id="in")
    order(desk, Side.SELL, "100", None, client_id="out")
    opened, closed = desk.trades
    assert opened.realised == 0
    loss = (desk.book.best_bid - opened.ticks) * desk.instrument.tick * 100
    assert closed.realised == loss


def test_a_position_the_exchange_closes_is_an_order_nobody_sent() -> None:
    desk, ear = engine().perp, Ear()
    order(desk, Side.SELL, "100", None)
    desk.listeners.append(ear)
    desk.exchange.liquidate(Decimal(1), Decimal("1.5"), desk.now_ms * 1_000_000)
    assert desk.trades[-1].order.client_id.startswith("autoclose-")
    assert ear.orders[-1] == (Event.TRADED, "filled", 1000)


def test_funding_becomes_a_row() -> None:
    desk, ear = engine().perp, Ear()
    desk.listeners.append(ear)
    order(desk, Side.SELL, "100", None)
    desk.exchange.settle_funding(0.01, Decimal(1), "one", 0)
    assert [row.usdt for row in ear.funding] == [Decimal(1)]
    assert desk.funding[0].position == -100


def test_cancelling_is_told_once() -> None:
    desk, ear = engine().spot, Ear()
    resting = bid(desk, "100", "0.9995")
    desk.listeners.append(ear)
    desk.cancel(resting, note="why")
    assert (ear.orders, resting.note) == ([(Event.CANCELED, "canceled", 0)], "why")
    desk.cancel(resting)
    assert len(ear.orders) == 1
    assert resting.state is OrderState.CANCELED


def test_the_tape_is_numbered_and_books_are_told() -> None:
    desk, ear = engine().spot, Ear()
    desk.listeners.append(ear)
    desk.exchange.sweep(Side.BUY, 10**9, 10, desk.now_ms * 1_000_000)
    desk.exchange.sweep(Side.BUY, 10**9, 10, desk.now_ms * 1_000_000)
    numbers = [number for number, _ in desk.tape]
    assert numbers[1] == numbers[0] + 1
    assert (ear.books, len(ear.public)) == (2, 2)


def test_accounts_of_the_other_kind_are_refused() -> None:
    spot, perp = engine().desks
    with pytest.raises(TypeError, match="no margin account"):
        _ = spot.perp_account
    with pytest.raises(TypeError, match="no spot account"):
        _ = perp.spot_account
