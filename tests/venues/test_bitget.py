"""Bitget's frames become reports; fees change sign, trades come with their order, settings are checked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.model.instrument import Kind
from bot.model.order import OrderState, Side
from bot.venues.bitget import PAGE, Bitget
from bot.venues.translate import OrderReport, Printed, TradeReport
from paper_tools import instrument

PRIVATE = "wss://ws.bitget.com/v2/ws/private"
EVENT: dict[str, Any] = {
    "instId": "TKNUSDT", "clientOid": "a", "orderId": "7", "status": "partially_filled", "side": "sell",
    "accBaseVolume": "7", "baseVolume": "3", "price": "1.0001", "uTime": "1000", "tradeId": "t1",
    "fillPrice": "1.0002", "fillFee": "-0.002", "fillFeeCoin": "TKN", "fillTime": "999", "tradeScope": "M",
}  # fmt: skip


def frame(channel: str, rows: list[dict[str, Any]], product: str = "SPOT", **more: Any) -> dict[str, Any]:
    return {"action": "snapshot", "arg": {"instType": product, "channel": channel}, "data": rows, **more}


def test_an_order_frame_carries_its_trade() -> None:
    trade, order = Bitget(instrument()).reports(PRIVATE, frame("orders", [EVENT]))
    assert isinstance(trade, TradeReport)
    assert isinstance(order, OrderReport)
    assert (trade.side, trade.quantity, trade.fee) == (Side.SELL, 3, Decimal("0.002"))
    assert (trade.client_id, trade.maker, trade.fee_currency, trade.venue_ms) == ("a", True, "TKN", 999)
    assert (order.state, order.filled) == (OrderState.OPEN, 7)


def test_other_products_symbols_and_strangers_are_not_ours() -> None:
    dialect = Bitget(instrument())
    assert dialect.reports(PRIVATE, frame("orders", [EVENT], "USDT-FUTURES")) == ()
    assert dialect.reports(PRIVATE, frame("orders", [EVENT | {"instId": "BTCUSDT"}])) == []
    assert dialect.reports(PRIVATE, frame("orders", [EVENT | {"clientOid": ""}])) == []
    assert dialect.reports(PRIVATE, "pong") == ()


def test_a_fill_is_told_only_with_our_id() -> None:
    fee = {"feeCoin": "USDT", "totalFee": "-0.001"}
    row = {
        "symbol": "TKNUSDT", "clientOid": "a", "orderId": "7", "tradeId": "t1", "side": "buy", "price": "1.5",
        "baseVolume": "4", "feeDetail": [fee], "tradeScope": "taker", "cTime": "5",
    }  # fmt: skip
    dialect = Bitget(instrument(Kind.PERP))
    (report,) = dialect.reports(PRIVATE, frame("fill", [row], "USDT-FUTURES"))
    assert isinstance(report, TradeReport)
    assert (report.price, report.quantity, report.fee, report.maker) == (
        Decimal("1.5"),
        4,
        Decimal("0.001"),
        False,
    )
    del row["clientOid"]
    assert dialect.reports(PRIVATE, frame("fill", [row], "USDT-FUTURES")) == []


def test_old_prints_are_not_told_again() -> None:
    row = {"side": "buy", "price": "1.0", "size": "2", "ts": "5"}
    dialect = Bitget(instrument())
    assert dialect.reports("", frame("trade", [row])) == ()
    (report,) = dialect.reports("", frame("trade", [row], action="update"))
    assert report == Printed(Side.BUY, Decimal("1.0"), Decimal(2), 5)


def test_both_channels_must_be_confirmed() -> None:
    dialect, answer = Bitget(instrument()), {"event": "subscribe", "arg": {}}
    assert not dialect.confirms(PRIVATE, None)
    assert not dialect.confirms(PRIVATE, {"event": "login", "code": 0})
    assert not dialect.confirms(PRIVATE, answer)
    assert dialect.confirms(PRIVATE, answer)
    assert dialect.is_book("", frame("books15", []))
    assert not dialect.is_book("", frame("books", []))


class Account:
    """Answers of the private calls."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def market(self, _symbol: str) -> dict[str, str]:
        return {"id": "TKNUSDT"}

    async def _answer(self, _request: dict[str, str]) -> dict[str, Any]:
        return {"data": self.data}

    privateMixGetV2MixAccountAccount = privateSpotGetV2SpotTradeFills = _answer
    privateSpotGetV2SpotTradeUnfilledOrders = privateSpotGetV2SpotTradeOrderInfo = _answer


async def test_settings_and_the_wallet() -> None:
    row = {"posMode": "hedge_mode", "marginMode": "isolated", "crossedMarginLeverage": 20}
    account = Account(row | {"accountEquity": "110", "unrealizedPL": "10"})
    dialect = Bitget(instrument(Kind.PERP))
    faults = await dialect.check_perp(account, 5)
    assert [word for word in ("one-way", "crossed", "set it to 5") if word in " ".join(faults)] == [
        "one-way",
        "crossed",
        "set it to 5",
    ]
    assert (await dialect.usdt(account))["USDT"]["total"] == 100


async def test_endless_pages_are_an_error_and_no_order_is_none() -> None:
    row = {"tradeId": "9", "orderId": "7", "cTime": "5"}
    with pytest.raises(ValueError, match="more tradeIds than pages"):
        await Bitget(instrument()).trades(Account([row] * PAGE), 0, 10)
    assert await Bitget(instrument()).query(Account([]), "never") is None
