"""Real exchanges' protocols over real sockets keep the contract of every venue."""

from __future__ import annotations

import asyncio

import pytest

from bot.model.instrument import Kind
from bot.model.order import Amend, OrderState, Side
from paper_tools import until
from venues.ccxt_rigs import DIALECTS, FAIR, local_rig
from venues.test_contract import (
    Play,
    Rig,
    Story,
    order,
    rests,
    settled,
    test_a_cancel_ends_with_what_was_filled,
    test_a_post_only_order_never_takes,
    test_a_resting_order_that_trades_is_told_once_per_trade,
    test_a_snapshot_agrees_with_the_stream,
    test_an_amend_moves_the_order_and_keeps_its_id,
    test_an_ioc_trades_what_it_can_and_never_rests,
    test_an_order_is_sent_without_waiting_and_answered_later,
    test_cancel_all_takes_one_prefix_and_counts,
    test_it_starts_with_a_book_and_says_it_is_up,
    test_requests_arrive_in_the_order_they_were_sent,
    test_stopping_leaves_the_orders,
)

__all__ = [
    "test_a_cancel_ends_with_what_was_filled",
    "test_a_post_only_order_never_takes",
    "test_a_resting_order_that_trades_is_told_once_per_trade",
    "test_a_snapshot_agrees_with_the_stream",
    "test_an_amend_moves_the_order_and_keeps_its_id",
    "test_an_ioc_trades_what_it_can_and_never_rests",
    "test_an_order_is_sent_without_waiting_and_answered_later",
    "test_cancel_all_takes_one_prefix_and_counts",
    "test_it_starts_with_a_book_and_says_it_is_up",
    "test_requests_arrive_in_the_order_they_were_sent",
    "test_stopping_leaves_the_orders",
]

MARKETS = [(name, kind) for name in DIALECTS for kind in Kind]
WITHOUT_AMEND = {("binance", Kind.SPOT), ("bitget", Kind.SPOT), ("bitget", Kind.PERP)}
AMENDING = {
    "test_an_amend_moves_the_order_and_keeps_its_id",
    "test_requests_arrive_in_the_order_they_were_sent",
}


@pytest.fixture(params=MARKETS, ids=lambda market: f"{market[0]} {market[1].value}")
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a story on a started venue of each kind, on a loop of its own."""
    exchange, kind = request.param
    if request.param in WITHOUT_AMEND and request.function.__name__ in AMENDING:
        pytest.skip(f"{exchange} {kind.value} orders cannot be moved and keep their id")

    async def told(story: Story) -> None:
        async with local_rig(exchange, kind) as rig:
            await asyncio.wait_for(story(rig), 20)

    def run(story: Story) -> None:
        asyncio.run(told(story))

    return run


def test_a_cancel_never_overtakes_its_order(play: Play) -> None:
    async def story(rig: Rig) -> None:
        for number in range(10):
            rig.venue.place(order(rig, f"o{number}", Side.BUY, FAIR - 20))
            rig.venue.cancel(f"o{number}")
        for number in range(10):
            assert await settled(rig, f"o{number}") is OrderState.CANCELED
            said = [u.state for u in rig.heard.orders if u.client_id == f"o{number}"]
            assert said == [OrderState.OPEN, OrderState.CANCELED]

    play(story)


def test_a_market_without_amends_says_so_and_the_order_stays(play: Play) -> None:
    async def story(rig: Rig) -> None:
        if rig.venue.instrument.id not in {f"{name}.{kind.value}" for name, kind in WITHOUT_AMEND}:
            return
        await rests(rig, order(rig, "a", Side.BUY, FAIR - 20))
        rig.venue.amend(Amend("a", rig.venue.instrument.id, FAIR - 5, 200))
        await until(lambda: len(rig.heard.orders) == 2)
        last = rig.heard.orders[-1]
        assert (last.state, last.price_ticks, last.reason) == (
            OrderState.OPEN,
            FAIR - 20,
            "amend_refused:no_amend",
        )
        rig.venue.cancel("a")
        assert await settled(rig, "a") is OrderState.CANCELED

    play(story)
