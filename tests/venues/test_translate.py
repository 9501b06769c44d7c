"""Rows of the client library become reports; nonsense is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.model.order import OrderState, Side
from bot.venues.translate import exact, order_of, side_of, state_of, trade_of

ORDER: dict[str, Any] = {
    "id": "7", "clientOrderId": "a", "status": "open", "filled": 0.1, "amount": 10.0, "price": 1.0003,
    "timestamp": 5,
}  # fmt: skip


def test_numbers_stay_as_written() -> None:
    assert exact(0.1) + exact("0.20") == Decimal("0.3")
    assert exact(None) == exact("") == 0
    for nonsense in ("NaN", "Infinity", float("inf"), "1,000", "x"):
        with pytest.raises(ValueError, match="is not"):
            exact(nonsense)


def test_orders() -> None:
    report = order_of(ORDER)
    assert (report.client_id, report.order_id, report.state) == ("a", "7", OrderState.OPEN)
    assert (report.filled, report.price, report.venue_ms) == (Decimal("0.1"), Decimal("1.0003"), 5)
    assert order_of({**ORDER, "status": "closed"}).state is OrderState.CANCELED
    assert order_of({**ORDER, "status": "closed", "filled": 10.0}).state is OrderState.FILLED
    with pytest.raises(ValueError, match="no order status"):
        order_of({**ORDER, "status": None})


def test_trades() -> None:
    row = {
        "id": "9", "order": "7", "side": "sell", "price": 1.5, "amount": 2.0, "takerOrMaker": "maker",
        "timestamp": 6, "fee": {"cost": -0.001, "currency": "USDT"},
    }  # fmt: skip
    report = trade_of(row, "a")
    assert (report.side, report.fee, report.maker) == (Side.SELL, Decimal("-0.001"), True)
    assert (report.client_id, report.fee_currency) == ("a", "USDT")


def test_words() -> None:
    assert side_of("Sell") is Side.SELL
    with pytest.raises(ValueError, match="no side"):
        side_of("both")
    with pytest.raises(ValueError, match="no order status"):
        state_of({"New": OrderState.OPEN}, "Weird")
