"""What every venue's orders have in common on the wire."""

from __future__ import annotations

from typing import Any

from bot.model.instrument import Kind
from bot.model.order import Side
from bot.venues.ccxt_dialect import Dialect, own_trades
from paper_tools import instrument, quote, taker


class Wire:
    """Writes down the orders that would be sent."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.sent = answer, []  # type: dict[str, Any], list[tuple[Any, ...]]

    async def create_order(self, *order: Any) -> dict[str, Any]:
        self.sent.append(order)
        return self.answer


async def test_orders_carry_exact_numbers_and_the_client_id() -> None:
    wire, dialect = Wire({"id": 7}), Dialect(instrument(Kind.PERP))
    assert await dialect.place(wire, quote("a", Side.BUY, 10_003, 105)) == "7"
    assert await dialect.place(wire, taker("h", Side.SELL, 9_990, 3, reduce_only=True)) == "7"
    assert wire.sent == [
        ("TKN/USDT", "limit", "buy", "10.5", "1.0003", {"clientOrderId": "a", "postOnly": True}),
        (
            "TKN/USDT",
            "limit",
            "sell",
            "0.3",
            "0.9990",
            {"clientOrderId": "h", "timeInForce": "IOC", "reduceOnly": True},
        ),
    ]


async def test_an_answer_without_an_id_is_none() -> None:
    assert await Dialect(instrument()).place(Wire({"id": None}), quote("a", Side.BUY, 10_003, 105)) is None


def test_spot_orders_are_never_reduce_only() -> None:
    params = Dialect(instrument()).order_params(taker("h", Side.SELL, 9_990, 3, reduce_only=True))
    assert "reduceOnly" not in params


def test_trades_take_the_client_id_the_venue_gives() -> None:
    row = {
        "id": "1", "order": "7", "side": "buy", "price": 1.0, "amount": 1.0, "timestamp": 1,
        "takerOrMaker": "taker", "fee": None,
    }  # fmt: skip
    named, nameless = own_trades([row | {"info": {"orderLinkId": "a"}}, row | {"info": {}}])
    assert (named.client_id, nameless.client_id) == ("a", None)
