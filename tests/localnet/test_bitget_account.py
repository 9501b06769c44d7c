"""Bitget account queries and settings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.localnet import bitget_account as account
from bot.localnet.web import Refused
from bot.model.order import Side
from localnet.desks import bid, engine, order

FUTURES = {"productType": "USDT-FUTURES"}


def test_assets_add_up() -> None:
    venue = engine("bitget")
    bid(venue.spot, "100", "0.9990")
    token, usdt = account.spot_assets(venue, {})
    assert (Decimal(token["available"]), Decimal(usdt["frozen"])) == (1_000_000, Decimal("99.9"))
    assert Decimal(usdt["available"]) + Decimal(usdt["frozen"]) == venue.spot.exchange.usdt
    assert len(account.spot_assets(venue, {"coin": "USDT"})) == 1


def test_the_margin_account() -> None:
    venue = engine("bitget")
    order(venue.perp, Side.SELL, "1000", None)
    row = account.accounts(venue, FUTURES)[0]
    assert Decimal(row["accountEquity"]) == Decimal(row["available"]) + Decimal(row["unrealizedPL"])
    with pytest.raises(Refused):
        account.account(venue, {"productType": "COIN-FUTURES"})


def test_flat_is_no_row() -> None:
    venue = engine("bitget")
    assert account.positions(venue, FUTURES) == []
    order(venue.perp, Side.SELL, "1000", None)
    row = account.positions(venue, FUTURES)[0]
    assert (row["holdSide"], row["total"], row["instId"]) == ("short", "1000.0", "TOKENUSDT")


def test_settings() -> None:
    venue = engine("bitget")
    assert account.set_leverage(venue, {"leverage": "7"})["crossMarginLeverage"] == "7"
    assert venue.leverage == 7
    assert account.set_margin_mode(venue, {"marginMode": "crossed"})["marginMode"] == "crossed"
    assert account.set_position_mode(venue, {"posMode": "one_way_mode"}) == {"posMode": "one_way_mode"}
    for work, params in (
        (account.set_leverage, {"leverage": "99"}),
        (account.set_margin_mode, {"marginMode": "isolated"}),
        (account.set_position_mode, {"posMode": "hedge_mode"}),
    ):
        with pytest.raises(Refused, match="40020"):
            work(venue, params)


def test_fees_bills_and_key() -> None:
    venue = engine("bitget")
    assert account.trade_rate(venue, {"businessType": "spot"})["takerFeeRate"] == "0.0010"
    assert account.trade_rate(venue, {"businessType": "mix"})["takerFeeRate"] == "0.00045"
    order(venue.perp, Side.BUY, "1000", None)
    venue.perp.exchange.settle_funding(0.001, Decimal(1), "a", 0)
    rows = account.bills(venue, {"businessType": "contract_settle_fee"})["bills"]
    assert [Decimal(row["amount"]) for row in rows] == [Decimal(-1)]
    assert account.bills(venue, {"businessType": "open_long"})["bills"] == []
    assert account.levers(venue, {})[0]["keepMarginRate"] == "0.025"
    assert not [right for right in account.key_information(venue, {})["authorities"] if "w" in right[0]]
