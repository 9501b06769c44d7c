"""Conduct: own orders never meet, prices stay near the market, messages stay in proportion to fills."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import Refusal
from bot.model.order import Amend, Side
from bot.quoting.conduct import MessageRatio, off_market, self_cross, trimmed
from bot.quoting.diff import Actions, Place

SECOND_NS = 1_000_000_000
BIDS, ASKS = {99: 5, 98: 1}, {101: 4, 105: 2}


@pytest.mark.parametrize(
    ("side", "ticks", "refused"),
    [
        (Side.BUY, 100, False),
        (Side.BUY, 101, True),
        (Side.BUY, 200, True),
        (Side.SELL, 100, False),
        (Side.SELL, 99, True),
        (Side.SELL, 1, True),
    ],
)
def test_own_orders_never_meet(side: Side, ticks: int, refused: bool) -> None:
    refusal = self_cross(side, ticks, BIDS, ASKS)
    assert (refusal is not None) is refused
    if refusal:
        assert refusal.reason == "self_trade"
        assert str(ticks) in refusal.detail
    assert self_cross(side, ticks, {}, {}) is None


def test_collar() -> None:
    assert off_market(10_050, 10_000.0, 50) is None
    refusal = off_market(10_051, 10_000.0, 50)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "collar"
    assert "51 bp" in refusal.detail
    for missing in (0.0, float("nan"), -1.0):
        refusal = off_market(10_000, missing, 50)
        assert refusal is not None
        assert refusal.reason == "no_reference"


def test_ratio_counts_over_the_window() -> None:
    ratio = MessageRatio(window_s=60, messages_per_fill_max=100, floor=50)
    ratio.sent(50, 0)
    refusal = ratio.check(1, 0)
    assert refusal is not None
    assert "50 messages for 0 fills" in refusal.detail
    ratio.filled(SECOND_NS)
    assert ratio.check(100, SECOND_NS) is None
    assert ratio.check(101, SECOND_NS) is not None
    ratio.sent(100, 2 * SECOND_NS)
    # at 60 s the first fifty messages are forgotten, at 61 s the fill too
    assert ratio.check(50, 60 * SECOND_NS) is None
    assert ratio.check(1, 61 * SECOND_NS) is not None
    assert ratio.check(50, 62 * SECOND_NS) is None
    assert (ratio.messages, ratio.fills) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 5 * SECOND_NS), st.integers(0, 9), st.booleans()), max_size=200))
def test_ratio_keeps_bounded_memory_and_never_goes_negative(
    events: list[tuple[int, int, bool]],
) -> None:
    ratio, now = MessageRatio(window_s=30, messages_per_fill_max=10, floor=5), 0
    recent: list[tuple[int, int]] = []
    for wait, messages, fill in events:
        now += wait
        ratio.sent(messages, now)
        recent.append((now, messages))
        if fill:
            ratio.filled(now)
        assert len(ratio._buckets) <= 61
        newest = sum(n for at, n in recent if at > now - 29 * SECOND_NS)
        oldest = sum(n for at, n in recent if at > now - 31 * SECOND_NS)
        assert newest <= ratio.messages <= oldest


def test_trimming_keeps_cancels_and_order() -> None:
    amends = tuple(Amend(f"a{n}", "binance.spot", 100, 1) for n in range(3))
    places = tuple(Place(Side.BUY, 90 - n, 1) for n in range(3))
    actions = Actions(("c1", "c2"), amends, places, 7)
    assert trimmed(actions, 8) == actions
    assert trimmed(actions, 6) == Actions(("c1", "c2"), amends, places[:1], 7)
    assert trimmed(actions, 4) == Actions(("c1", "c2"), amends[:2], (), 7)
    assert trimmed(actions, 0) == Actions(("c1", "c2"), (), (), 7)
