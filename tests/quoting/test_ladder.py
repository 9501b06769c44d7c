"""The ladder: hand-worked tables, then the properties that must hold for every market and every balance."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.limits import ObligationLimits, QuoteLimits
from bot.quoting import ladder as ladders
from bot.quoting.ladder import Ladder, LadderInputs, build
from bot.quoting.levels import LadderPlan
from quoting.quoting_cases import inputs, instrument, plan, top


def value_usdt(levels: ladders.Levels, made: LadderPlan) -> float:
    return sum(t * n for t, n in levels) * made.unit


def test_default_ladder_by_hand() -> None:
    made = plan(usdt=100_000)
    desired = build(made, inputs(1.0))
    assert [t for t, _ in desired.bids] == [9995, 9992, 9986, 9975, 9955, 9930, 9900, 9870, 9840, 9815]
    # The touch: 10,004.5 rounds outward to 10,005, but 10 ticks are exactly the limit and one tick of drift
    # would break it, so it comes in by one.
    asks = [10004, 10008, 10014, 10025, 10045, 10070, 10100, 10130, 10160, 10185]
    assert [t for t, _ in desired.asks] == asks
    # 2 % of 108,000 USDT at 0.9995 = 2161.08 tokens = 21,610.8 lots of 0.1, rounded up
    assert desired.bids[0][1] == 21_611
    assert desired.asks[-1][1] == 233_285  # 22 % of 108,000 at 1.0185 = 23,328.4 tokens
    assert desired.cause == ""
    assert not desired.clamped


def test_skew_moves_both_sides_alike() -> None:
    base, shifted = build(plan(), inputs(1.0)), build(plan(), inputs(1.0, skew_bps=-2.0))
    moves = [b - a for (a, _), (b, _) in zip(base.bids + base.asks, shifted.bids + shifted.asks, strict=True)]
    assert set(moves) == {-2}


def test_caution_widens_only_to_the_edge_of_the_obligation() -> None:
    desired = build(plan(), inputs(1.0, widen=2.0))
    assert desired.asks[0][0] - desired.bids[0][0] <= 10
    assert desired.bids[0][0] < 9996
    assert desired.bids[1][0] == 9984
    assert desired.bids[-1][0] >= 9800
    assert desired.asks[-1][0] <= 10200
    assert value_usdt(desired.bids, plan()) >= 54_000


def test_coarse_tick_is_rounded_inward_to_the_spread_owed() -> None:
    made = plan(tick="0.0005")
    desired = build(made, inputs(1.6003))
    # 3200.6 ticks: outward the touch would be 3199 / 3203, but 10 bp hold three ticks; the ask gives more
    assert (desired.bids[0][0], desired.asks[0][0]) == (3199, 3202)
    assert desired.cause == ""


def test_tick_wider_than_the_spread_owed_is_said() -> None:
    desired = build(plan(tick="0.01"), inputs(1.003))
    assert desired.cause == ladders.TICK_TOO_WIDE
    assert desired.bids[0][0] == 100
    assert desired.asks[0][0] == 101


def test_levels_on_one_price_are_merged() -> None:
    desired = build(plan(tick="0.01"), inputs(1.003))
    assert [t for t, _ in desired.bids] == [100, 99, 98][: len(desired.bids)]
    assert value_usdt(desired.bids, plan(tick="0.01")) >= 54_000


def test_touch_never_comes_through_the_centre_for_the_spread() -> None:
    # Others bid 20 bp above our fair price: the asks must give way and the spread cannot be met.
    desired = build(plan(), inputs(1.0, others=top(10_020, 10_030)))
    assert desired.asks[0][0] == 10_021
    assert desired.bids[0][0] == 10_000  # moved in as far as the centre, not to 10,011
    assert desired.cause == ladders.POST_ONLY
    assert desired.clamped


def test_short_tokens_are_cut_near_first_and_the_touch_last() -> None:
    made = plan(usdt=50_000)
    full = build(made, inputs(1.0))
    cut = build(made, inputs(1.0, tokens=50_600.0))
    assert cut.cause == ladders.SHORT_TOKENS
    assert cut.asks[0] == full.asks[0]
    assert cut.asks[-6:] == full.asks[-6:]
    assert len(cut.asks) < len(full.asks)
    assert value_usdt(cut.asks, made) >= 50_000  # the depth owed survives the cut
    assert cut.bids == full.bids


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"usdt": 40_000.0}, ladders.SHORT_USDT),
        ({"room_buy": 40_000.0}, ladders.NO_ROOM_BUY),
        ({"tokens": 40_000.0}, ladders.SHORT_TOKENS),
        ({"room_sell": 40_000.0}, ladders.NO_ROOM_SELL),
        ({"reference": float("nan")}, ladders.NO_REFERENCE),
        ({"mid": 0.0}, ladders.NO_REFERENCE),
    ],
)
def test_cause_names_what_is_short(change: dict[str, float], cause: str) -> None:
    assert build(plan(), inputs(1.0)._replace(**change)).cause == cause


def test_sides_can_be_off_and_means_can_be_nothing() -> None:
    assert build(plan(), inputs(1.0, bid_enabled=False)).bids == ()
    assert build(plan(), inputs(1.0, ask_enabled=False)).asks == ()
    assert build(plan(), inputs(1.0, usdt=0.0, tokens=-3.0))[:2] == ((), ())
    assert build(plan(), inputs(1.0, usdt=4.9)).bids == ()  # below the smallest order of 5 USDT


@pytest.mark.parametrize(
    ("depths", "weights", "words"),
    [
        ((5, 10), (1.0,), "2 levels, level_weights 1"),
        ((10, 5), (0.5, 0.5), "grow"),
        ((5,), (0.0,), "all zero"),
    ],
)
def test_a_table_that_is_no_ladder_is_refused(
    depths: tuple[float, ...], weights: tuple[float, ...], words: str
) -> None:
    quote = QuoteLimits(level_depths_bps=depths, level_weights=weights)
    with pytest.raises(ValueError, match=words):
        LadderPlan.compile(instrument(), ObligationLimits(bid_usdt=1, ask_usdt=1), quote)


def test_level_tables_are_kept_for_a_few_widenings_only() -> None:
    made = plan()
    assert made.rows(1.0) is made.rows(1.0)
    for n in range(20):
        made.rows(1.0 + n / 10)
    assert len(made._rows) <= 8


ticks = st.sampled_from(["0.00001", "0.0001", "0.0002", "0.0005", "0.001"])
markets = st.fixed_dictionaries(
    {
        "reference": st.floats(0.3, 5.0),
        "mid_off_bps": st.floats(-20, 20),
        "skew_bps": st.floats(-2, 2),
        "widen": st.sampled_from([1.0, 1.5, 2.0, 4.0]),
        "tick": ticks,
        "lot": st.sampled_from(["0.1", "1", "10"]),
        "owed": st.sampled_from([5_000.0, 50_000.0, 100_000.0]),
        "buffer": st.sampled_from([0.0, 0.08]),
    }
)


def market(case: dict[str, object]) -> tuple[LadderPlan, LadderInputs]:
    quote = QuoteLimits(depth_buffer_share=case["buffer"])  # type: ignore[arg-type]
    made = plan(case["owed"], quote, case["tick"], case["lot"])  # type: ignore[arg-type]
    reference: float = case["reference"]  # type: ignore[assignment]
    mid = reference * (1 + case["mid_off_bps"] * 1e-4)  # type: ignore[operator]
    return made, inputs(reference, mid=mid, skew_bps=case["skew_bps"], widen=case["widen"])


def assert_well_formed(desired: Ladder) -> None:
    assert all(a[0] > b[0] for a, b in pairwise(desired.bids))
    assert all(a[0] < b[0] for a, b in pairwise(desired.asks))
    assert all(t > 0 and n > 0 for t, n in desired.bids + desired.asks)
    if desired.bids and desired.asks:
        assert desired.bids[0][0] < desired.asks[0][0]


@given(markets)
@settings(max_examples=150, deadline=None)
def test_obligation_is_met_when_means_allow(case: dict[str, object]) -> None:
    made, given_inputs = market(case)
    desired = build(made, given_inputs)
    assert_well_formed(desired)
    mid, owed = given_inputs.mid, case["owed"]
    low, high = mid * 0.98, mid * 1.02
    assert sum(t * made.tick * n * made.lot for t, n in desired.bids if t * made.tick >= low) >= owed
    assert sum(t * made.tick * n * made.lot for t, n in desired.asks if t * made.tick <= high) >= owed
    spread = (desired.asks[0][0] - desired.bids[0][0]) * made.tick / mid
    assert spread <= 0.001 * (1 + 1e-9) or desired.cause == ladders.TICK_TOO_WIDE
    if desired.cause == ladders.TICK_TOO_WIDE:
        assert made.tick / mid > 0.001 * 0.999


@given(markets, st.integers(-60, 60), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_post_only_never_crosses(case: dict[str, object], off: int, width: int) -> None:
    made, given_inputs = market(case)
    bid = max(1, round(given_inputs.reference / made.tick) + off)
    desired = build(made, given_inputs._replace(others=top(bid, bid + width)))
    assert_well_formed(desired)
    assert desired.bids[0][0] < bid + width
    assert desired.asks[0][0] > bid
    centre = given_inputs.reference * (1 + given_inputs.skew_bps * 1e-4) / made.tick
    assert desired.bids[0][0] <= centre + 1e-6
    assert desired.asks[0][0] >= centre - 1e-6


@given(markets, *[st.floats(0, 150_000) for _ in range(4)])
@settings(max_examples=200, deadline=None)
def test_never_more_than_balances_and_room(
    case: dict[str, object], usdt: float, tokens: float, room_buy: float, room_sell: float
) -> None:
    made, given_inputs = market(case)
    desired = build(
        made, given_inputs._replace(usdt=usdt, tokens=tokens, room_buy=room_buy, room_sell=room_sell)
    )
    assert_well_formed(desired)
    spent = sum(t * made.tick * n * made.lot for t, n in desired.bids)
    assert spent <= usdt * (1 + 1e-9) + 1e-6
    assert sum(n for _, n in desired.bids) * made.lot <= room_buy + 1e-6
    assert sum(n for _, n in desired.asks) * made.lot <= min(tokens, room_sell) + 1e-6
    assert all(t * made.tick * n * made.lot >= 5 - 1e-6 for t, n in desired.bids + desired.asks)


@given(markets, st.floats(1.0, 1.2))
@settings(max_examples=100, deadline=None)
def test_depth_owed_survives_as_long_as_the_balance_reaches_it(case: dict[str, object], share: float) -> None:
    made, given_inputs = market(case)
    owed: float = case["owed"]  # type: ignore[assignment]
    rest = 10 * made.lot * given_inputs.reference * 1.03  # one lot a level is lost to rounding at most
    desired = build(made, given_inputs._replace(usdt=owed * share + rest))
    assert value_usdt(desired.bids, made) >= owed
