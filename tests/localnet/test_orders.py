"""Words for an order's state."""

from __future__ import annotations

import pytest

from bot.localnet.orders import Order, OrderRequest
from bot.model.order import OrderState, Side


@pytest.mark.parametrize(
    ("state", "filled", "word"),
    [(OrderState.OPEN, 0, "new"), (OrderState.OPEN, 3, "partial"), (OrderState.FILLED, 10, "filled"),
     (OrderState.CANCELED, 3, "canceled"), (OrderState.EXPIRED, 0, "expired")],
)  # fmt: skip
def test_status(state: OrderState, filled: int, word: str) -> None:
    order = Order(1, OrderRequest("a", Side.BUY, None, 10), 5, 10, 0, 0, state=state, filled=filled)
    assert order.status() == word
    assert (order.left, order.is_market, order.client_id) == (10 - filled, True, "a")
    assert order.open is (state is OrderState.OPEN)
