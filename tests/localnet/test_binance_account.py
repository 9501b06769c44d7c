"""Binance account queries."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet import binance_account as account
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import bid, engine, order


def test_trades_by_id_time_and_order() -> None:
    venue = engine()
    desk = venue.spot
    for number in range(3):
        order(desk, Side.BUY, "10", None, client_id=f"m{number}")
    ids = [trade.id for trade in desk.trades]
    name = {"symbol": "TOKENUSDT"}

    def asked(**params: object) -> list[int]:
        words = {key: str(value) for key, value in params.items()}
        return [row["id"] for row in account.my_trades(venue, desk, name | words)]

    assert asked() == ids
    assert asked(limit=1) == ids[-1:]
    assert asked(fromId=ids[1]) == ids[1:]
    assert asked(fromId=ids[0], limit=1) == ids[:1]
    assert asked(orderId=desk.trades[1].order.id) == ids[1:2]
    assert asked(startTime=desk.now_ms + 1) == []
    assert asked(endTime=desk.now_ms - 1) == []
    with pytest.raises(Refused, match="-1121"):
        account.my_trades(venue, desk, {"symbol": "X"})


def test_the_futures_account_adds_up() -> None:
    venue = engine()
    order(venue.perp, Side.SELL, "1000", None)
    bid(venue.perp, "100", "0.9995", client_id="b")
    row = account.linear_account(venue, {})
    wallet, open_profit = Decimal(row["totalWalletBalance"]), Decimal(row["totalUnrealizedProfit"])
    assert Decimal(row["totalMarginBalance"]) == wallet + open_profit
    margins = Decimal(row["totalPositionInitialMargin"]) + Decimal(row["totalOpenOrderInitialMargin"])
    assert Decimal(row["availableBalance"]) == wallet + open_profit - margins
    assert row["positions"] == account.position_risk(venue, {"symbol": "TOKENUSDT"})
    assert row["positions"][0]["positionAmt"] == "-1000.0"
    assert account.linear_balance(venue, {})[0]["balance"] == row["totalWalletBalance"]


def test_settings() -> None:
    venue = engine()
    assert account.set_leverage(venue, {"leverage": "7"})["leverage"] == 7
    assert account.symbol_config(venue, {})[0]["leverage"] == 7
    for params, code in (({"leverage": "500"}, "-4028"), ({"leverage": ""}, "-1102")):
        with pytest.raises(Refused, match=code):
            account.set_leverage(venue, params)
    for work, params, code in (
        (account.set_margin_type, {"marginType": "CROSSED"}, "-4046"),
        (account.set_margin_type, {"marginType": "ISOLATED"}, "-4047"),
        (account.set_position_mode, {"dualSidePosition": "false"}, "-4059"),
        (account.set_position_mode, {"dualSidePosition": "true"}, "-4068"),
    ):
        with pytest.raises(Refused, match=code):
            work(venue, params)


def test_income_is_negative_when_paid() -> None:
    venue = engine()
    order(venue.perp, Side.BUY, "1000", None)
    venue.perp.exchange.settle_funding(0.001, Decimal(1), "a", 0)
    rows = account.income(venue, {"incomeType": "FUNDING_FEE"})
    assert [Decimal(row["income"]) for row in rows] == [Decimal(-1)]
    assert account.income(venue, {"incomeType": "COMMISSION"}) == []
