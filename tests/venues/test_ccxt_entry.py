"""Order entry through broken answers: what is not stated is UNKNOWN, settled by looking, never re-sent."""

from __future__ import annotations

import pytest

from bot.model.instrument import Kind
from bot.model.order import OrderState, Side
from paper_tools import until
from venues.ccxt_rigs import DIALECTS, FAIR, LocalRig, local_rig
from venues.test_contract import order, rests, settled, state

MARKETS = [(name, kind) for name in DIALECTS for kind in Kind]
PLACE = {
    ("binance", Kind.SPOT): "POST /api/v3/order",
    ("binance", Kind.PERP): "POST /fapi/v1/order",
    ("bybit", Kind.SPOT): "POST /v5/order/create",
    ("bybit", Kind.PERP): "POST /v5/order/create",
    ("bitget", Kind.SPOT): "POST /api/v2/spot/trade/place-order",
    ("bitget", Kind.PERP): "POST /api/v2/mix/order/place-order",
}
CANCEL = {
    ("binance", Kind.SPOT): "DELETE /api/v3/order",
    ("binance", Kind.PERP): "DELETE /fapi/v1/order",
    ("bybit", Kind.SPOT): "POST /v5/order/cancel",
    ("bybit", Kind.PERP): "POST /v5/order/cancel",
    ("bitget", Kind.SPOT): "POST /api/v2/spot/trade/cancel-order",
    ("bitget", Kind.PERP): "POST /api/v2/mix/order/cancel-order",
}
BROKEN = ("drop_request", "close", "500", "html", "empty", "truncated")


def states(rig: LocalRig, client_id: str) -> list[OrderState]:
    return [update.state for update in rig.heard.orders if update.client_id == client_id]


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_an_order_whose_answer_is_lost_is_unknown_until_somebody_says(
    exchange: str, kind: Kind
) -> None:
    async with local_rig(exchange, kind) as rig:
        for number, fault in enumerate(BROKEN):
            rig.fault(fault, PLACE[exchange, kind], count=1, after=True, seconds=0.05)
            rig.venue.place(order(rig, f"lost{number}", Side.BUY, FAIR - 20))
            await until(lambda wanted=number + 1: rig.venue.entry.counts["place unknown"] == wanted)
        for number in range(len(BROKEN)):
            name = f"lost{number}"
            await state(rig, name, lambda found: found is OrderState.OPEN)
            assert OrderState.UNKNOWN in states(rig, name)
            assert OrderState.REJECTED not in states(rig, name)
        snapshot = await rig.venue.snapshot(0)
        names = sorted(str(found.client_id) for found in snapshot.open_orders or ())
        assert names == [f"lost{number}" for number in range(len(BROKEN))]
        assert len(rig.desk.orders) == len(BROKEN)
        assert await rig.venue.cancel_all("lost") == len(BROKEN)


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_an_order_that_never_arrived_stays_unknown_and_the_snapshot_has_none(
    exchange: str, kind: Kind
) -> None:
    async with local_rig(exchange, kind) as rig:
        rig.fault("close", PLACE[exchange, kind], count=1)
        rig.venue.place(order(rig, "gone", Side.BUY, FAIR - 20))
        assert await state(rig, "gone", lambda found: found is not OrderState.SENT) is OrderState.UNKNOWN
        snapshot = await rig.venue.snapshot(0)
        assert (snapshot.open_orders, snapshot.trades) == ((), ())
        assert len(rig.desk.orders) == 0


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_definite_refusals_are_rejections_with_the_venues_words(exchange: str, kind: Kind) -> None:
    async with local_rig(exchange, kind) as rig:
        wild = order(rig, "wild", Side.BUY, FAIR * 40, 100)
        rig.venue.place(wild)
        assert await settled(rig, "wild") in (OrderState.REJECTED, OrderState.CANCELED)
        rig.venue.place(order(rig, "small", Side.BUY, FAIR - 20, 1))
        assert await settled(rig, "small") is OrderState.REJECTED
        reasons = {update.client_id: update.reason for update in rig.heard.orders}
        assert reasons["wild"]
        assert ":" in reasons["small"]
        assert rig.desk.instrument.exchange not in reasons["wild"]
        await rests(rig, order(rig, "twice", Side.BUY, FAIR - 20))
        rig.venue.place(order(rig, "twice", Side.BUY, FAIR - 20))
        await until(lambda: rig.venue.entry.counts["place unknown"] == 1)
        assert OrderState.REJECTED not in states(rig, "twice")
        assert len([one for one in rig.desk.orders.values() if one.client_id == "twice"]) == 1


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_a_cancel_whose_answer_is_lost_is_looked_up(exchange: str, kind: Kind) -> None:
    async with local_rig(exchange, kind) as rig:
        await rests(rig, order(rig, "a", Side.BUY, FAIR - 20), order(rig, "b", Side.BUY, FAIR - 20))
        rig.fault("html", CANCEL[exchange, kind], count=1, after=True)
        rig.venue.cancel("a")
        assert await settled(rig, "a") is OrderState.CANCELED
        rig.fault("500", CANCEL[exchange, kind], count=1)
        rig.venue.cancel("b")
        await state(rig, "b", lambda found: found is OrderState.UNKNOWN)
        await state(rig, "b", lambda found: found is OrderState.OPEN)
        assert [one.client_id for one in rig.desk.open_orders()] == ["b"]


async def test_a_cancel_of_what_nobody_knows_ends_unknown() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        rig.venue.entry._looks_s = (0.01, 0.01)
        rig.venue.cancel("stranger")
        await until(lambda: bool(rig.heard.orders))
        last = rig.heard.orders[-1]
        assert (last.state, last.reason) == (OrderState.UNKNOWN, "the venue knows no such order")


async def test_a_silent_private_stream_is_asked_about() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        rig.fault("drop", "private*")
        rig.venue.place(order(rig, "a", Side.SELL, FAIR + 5))
        await state(rig, "a", lambda found: found is OrderState.OPEN)
        await rig.takes(Side.BUY, FAIR + 5, 40)
        rig.venue.cancel("a")
        assert await settled(rig, "a") is OrderState.CANCELED
        assert rig.heard.orders[-1].filled_lots == 40
        assert [(fill.client_id, fill.origin) for fill in rig.heard.fills] == [("a", "backfill")]
