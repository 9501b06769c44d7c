"""Binance's table of addresses."""

from __future__ import annotations

from bot.localnet.binance import Binance
from localnet.desks import engine


def test_what_moves_money_is_signed() -> None:
    for target, route in Binance(engine(), 0).routes.items():
        method, _, path = target.partition(" ")
        if method != "GET" and "listenKey" not in path:
            assert route.security == "signed", target
        if method == "POST" and "order" in path.lower():
            assert route.orders > 0, target


def test_lists_that_are_empty_here() -> None:
    routes = Binance(engine(), 0).routes
    for path in ("capital/config/getall", "margin/allPairs", "margin/isolated/allPairs"):
        assert routes[f"GET /sapi/v1/{path}"].handle({}) == []
    assert routes["GET /sapi/v1/account/apiRestrictions"].handle({})["enableWithdrawals"] is False
    assert routes["GET /api/v3/ping"].handle({}) == {}
