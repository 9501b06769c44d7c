"""The difference: what is held, what is sent, and that nothing unsafe is ever under way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.facts import OrderUpdated
from bot.model.limits import QuoteLimits
from bot.model.order import OrderState, Side
from bot.quoting.diff import NOTHING, Actions, AmendRights, LiveQuotes, diff
from bot.quoting.ladder import Ladder, LadderInputs, build
from bot.quoting.levels import LadderPlan
from bot.quoting.live import Pending
from quoting.quoting_cases import SECOND_NS, ObedientVenue, inputs, plan, top

FULL = AmendRights(price=True, size_down=True)
NONE = AmendRights()
PLAN = plan()
OLD = 10 * SECOND_NS


def settled(rights: AmendRights = FULL, given_inputs: LadderInputs | None = None) -> ObedientVenue:
    venue = ObedientVenue(rights)
    start = given_inputs or inputs()
    venue.send(diff(PLAN, start, build(PLAN, start), venue.quotes, 0), 0)
    return venue


def step(
    venue: ObedientVenue, given_inputs: LadderInputs, now_ns: int = OLD, made: LadderPlan = PLAN
) -> Actions:
    return diff(made, given_inputs, build(made, given_inputs), venue.quotes, now_ns)


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


def test_bids_wait_for_asks_that_are_in_their_way() -> None:
    venue = settled(NONE)
    actions = step(venue, inputs(1.0020))
    lowest_ask = venue.quotes.asks[0].ticks
    assert actions.cancels  # the asks that would be picked off go at once
    assert all(p.ticks < lowest_ask for p in actions.places if p.side is Side.BUY)
    venue.send(actions, OLD)
    venue.send(step(venue, inputs(1.0020), 2 * OLD), 2 * OLD)
    assert step(venue, inputs(1.0020), 3 * OLD) == NOTHING
    assert venue.quotes.bids[0].ticks > lowest_ask


def test_funds_of_a_cancel_under_way_are_not_spent_twice() -> None:
    tight = inputs(usdt=54_100.0)
    venue = settled(NONE, tight)
    moved = tight._replace(reference=1.004, mid=1.004)
    first = step(venue, moved)
    assert first.cancels
    assert sum(p.ticks * p.lots for p in first.places if p.side is Side.BUY) * PLAN.unit < 200
    venue.send(first, OLD)
    for turn in (2, 3):
        actions = step(venue, moved, turn * OLD)
        assert [p for p in actions.places if p.side is Side.BUY]
        venue.send(actions, turn * OLD)
    assert step(venue, moved, 4 * OLD) == NOTHING


def test_less_room_shrinks_what_rests() -> None:
    venue = settled()
    less = inputs(room_buy=20_000.0)
    venue.send(step(venue, less), OLD)
    assert sum(o.lots for o in venue.quotes.bids) * PLAN.lot <= 20_000
    assert step(venue, less, 2 * OLD) == NOTHING


def test_a_dent_is_filled_from_what_other_levels_free_and_then_it_is_quiet() -> None:
    tight = inputs(usdt=54_100.0)
    venue = settled(FULL, tight)
    touch = venue.quotes.bids[0]
    venue.answer(venue.quotes.bids[-1].client_id, OrderState.UNKNOWN, 0)
    venue.quotes.on_order(
        OrderUpdated(0, 0, "binance.spot", touch.client_id, OrderState.OPEN, touch.lots // 2)
    )
    poorer = tight._replace(usdt=53_500.0)
    turns = [step(venue, poorer)]
    while turns[-1].messages and len(turns) < 5:
        venue.send(turns[-1], len(turns) * OLD)
        turns.append(step(venue, poorer, (len(turns) + 1) * OLD))
    assert [t.messages for t in turns] == [1, 1, 0]


def test_touch_comes_in_when_held_orders_drift_apart() -> None:
    made = plan(quote=QuoteLimits(refresh_tolerance_bps=5.0))
    venue = ObedientVenue(FULL)
    venue.send(step(venue, inputs(), 0, made), 0)
    bid, ask = venue.quotes.bids[0], venue.quotes.asks[0]
    venue.quotes.own_bids.clear()
    bid.ticks = bid.to_ticks = bid.ticks - 3  # within tolerance by itself, too wide with the ask
    actions = step(venue, inputs(), 1, made)
    assert (bid.client_id, 9995) in {(a.client_id, a.price_ticks) for a in actions.amends}
    assert ask.client_id not in {a.client_id for a in actions.amends}


moves = st.lists(
    st.tuples(
        st.floats(-60, 60),  # reference, bp
        st.floats(-8, 8),  # mid against reference, bp
        st.floats(5_000, 120_000),  # USDT
        st.floats(5_000, 120_000),  # tokens
        st.sampled_from([1.0, 2.0]),
    ),
    min_size=1,
    max_size=5,
)
rights_used = st.sampled_from([FULL, NONE, AmendRights(size_down=True)])


def claims(quotes: LiveQuotes) -> tuple[float, float]:
    """USDT and tokens that what rests and what is under way may take, at its worst."""
    usdt = sum(max(o.ticks * o.lots, o.to_ticks * o.to_lots) for o in quotes.bids) * PLAN.unit
    return usdt, sum(max(o.lots, o.to_lots) for o in quotes.asks) * PLAN.lot


def assert_safe(quotes: LiveQuotes, usdt: float, tokens: float) -> None:
    """With every request under way: no own cross at any pair of prices, no balance exceeded."""
    bids = [p for o in quotes.bids for p in (o.ticks, o.to_ticks)]
    asks = [p for o in quotes.asks for p in (o.ticks, o.to_ticks)]
    assert not bids or not asks or max(bids) < min(asks)
    claimed = claims(quotes)
    assert claimed[0] <= usdt * (1 + 1e-9)
    assert claimed[1] <= tokens * (1 + 1e-9)


def assert_agrees(quotes: LiveQuotes, desired: Ladder, reference: float) -> None:
    for levels, live in ((desired.bids, quotes.bids), (desired.asks, quotes.asks)):
        assert len(levels) == len(live)
        for (ticks, lots), order in zip(levels, live, strict=True):
            depth = abs(reference / PLAN.tick - ticks)
            tolerance = reference / PLAN.tick * 1e-4 + 0.05 * depth
            assert abs(order.ticks - ticks) <= tolerance + 1e-6
            assert order.lots >= lots * 0.9 - 1e-9
            assert order.lots * 0.9 <= lots + 1e-9
            assert order.pending is Pending.NONE


@given(moves, rights_used, st.booleans())
@settings(max_examples=120, deadline=None)
def test_any_path_ends_at_the_desired_ladder_and_is_safe_on_the_way(
    path: list[tuple[float, float, float, float, float]], rights: AmendRights, slow: bool
) -> None:
    venue = ObedientVenue(rights)
    now = 0
    for off, mid_off, usdt, tokens, widen in path:
        reference = 1 + off * 1e-4
        given_inputs = inputs(
            reference, mid=reference * (1 + mid_off * 1e-4), usdt=usdt, tokens=tokens, widen=widen
        )
        desired = build(PLAN, given_inputs)
        for _ in range(8):
            now += SECOND_NS
            actions = diff(PLAN, given_inputs, desired, venue.quotes, now)
            if actions == NOTHING:
                break
            # only what rested already before the means fell may exceed them
            had = claims(venue.quotes)
            venue.send(actions, now, acknowledge=False)
            assert_safe(venue.quotes, max(usdt, had[0]), max(tokens, had[1]))
            if slow:
                diff(PLAN, given_inputs, desired, venue.quotes, now + 1)
            answer_all(venue, now)
        assert diff(PLAN, given_inputs, desired, venue.quotes, now + SECOND_NS) == NOTHING
        assert_agrees(venue.quotes, desired, reference)


def answer_all(venue: ObedientVenue, now_ns: int) -> None:
    for order in list(venue.quotes.orders()):
        if order.pending is Pending.CANCEL:
            venue.answer(order.client_id, OrderState.CANCELED, now_ns)
        elif order.pending is not Pending.NONE:
            venue.answer(order.client_id, OrderState.OPEN, now_ns, order.to_ticks)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
@settings(max_examples=80, deadline=None)
def test_inside_the_promise_a_full_turn_finds_nothing_either(at: float, mid_at: float) -> None:
    venue = settled()
    assert step(venue, inputs()) == NOTHING
    low, high, mid_low, mid_high = venue.quotes._good
    reference = 1 + (at * (high - 1) if at > 0 else -at * (low - 1))
    mid = 1 + (mid_at * (min(mid_high, 1.01) - 1) if mid_at > 0 else -mid_at * (max(mid_low, 0.99) - 1))
    if not venue.quotes.needs_refresh(reference, mid):
        near = inputs(reference, mid=mid)
        desired = build(PLAN, near)
        # rounding may move a desired level by one tick more than the price itself moved
        loose = replace(PLAN, quote=QuoteLimits(refresh_tolerance_bps=2.0))
        assert diff(loose, near, desired, venue.quotes, OLD) == NOTHING
