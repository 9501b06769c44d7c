"""Binance's frames become reports; its settings and its history are read with care."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.model.errors import ConfigError
from bot.model.instrument import Kind
from bot.model.order import OrderState, Side
from bot.venues.binance import PAGE, Binance
from bot.venues.ccxt_venue import CcxtTerms
from bot.venues.translate import OrderReport, Printed, TradeReport
from paper_tools import instrument
from venues.ccxt_rigs import local_rig

URL = "wss://ws-api.binance.com/ws-api/v3"
REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 1001, "s": "TKNUSDT", "c": "a", "S": "BUY", "p": "1.0001", "C": "",
    "x": "TRADE", "X": "PARTIALLY_FILLED", "r": "NONE", "i": 7, "l": "4.0", "z": "4.0", "L": "1.0001",
    "n": "0.001", "N": "BNB", "T": 1000, "t": 99, "m": True,
}  # fmt: skip


def test_an_execution_is_a_trade_and_then_a_state() -> None:
    trade, order = Binance(instrument()).reports(URL, {"subscriptionId": 0, "event": REPORT})
    assert isinstance(trade, TradeReport)
    assert (trade.trade_id, trade.client_id, trade.fee_currency) == ("99", "a", "BNB")
    assert (trade.side, trade.maker, trade.quantity, trade.venue_ms) == (Side.BUY, True, 4, 1000)
    assert isinstance(order, OrderReport)
    assert (order.state, order.filled, order.price) == (OrderState.OPEN, 4, Decimal("1.0001"))


def test_a_cancel_carries_the_original_id() -> None:
    row = REPORT | {"x": "CANCELED", "X": "CANCELED", "c": "request", "C": "a"}
    (order,) = Binance(instrument()).reports(URL, row)
    assert isinstance(order, OrderReport)
    assert (order.client_id, order.state) == ("a", OrderState.CANCELED)


def test_a_liquidation_is_nobodys_order() -> None:
    row = REPORT | {"c": "autoclose-123", "X": "FILLED"}
    (trade,) = Binance(instrument(Kind.PERP)).reports("", {"e": "ORDER_TRADE_UPDATE", "T": 1, "o": row})
    assert isinstance(trade, TradeReport)
    assert (trade.client_id, trade.external) == (None, True)


def test_prints_strangers_and_other_symbols() -> None:
    dialect = Binance(instrument())
    (printed,) = dialect.reports("", {"e": "trade", "p": "1.0", "q": "2", "T": 5, "m": True})
    assert isinstance(printed, Printed)
    assert printed.side is Side.SELL
    assert dialect.reports(URL, REPORT | {"s": "BTCUSDT"}) == ()
    assert dialect.reports(URL, [1]) == ()
    with pytest.raises(ValueError, match="no order status"):
        dialect.reports(URL, REPORT | {"X": "SOMETHING_NEW"})


def test_only_spot_waits_for_a_confirmation() -> None:
    spot, perp = Binance(instrument()), Binance(instrument(Kind.PERP))
    assert not spot.confirms(URL, None)
    assert spot.confirms(URL, {"id": "1", "status": 200, "result": {"subscriptionId": 0}})
    assert perp.confirms("wss://fstream.binance.com/private/ws", None)
    assert (spot.amend_rights, perp.amend_rights) == (False, True)
    assert perp.expired({"e": "listenKeyExpired"})
    assert spot.expired({"subscriptionId": 0, "event": {"e": "eventStreamTerminated"}})


class History:
    """A venue with one trade a second and pages of `PAGE`."""

    def __init__(self, count: int, page: int = PAGE) -> None:
        self.count, self.page, self.asked = count, page, 0

    async def fetch_my_trades(
        self, _symbol: str, since: int | None = None, limit: int = 0, params: dict[str, int] | None = None
    ) -> list[dict[str, Any]]:
        self.asked += 1
        end = (params or {}).get("endTime", 2**62)
        times = [n * 1_000 for n in range(self.count) if n * 1_000 <= end]
        times = [at for at in times if at >= since][:limit] if since is not None else times[-limit:]
        return [
            {"id": str(at), "order": "1", "side": "buy", "price": 1.0, "amount": 1.0, "timestamp": at,
             "takerOrMaker": "maker", "fee": None, "info": {}}
            for at in times
        ]  # fmt: skip


async def test_a_long_history_is_read_whole_or_not_at_all() -> None:
    dialect = Binance(instrument())
    short = await dialect.trades(History(10), 0, 10_000)
    assert (len(short.trades), short.whole) == (10, True)
    long = await dialect.trades(History(2_500), 0, 2_500_000)
    assert (len(long.trades), long.whole) == (2_500, True)
    assert len({trade.trade_id for trade in long.trades}) == 2_500
    endless = await dialect.trades(History(PAGE), 0, 90 * 86_400_000)
    assert endless.whole is False


async def test_hedge_mode_or_another_leverage_is_refused() -> None:
    with pytest.raises(ConfigError, match="leverage"):
        async with local_rig("binance", Kind.PERP, CcxtTerms(leverage=3)):
            raise AssertionError("it came up")
