"""Quotes in a storm: random markets, partial fills, lost, refused and late answers; what must always hold."""

from __future__ import annotations

import random

import pytest

from bot.model.facts import OrderUpdated
from bot.model.order import OrderState
from bot.quoting.diff import Actions, AmendRights, diff
from bot.quoting.ladder import LadderInputs, build
from bot.quoting.live import LiveOrder, LiveQuotes, Pending
from quoting.quoting_cases import FULL, NONE, PLAN, ObedientVenue, inputs, top

STEPS = 120
WAITS_NS = (1_000_000, 50_000_000, 1_000_000_000)


def claims(quotes: LiveQuotes) -> tuple[float, float]:
    """USDT and tokens that what rests and what is under way may take, at its worst."""
    usdt = sum(max(o.ticks * o.lots, o.to_ticks * o.to_lots) for o in quotes.bids) * PLAN.unit
    return usdt, sum(max(o.lots, o.to_lots) for o in quotes.asks) * PLAN.lot


def weather(rng: random.Random, reference: float, means: tuple[float, float]) -> LadderInputs:
    near = round(reference / PLAN.tick)
    return inputs(
        reference,
        mid=reference * (1 + rng.gauss(0, 2e-4)),
        usdt=means[0],
        tokens=means[1],
        skew_bps=rng.uniform(-2, 2),
        widen=rng.choice([1.0, 1.0, 1.0, 2.0]),
        others=rng.choice(
            [top(), top(near - 2, near + 2), top(near + 10, near + 15), top(near - 20, near - 12)]
        ),
        bid_enabled=rng.random() > 0.02,
    )


def reply(rng: random.Random, order: LiveOrder) -> tuple[OrderState, str, int]:
    """An answer a venue may give: state, reason, price said."""
    if order.pending is Pending.CANCEL:
        return rng.choice(
            [
                (OrderState.CANCELED, "", 0),
                (OrderState.OPEN, "cancel refused", 0),
                (OrderState.UNKNOWN, "", 0),
            ]
        )
    refused = (
        (OrderState.REJECTED, "", 0)
        if order.pending is Pending.PLACE
        else (OrderState.OPEN, "amend refused", 0)
    )
    taken = (OrderState.OPEN, "", rng.choice([0, order.to_ticks]))
    return rng.choice([taken, taken, taken, refused, (OrderState.UNKNOWN, "", 0)])


def gusts(rng: random.Random, quotes: LiveQuotes, now_ns: int) -> None:
    """Some orders fill in part, most requests are answered."""
    for order in list(quotes.orders()):
        if order.settled:
            if rng.random() < 0.03:
                filled = order.filled_lots + rng.randint(1, order.lots)
                quotes.on_order(
                    OrderUpdated(now_ns, 0, "binance.spot", order.client_id, OrderState.OPEN, filled)
                )
        elif rng.random() < 0.7:
            state, reason, price = reply(rng, order)
            quotes.on_order(
                OrderUpdated(
                    now_ns, 0, "binance.spot", order.client_id, state, order.filled_lots, reason, price
                )
            )


def assert_allowed(actions: Actions, quotes: LiveQuotes) -> None:
    touched = [a.client_id for a in actions.amends] + list(actions.cancels)
    assert len(touched) == len(set(touched))
    for client_id in touched:
        order = quotes.get(client_id)
        assert order is not None
        assert order.settled
    for amend in actions.amends:
        order = quotes.get(amend.client_id)
        assert order is not None
        assert (amend.price_ticks, amend.quantity_lots) != (order.ticks, order.lots)
        assert amend.quantity_lots > 0


def assert_kept(quotes: LiveQuotes) -> None:
    bids = [p for o in quotes.bids for p in (o.ticks, o.to_ticks)]
    asks = [p for o in quotes.asks for p in (o.ticks, o.to_ticks)]
    assert not bids or not asks or max(bids) < min(asks)
    for side, own in ((quotes.bids, quotes.own_bids), (quotes.asks, quotes.own_asks)):
        counted: dict[int, int] = {}
        for order in side:
            counted[order.ticks] = counted.get(order.ticks, 0) + order.lots
        assert counted == own
        ranks = [-o.side * o.ticks for o in side]
        assert ranks == sorted(ranks)


@pytest.mark.parametrize("rights", [FULL, NONE, AmendRights(size_down=True)], ids=["full", "none", "size"])
@pytest.mark.parametrize("seed", range(4))
def test_invariants_hold_at_every_step(seed: int, rights: AmendRights) -> None:
    rng = random.Random(seed)
    venue, now, reference = ObedientVenue(rights), 0, 1.0
    means = (50_000.0, 50_000.0)
    for _ in range(STEPS):
        now += rng.choice(WAITS_NS)
        reference *= 1 + rng.gauss(0, rng.choice([0, 1e-4, 5e-4]))
        if rng.random() < 0.02:
            means = (rng.uniform(30e3, 80e3), rng.uniform(30e3, 80e3))
        given = weather(rng, reference, means)
        had = claims(venue.quotes)
        actions = diff(PLAN, given, build(PLAN, given), venue.quotes, now)
        assert_allowed(actions, venue.quotes)
        venue.send(actions, now, acknowledge=False)
        assert_kept(venue.quotes)
        for claimed, before, allowed in zip(claims(venue.quotes), had, means, strict=True):
            assert claimed <= max(before, allowed) * (1 + 1e-9)
        gusts(rng, venue.quotes, now)
        assert_kept(venue.quotes)
