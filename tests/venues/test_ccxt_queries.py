"""Queries: what failed is None, strangers' trades are named by their order, rules are compared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.clock import SystemClock
from bot.model.instrument import Kind
from bot.model.order import Side
from bot.venues.ccxt_orders import OwnOrders
from bot.venues.ccxt_queries import market_faults
from paper_tools import instrument
from venues.ccxt_rigs import FAIR, local_rig
from venues.test_contract import order, rests, settled

MARKET: dict[str, Any] = {
    "precision": {"price": 0.0001, "amount": 0.1}, "limits": {"cost": {"min": 5.0}}, "contractSize": None,
}  # fmt: skip


def test_rules_are_compared() -> None:
    made = instrument()
    assert market_faults(made, {"TKN/USDT": MARKET}) == []
    assert "lists no TKN/USDT" in market_faults(made, {})[0]
    other = market_faults(replace(made, tick=Decimal("0.001")), {"TKN/USDT": MARKET})
    assert other == ["binance.spot: tick is 0.001 here and 0.0001 at the venue"]
    low = market_faults(replace(made, notional_usdt_min=Decimal(1)), {"TKN/USDT": MARKET})
    assert "least notional" in low[0]
    assert "not trading" in market_faults(made, {"TKN/USDT": MARKET | {"active": False}})[0]


async def test_a_failed_query_is_unknown_and_nothing_else() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        await rests(rig, order(rig, "a", Side.BUY, FAIR - 20))
        rig.fault("html", "GET /api/v3/openOrders")
        rig.fault("empty", "GET /api/v3/account", after=True)
        snapshot = await rig.venue.snapshot(0)
        assert snapshot.open_orders is None
        assert (snapshot.position, snapshot.usdt) == (None, None)
        assert snapshot.trades == ()
        assert set(rig.venue.queries.failures) >= {"open orders"}


async def test_trades_of_an_earlier_run_get_their_names() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        await rests(rig, order(rig, "a", Side.SELL, FAIR + 5))
        await rig.takes(Side.BUY, FAIR + 5, 100)
        await settled(rig, "a")
        rig.venue.queries.orders = OwnOrders(rig.venue.instrument, SystemClock())
        snapshot = await rig.venue.snapshot(0)
        assert [(fill.client_id, fill.origin) for fill in snapshot.trades or ()] == [("a", "backfill")]


async def test_a_perp_shows_its_margin() -> None:
    async with local_rig("binance", Kind.PERP) as rig:
        await rests(rig, order(rig, "b", Side.SELL, FAIR + 5))
        await rig.takes(Side.BUY, FAIR + 5, 200)
        snapshot = await rig.venue.snapshot(0)
        assert snapshot.position == -10
        assert snapshot.margin_ratio is not None
        assert 0 <= snapshot.margin_ratio < 0.01
        assert (snapshot.liquidation_price or 0) > 1
