"""One side worked through: rank, funds under way, own crosses; and any path of markets ends well."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.facts import OrderUpdated
from bot.model.limits import QuoteLimits
from bot.model.order import OrderState, Side
from bot.quoting.diff import NOTHING, AmendRights, LiveQuotes, diff
from bot.quoting.ladder import Ladder, build
from bot.quoting.live import Pending
from quoting.quoting_cases import FULL, NONE, OLD, PLAN, SECOND_NS, ObedientVenue, inputs, plan, settled, step


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


def test_after_a_fill_of_the_touch_its_neighbours_stay() -> None:
    venue = settled()
    touch = venue.quotes.bids[0]
    venue.answer(touch.client_id, OrderState.FILLED, OLD)
    actions = step(venue, inputs())
    assert (actions.cancels, actions.amends) == ((), ())
    assert [(p.side, p.ticks) for p in actions.places] == [(Side.BUY, touch.ticks)]


def test_a_touch_that_is_off_moves_itself() -> None:
    venue = settled()
    bid, ask = venue.quotes.bids[0], venue.quotes.asks[0]
    # 3 bp up, the second ask (10,008) is within tolerance of the new touch (10,007) and could take its place
    moved = {a.client_id: a.price_ticks for a in step(venue, inputs(1.0003)).amends}
    assert (moved[bid.client_id], moved[ask.client_id]) == (9998, 10_007)


def test_a_level_that_means_cannot_carry_is_left_out_not_sent() -> None:
    venue = ObedientVenue(FULL)
    desired = build(PLAN, inputs())
    poor = inputs(usdt=1_000.0)
    actions = diff(PLAN, poor, desired, venue.quotes, 0)
    assert sum(p.ticks * p.lots for p in actions.places if p.side is Side.BUY) * PLAN.unit <= 1_000
    assert len([p for p in actions.places if p.side is Side.SELL]) == 10


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
