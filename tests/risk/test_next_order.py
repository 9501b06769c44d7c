"""What the hedger sends next on one perp."""

from __future__ import annotations

import dataclasses

import pytest

from bot.model.limits import HedgeLimits, Limits
from bot.model.market import TopOfBook
from bot.model.order import Side
from bot.model.view import Level, View
from bot.risk.hedge import HedgeOrder, next_order
from risk_desk import ready, settle_hedges
from risk_world import INSTRUMENTS, PERPS, T0, S, top

PERP = INSTRUMENTS[PERPS[0]]


def view(gap: float = -20_000.0, position: float = 0.0, **more: object) -> View:
    base = ready().view()
    perp = dataclasses.replace(base.perps[PERP.id], position=position, target=position + gap, working=0.0)
    changed = {k: v for k, v in more.items() if k in {f.name for f in dataclasses.fields(perp)}}
    rest = {k: v for k, v in more.items() if k not in changed}
    perp = dataclasses.replace(perp, **changed)  # type: ignore[arg-type]
    made = dataclasses.replace(base, level=Level.NORMAL, perps={PERP.id: perp})
    return dataclasses.replace(made, **rest)  # type: ignore[arg-type]


TOP = top(PERP.id, 1.0)


def test_an_order_closes_the_gap_at_the_collar() -> None:
    assert next_order(view(), PERP, TOP) == HedgeOrder(Side.SELL, 9_950, 20_000, False)
    assert next_order(view(gap=20_000.0), PERP, TOP) == HedgeOrder(Side.BUY, 10_050, 20_000, False)


def test_a_large_gap_goes_in_slices() -> None:
    order = next_order(view(gap=-300_000.0), PERP, TOP)
    assert order is not None
    assert order.quantity_lots == int(50_000 / 0.995)


def test_shrinking_is_reduce_only_and_stops_at_flat() -> None:
    assert next_order(view(gap=5_000.0, position=-8_000.0), PERP, TOP) == HedgeOrder(
        Side.BUY, 10_050, 5_000, True
    )
    assert next_order(view(gap=12_000.0, position=-8_000.0), PERP, TOP) == HedgeOrder(
        Side.BUY, 10_050, 8_000, True
    )
    assert next_order(view(gap=12_000.0, position=-3.0), PERP, TOP) == HedgeOrder(
        Side.BUY, 10_050, 12_000, False
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"working": -5.0},
        {"unknown": True},
        {"healthy": False},
        {"ready": False},
        {"level": Level.HALTED},
        {"limits": Limits(hedge=HedgeLimits(enabled=False))},
        {"perps": {}},
        {"marks": dataclasses.replace(ready().view().marks, fair=None)},
        {"gap": -0.4},
        {"gap": -4.0},
        {"gap": 0.0},
    ],
    ids=str,
)
def test_nothing_is_sent_while(changed: dict[str, object]) -> None:
    assert next_order(view(**changed), PERP, TOP) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        TOP._replace(bid_ticks=0),
        TOP._replace(ask_ticks=0),
        TOP._replace(bid_ticks=10_001, ask_ticks=10_001),
        TOP._replace(seen_ns=T0 - 10 * S),
        TopOfBook(PERP.id, 9_000, 10, 9_010, 10, T0),  # crashed on this venue alone: 10 % under fair
    ],
)
def test_no_order_without_a_sane_price(bad: TopOfBook) -> None:
    assert next_order(view(), PERP, bad) is None


def test_the_collar_is_measured_from_fair_and_from_the_touch() -> None:
    rich = TopOfBook(PERP.id, 10_020, 10, 10_024, 10, T0)
    order = next_order(view(), PERP, rich)
    assert order is not None
    assert order.price_ticks == 9_970  # 50 bps under the touch, which stands above fair


def test_in_reducing_only_orders_that_shrink_net_delta_pass() -> None:
    long = dataclasses.replace(ready().view().exposure, net=5_000.0)
    assert next_order(view(level=Level.REDUCING, exposure=long), PERP, TOP) is not None
    short = dataclasses.replace(long, net=-5_000.0)
    assert next_order(view(level=Level.REDUCING, exposure=short), PERP, TOP) is None


def test_a_target_sent_twice_orders_once() -> None:
    state = ready()
    first = state.view()
    assert next_order(first, PERP, TOP) == next_order(state.view(), PERP, TOP)
    settle_hedges(state, 1)
    assert all(next_order(state.view(), INSTRUMENTS[k], top(k, 1.0, 1)) is None for k in PERPS)
