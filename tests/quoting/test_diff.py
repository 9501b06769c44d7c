"""The difference: what is held, what is sent, and that nothing unsafe is ever under way."""

from __future__ import annotations

import pytest

from bot.model.facts import OrderUpdated
from bot.model.order import OrderState, Side
from bot.quoting.diff import NOTHING, Actions, AmendRights, diff
from bot.quoting.ladder import build
from bot.quoting.live import Pending
from quoting.quoting_cases import FULL, NONE, PLAN, SECOND_NS, ObedientVenue, inputs, settled, step, top


def test_first_turn_places_the_whole_ladder() -> None:
    venue = ObedientVenue(FULL)
    desired = build(PLAN, inputs())
    actions = diff(PLAN, inputs(), desired, venue.quotes, 0)
    assert actions.messages == len(actions.places) == 20
    assert tuple((p.ticks, p.lots) for p in actions.places if p.side is Side.BUY) == desired.bids
    assert tuple((p.ticks, p.lots) for p in actions.places if p.side is Side.SELL) == desired.asks


def test_good_quotes_are_held_and_say_for_how_long() -> None:
    venue = settled()
    assert venue.quotes.needs_refresh(1.0, 1.0)
    assert step(venue, inputs()) == NOTHING
    assert not venue.quotes.needs_refresh(1.0, 1.0)
    assert not venue.quotes.needs_refresh(1.00003, 1.0)
    assert venue.quotes.needs_refresh(1.00013, 1.0)  # the touch may be 1.2 bp off, no more
    assert venue.quotes.needs_refresh(0.99987, 1.0)
    assert venue.quotes.needs_refresh(1.0, 1.0016)  # the deepest bid would leave the band


def test_clamped_ladders_promise_nothing() -> None:
    clamped = inputs(others=top(10_008, 10_010))
    venue = settled(FULL, clamped)
    assert step(venue, clamped) == NOTHING
    assert venue.quotes.needs_refresh(1.0, 1.0)


def test_small_move_replaces_the_near_levels_only() -> None:
    venue = settled()
    actions = step(venue, inputs(1.0002))
    assert not actions.cancels
    assert not actions.places
    touched = {a.client_id for a in actions.amends}
    deep = {venue.quotes.bids[-1].client_id, venue.quotes.asks[-1].client_id}
    assert 0 < len(touched) < 12
    assert not touched & deep


@pytest.mark.parametrize(("rights", "amends"), [(FULL, True), (NONE, False)])
def test_amend_is_preferred_where_the_venue_can(rights: AmendRights, amends: bool) -> None:
    actions = step(settled(rights), inputs(1.0002))
    assert bool(actions.amends) is amends
    assert bool(actions.cancels) is not amends
    assert len(actions.cancels) == len(actions.places)


def test_size_only_right_amends_down_and_keeps_the_price() -> None:
    venue = settled(AmendRights(size_down=True))
    smaller = inputs(tokens=30_000.0)
    actions = step(venue, smaller)
    desired = build(PLAN, smaller)
    assert all(a.quantity_lots in {n for _, n in desired.asks} for a in actions.amends)
    by_id = {o.client_id: o for o in venue.quotes.orders()}
    assert all(a.price_ticks == by_id[a.client_id].ticks for a in actions.amends)
    assert not actions.places
    assert len(actions.cancels) == 10 - len(desired.asks)


def test_refill_after_a_fill() -> None:
    venue = settled()
    touch = venue.quotes.bids[0]
    venue.quotes.on_order(
        OrderUpdated(0, 0, "binance.spot", touch.client_id, OrderState.OPEN, touch.lots // 2)
    )
    actions = step(venue, inputs())
    assert [(a.client_id, a.quantity_lots) for a in actions.amends] == [
        (touch.client_id, build(PLAN, inputs()).bids[0][1])
    ]


def test_small_dents_are_topped_up_once_depth_owed_is_missing() -> None:
    venue = settled()
    for order in venue.quotes.bids:  # every level at 92 %: each is good enough, the sum is not
        venue.quotes.on_order(
            OrderUpdated(0, 0, "binance.spot", order.client_id, OrderState.OPEN, round(order.lots * 0.08))
        )
    actions = step(venue, inputs(), now_ns=1)  # young, but the obligation is at risk
    assert 1 <= len(actions.amends) <= 3  # the largest gaps first, and no more than needed
    venue.send(actions, 1)
    assert sum(o.ticks * o.lots for o in venue.quotes.bids) >= PLAN.bid_owed
    assert step(venue, inputs()) == NOTHING


def test_young_orders_are_held_until_their_time() -> None:
    venue = settled()
    actions = step(venue, inputs(1.00015), now_ns=SECOND_NS // 10)
    assert actions == Actions(retry_ns=SECOND_NS // 5)
    assert step(venue, inputs(1.00015), now_ns=SECOND_NS // 5).amends


def test_dangerous_orders_are_never_held_for_their_youth() -> None:
    venue = settled()
    actions = step(venue, inputs(0.9993), now_ns=1)  # bids at 0.9995 stand above the fair price
    amended = {a.client_id for a in actions.amends}
    assert venue.quotes.bids[0].client_id in amended
    assert venue.quotes.bids[1].client_id not in amended or venue.quotes.bids[1].ticks > 9990


def test_an_empty_side_is_cancelled_whatever_its_age() -> None:
    venue = settled()
    actions = step(venue, inputs(bid_enabled=False), now_ns=1)
    assert set(actions.cancels) == {o.client_id for o in venue.quotes.bids}
    assert not actions.places
    assert len(step(venue, inputs(float("nan")), now_ns=1).cancels) == 20


def test_pending_orders_are_left_alone() -> None:
    venue = ObedientVenue(FULL)
    venue.send(step(venue, inputs(), 0), 0, acknowledge=False)
    assert step(venue, inputs()) == NOTHING  # in flight where we want them
    assert step(venue, inputs(1.003)) == NOTHING  # in flight elsewhere: wait for the answer
    assert venue.quotes.needs_refresh(1.003, 1.003)


def test_unknown_orders_hold_their_level_and_their_funds() -> None:
    venue = settled()
    lost = venue.quotes.asks[-1]
    venue.answer(lost.client_id, OrderState.UNKNOWN, 0)
    assert step(venue, inputs()) == NOTHING
    assert venue.quotes.needs_refresh(1.0, 1.0)
    assert lost.pending is Pending.UNKNOWN


def test_a_doubtful_order_goes() -> None:
    venue = settled()
    odd = venue.quotes.asks[3]
    odd.pending = Pending.DOUBT  # an amend of unknown fate, settled without its price
    assert step(venue, inputs()).cancels == (odd.client_id,)
