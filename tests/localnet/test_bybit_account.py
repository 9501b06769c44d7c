"""Bybit account queries and settings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet import bybit_account as account
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import engine, order


def test_instruments_by_category() -> None:
    venue = engine("bybit")
    for category, status, count in (("spot", None, 1), ("linear", "Trading", 1), ("linear", "PreLaunch", 0),
                                    ("inverse", None, 0)):  # fmt: skip
        params = {"category": category} | ({"status": status} if status else {})
        assert len(account.instruments(venue, params)["list"]) == count


def test_positions_are_listed_when_open_or_named() -> None:
    venue = engine("bybit")
    assert account.positions(venue, {"category": "linear", "settleCoin": "USDT"})["list"] == []
    assert len(account.positions(venue, {"category": "linear", "symbol": "TOKENUSDT"})["list"]) == 1
    assert account.positions(venue, {"category": "inverse"})["list"] == []
    order(venue.perp, Side.SELL, "100", None)
    assert len(account.positions(venue, {"category": "linear", "settleCoin": "USDT"})["list"]) == 1


def test_settings() -> None:
    venue = engine("bybit")
    assert account.set_leverage(venue, {"buyLeverage": "7", "sellLeverage": "7"}) == {}
    assert venue.leverage == 7
    for params, code in (({"buyLeverage": "7", "sellLeverage": "7"}, "110043"),
                         ({"buyLeverage": "7", "sellLeverage": "8"}, "110013"),
                         ({"buyLeverage": "99", "sellLeverage": "99"}, "110013")):  # fmt: skip
        with pytest.raises(Refused, match=code):
            account.set_leverage(venue, params)
    for mode, code in ((0, "110025"), (3, "110024")):
        with pytest.raises(Refused, match=code):
            account.switch_mode(venue, {"mode": mode})
    assert account.set_margin_mode(venue, {"setMarginMode": "REGULAR_MARGIN"}) == {"reasons": []}
    with pytest.raises(Refused):
        account.set_margin_mode(venue, {"setMarginMode": "ISOLATED_MARGIN"})


def test_queries() -> None:
    venue = engine("bybit")
    with pytest.raises(Refused):
        account.wallet(venue, {"accountType": "SPOT"})
    assert account.key_information(venue, {})["permissions"]["Wallet"] == []
    assert account.information(venue, {})["unifiedMarginStatus"] == 6
    assert account.fee_rate(venue, {"category": "spot"})["list"][0]["takerFeeRate"] == "0.0010"
    assert account.risk_limits(venue, {})["list"][0]["maintenanceMargin"] == "0.025"
    order(venue.perp, Side.BUY, "100", None)
    venue.perp.exchange.settle_funding(0.01, Decimal(1), "a", 0)
    row = account.transactions(venue, {})["list"][0]
    assert (Decimal(row["funding"]), row["type"]) == (Decimal(-1), "SETTLEMENT")
