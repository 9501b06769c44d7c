"""Bybit's frames become reports; a gap in the book is an error; pages are read to the end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from bot.model.instrument import Kind
from bot.model.order import OrderState, Side
from bot.venues.bybit import Bybit
from bot.venues.translate import OrderReport, Printed, TradeReport
from paper_tools import instrument

PRIVATE = "wss://stream.bybit.com/v5/private"
ORDER: dict[str, Any] = {
    "category": "spot", "symbol": "TKNUSDT", "orderLinkId": "a", "orderId": "7", "orderStatus": "New",
    "cumExecQty": "0", "price": "1.0001", "updatedTime": "1000", "rejectReason": "EC_NoError",
    "cancelType": "UNKNOWN",
}  # fmt: skip
TRADE: dict[str, Any] = {
    "category": "spot", "symbol": "TKNUSDT", "orderLinkId": "a", "orderId": "7", "execId": "e1",
    "side": "Sell", "execPrice": "1.0001", "execQty": "4", "execFee": "-0.001", "feeCurrency": "TKN",
    "isMaker": True, "execTime": "1000", "execType": "Trade",
}  # fmt: skip


def test_orders_of_our_category_only() -> None:
    dialect = Bybit(instrument())
    crossed = ORDER | {"orderStatus": "Cancelled", "rejectReason": "EC_PostOnlyWillTakeLiquidity"}
    rows = [crossed, ORDER | {"category": "linear"}, ORDER | {"symbol": "BTCUSDT"}]
    (report,) = dialect.reports(PRIVATE, {"topic": "order", "data": rows})
    assert isinstance(report, OrderReport)
    assert (report.state, report.reason) == (OrderState.CANCELED, "EC_PostOnlyWillTakeLiquidity")


def test_executions_keep_the_fees_sign_and_currency() -> None:
    rows = [TRADE, TRADE | {"execType": "Funding"}]
    (report,) = Bybit(instrument()).reports(PRIVATE, {"topic": "execution", "data": rows})
    assert isinstance(report, TradeReport)
    assert (report.side, report.fee, report.fee_currency) == (Side.SELL, Decimal("-0.001"), "TKN")


def test_a_liquidation_is_nobodys_order() -> None:
    row = TRADE | {"execType": "BustTrade"}
    (report,) = Bybit(instrument()).reports(PRIVATE, {"topic": "execution", "data": [row]})
    assert isinstance(report, TradeReport)
    assert (report.client_id, report.external) == (None, True)


def test_prints() -> None:
    row = {"S": "Buy", "p": "1.0", "v": "2", "T": 5}
    (report,) = Bybit(instrument()).reports("", {"topic": "publicTrade.TKNUSDT", "data": [row]})
    assert report == Printed(Side.BUY, Decimal("1.0"), Decimal(2), 5)


def test_a_gap_in_the_book_is_an_error() -> None:
    dialect = Bybit(instrument())

    def book(kind: str, number: int) -> bool:
        return dialect.is_book("", {"topic": "orderbook.50.TKNUSDT", "type": kind, "data": {"u": number}})

    assert not book("delta", 9)
    assert book("snapshot", 10)
    assert book("delta", 11)
    with pytest.raises(ValueError, match="13 came where 12 was due"):
        book("delta", 13)
    dialect.forget_book()
    assert not book("delta", 14)
    assert book("snapshot", 1)


def test_both_private_topics_must_be_confirmed() -> None:
    dialect, answer = Bybit(instrument()), {"op": "subscribe", "success": True}
    assert not dialect.confirms(PRIVATE, None)
    assert not dialect.confirms(PRIVATE, answer)
    assert dialect.confirms(PRIVATE, answer)
    assert not dialect.confirms(PRIVATE, {"op": "subscribe", "success": False})


class Account:
    """Answers of the private calls."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result

    def market(self, _symbol: str) -> dict[str, str]:
        return {"id": "TKNUSDT"}

    async def _answer(self, _request: dict[str, str]) -> dict[str, Any]:
        return {"result": self.result}

    privateGetV5PositionList = privatePostV5OrderCancel = privateGetV5ExecutionList = _answer


async def test_settings_history_and_hollow_answers() -> None:
    dialect = Bybit(instrument(Kind.PERP))
    rows = [{"positionIdx": 1, "leverage": "10"}, {"positionIdx": 2, "leverage": "10"}]
    faults = await dialect.check_perp(Account({"list": rows}), 5)
    assert len(faults) == 2
    assert "one-way" in faults[0]
    assert "leverage 10: set it to 5" in faults[1]
    endless = await dialect.trades(Account({"list": [TRADE], "nextPageCursor": "more"}), 0, 10**12)
    assert endless.whole is False
    with pytest.raises(ccxt.BadResponse, match="names no order"):
        await dialect.cancel(Account({}), "a", "")


def test_paid_funding_is_negative() -> None:
    assert Bybit(instrument(Kind.PERP)).payment({"amount": 0.5}) == Decimal("-0.5")
