import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deal.obligations import DAY_NS, NS, ObligationMeter, predicate
from bot.model.facts import OrderUpdated, QuotesObserved
from bot.model.instrument import Instrument, Kind
from bot.model.limits import ObligationLimits
from bot.model.order import OrderState, Side
from bot.quoting.live import LiveQuotes

OWED = ObligationLimits(bid_usdt=100_000, ask_usdt=100_000)
GOLDEN = Path(__file__).parents[1] / "golden" / "golden_misc.json"
SPOT = Instrument(
    "binance", Kind.SPOT, "TKN/USDT", Decimal("0.0001"), Decimal("0.1"), Decimal(5), Decimal(0), Decimal(0)
)


def seen(at_s: float, bid: bool, ask: bool | None = None, exchange: str = "binance") -> QuotesObserved:
    ask = bid if ask is None else ask
    return QuotesObserved(
        round(at_s * NS), exchange, 1.0, 1e5, 1e5, 9.0, bid, ask, 20, 0, "" if bid else "depth"
    )


def meter(gap_s: float = 1e9) -> ObligationMeter:
    return ObligationMeter({"binance": OWED}, gap_s=gap_s)


def test_golden_hour() -> None:
    golden = json.loads(GOLDEN.read_text())["uptime"]
    one = meter()
    for at_s, met in golden["events"]:
        one.observe(seen(at_s, bool(met)))
    tally = one.month("binance", 0)
    assert tally.total_ns == golden["total_s"] * NS
    assert tally.both_ns == golden["compliant_s"] * NS
    assert (tally.worst_ns, tally.worst_from_ns, tally.worst_cause) == (10 * NS, 2_000 * NS, "depth")
    assert tally.causes == {"depth": round(13.5 * NS)}
    assert one.views(0)["binance"].uptime == pytest.approx(golden["pct"] / 100)


def test_sides_are_counted_apart() -> None:
    one = meter()
    for fact in (seen(0, True, False), seen(10, False, True), seen(30, True, True), seen(40, True, True)):
        one.observe(fact)
    tally = one.month("binance", 0)
    counted = (tally.total_ns, tally.bid_ns, tally.ask_ns, tally.both_ns)
    assert counted == (40 * NS, 20 * NS, 30 * NS, 10 * NS)


def test_silence_counts_as_not_met_from_the_last_confirmed_moment() -> None:
    one = meter(gap_s=5)
    one.observe(seen(0, True))
    one.observe(seen(4, True))
    one.observe(seen(100, True))
    tally = one.month("binance", 0)
    assert (tally.total_ns, tally.both_ns) == (100 * NS, 4 * NS)
    assert tally.causes == {"not observed": 96 * NS}
    assert tally.worst_ns == 96 * NS


def test_a_silent_exchange_is_not_shown_as_met() -> None:
    one = meter(gap_s=5)
    one.observe(seen(0, True))
    one.observe(seen(10 - 5, True))
    assert one.views(10 * NS)["binance"].compliant
    silent = one.views(20 * NS)["binance"]
    assert (silent.compliant, silent.bid_depth_usdt, silent.cause) == (False, None, "not observed")
    assert silent.uptime == pytest.approx(5 / 20)
    assert silent.slack_minutes == pytest.approx(31 * 1440 * 0.05 - 15 / 60)
    one.observe(seen(25, True))
    back = one.views(25 * NS)["binance"]
    assert back.compliant
    assert back.uptime == pytest.approx(5 / 25)  # what was shown while silent is what was counted


def test_silence_across_a_month_charges_each_month_its_part() -> None:
    one, january = meter(gap_s=5), 31 * 86_400
    one.observe(seen(january - 10, True))
    now_ns = (january + 30) * NS
    assert one.views(now_ns)["binance"].slack_minutes == pytest.approx(28 * 1440 * 0.05 - 0.5)
    one.observe(seen(january + 30, True))
    assert one.month("binance", 0).total_ns == 10 * NS
    assert one.month("binance", now_ns).total_ns == 30 * NS
    assert one.month("binance", now_ns).both_ns == 0


def test_maintenance_is_taken_out_and_shown() -> None:
    one = meter()
    one.observe(seen(0, True))
    one.observe(replace(seen(60, False), cause="maintenance announced"))
    one.observe(seen(3_660, True))
    one.observe(seen(3_720, True))
    tally = one.month("binance", 0)
    assert (tally.total_ns, tally.both_ns, tally.excluded_ns) == (120 * NS, 120 * NS, 3_600 * NS)
    assert tally.causes == {"maintenance announced": 3_600 * NS}
    assert tally.worst_ns == 0
    assert one.slack_minutes("binance", 0) == pytest.approx((31 * 1440 - 60) * 0.05)


def test_unknown_counts_as_not_met_whatever_the_fact_claims() -> None:
    for doubt in ({"mid_usdt": None}, {"bid_depth_usdt": None}):
        one = meter()
        one.observe(replace(seen(0, True), **doubt))
        one.observe(seen(10, True))
        tally = one.month("binance", 0)
        assert (tally.total_ns, tally.bid_ns, tally.both_ns) == (10 * NS, 0, 0)
        assert tally.causes == {"unknown": 10 * NS}


def test_causes_are_few_however_many_words_are_used() -> None:
    one = meter()
    for n in range(100):
        one.observe(replace(seen(n, False), cause=f"cause {n}"))
    causes = one.month("binance", 0).causes
    assert len(causes) <= 21
    assert sum(causes.values()) == 99 * NS


def test_a_stretch_goes_on_through_changes_of_cause() -> None:
    one = meter()
    for at, cause in ((0, "depth"), (5, "spread"), (9, "")):
        one.observe(replace(seen(at, not cause), cause=cause))
    tally = one.month("binance", 0)
    assert (tally.worst_ns, tally.worst_from_ns) == (9 * NS, 0)


def test_memory_is_bounded_over_years() -> None:
    one = meter()
    for day in range(0, 1500, 3):
        one.observe(seen(day * 86_400, True))
    track = one.tracks["binance"]
    assert len(track.days) <= 62
    assert len(track.months) <= 36


def test_a_day_that_crosses_midnight_and_month_is_split() -> None:
    one = meter()
    last_of_january = 30 * DAY_NS / NS  # 1970-01-31
    one.observe(seen(last_of_january + 86_390, True))
    one.observe(seen(last_of_january + 86_420, True))
    assert one.tracks["binance"].days[30].total_ns == 10 * NS
    assert one.tracks["binance"].days[31].total_ns == 20 * NS
    assert set(one.tracks["binance"].months) == {(1970, 1), (1970, 2)}


def test_slack_is_the_error_budget_left_in_minutes() -> None:
    one = meter()
    one.observe(seen(0, False))
    one.observe(seen(3_600, True))
    # January has 31 days: 5 % of them are 2,232 minutes, 60 are gone.
    assert one.slack_minutes("binance", 3_600 * NS) == pytest.approx(31 * 1440 * 0.05 - 60)


def test_before_any_observation_nothing_is_claimed() -> None:
    view = meter().views(0)["binance"]
    assert (view.compliant, view.uptime, view.bid_depth_usdt) == (False, None, None)


def test_late_and_foreign_facts_change_nothing() -> None:
    one = meter()
    one.observe(seen(10, True))
    one.observe(seen(5, False))
    one.observe(seen(6, True, exchange="kraken"))
    one.observe(seen(20, True))
    assert one.month("binance", 0).both_ns == 10 * NS


def test_rows_without_news_are_the_same_objects() -> None:
    one = ObligationMeter({"binance": OWED, "bybit": OWED})
    first = one.views(0)
    one.observe(seen(1, True))
    second = one.views(NS)
    assert second["bybit"] is first["bybit"]
    assert second["binance"] is not first["binance"]
    assert one.views(2 * NS) is second


@given(st.lists(st.tuples(st.integers(1, 10**6), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_uptime_is_additive_and_within_bounds(steps: list[tuple[int, bool, bool]]) -> None:
    one, at = meter(), 0
    expected = {"total_ns": 0, "bid_ns": 0, "ask_ns": 0, "both_ns": 0}
    state = (False, False)
    one.observe(seen(0, *state))
    for wait, bid, ask in steps:
        at += wait
        for name, met in zip(expected, (True, state[0], state[1], all(state)), strict=True):
            expected[name] += wait * NS * met
        state = (bid, ask)
        one.observe(seen(at, bid, ask))
    for name, want in expected.items():
        months = sum(getattr(t, name) for t in one.tracks["binance"].months.values())
        assert months == want or len(one.tracks["binance"].months) == 36
    uptime = one.views(at * NS)["binance"].uptime
    assert uptime is None or 0 <= uptime <= 1


def quotes(*orders: tuple[Side, int, int]) -> LiveQuotes:
    live = LiveQuotes(SPOT)
    for number, (side, ticks, lots) in enumerate(orders):
        live.adopt(f"q{number}", side, ticks, lots, 0)
    return live


def test_predicate_by_hand() -> None:
    # mid 1.0000: 60,000 at 0.9996, 50,000 at 0.9801, 30,000 at 0.9799 (outside 2 %); asks 110,000 at 1.0005
    live = quotes(
        (Side.BUY, 9996, 600_240),
        (Side.BUY, 9801, 510_152),
        (Side.BUY, 9799, 300_000),
        (Side.SELL, 10005, 1_100_000),
    )
    result = predicate(live, 10_000.0, OWED, SPOT)
    assert result.bid_depth_usdt == pytest.approx(9996e-4 * 60_024 + 9801e-4 * 51_015.2)
    assert result.ask_depth_usdt == pytest.approx(1.0005 * 110_000)
    assert result.spread_bps == pytest.approx(9.0)
    assert (result.bid_met, result.ask_met, result.cause) == (True, True, "")


def test_predicate_too_wide_or_too_thin() -> None:
    wide = quotes((Side.BUY, 9994, 2_000_000), (Side.SELL, 10005, 2_000_000))
    assert predicate(wide, 10_000.0, OWED, SPOT)[3:] == (False, False, "spread")
    thin = quotes((Side.BUY, 9996, 100), (Side.SELL, 10005, 2_000_000))
    assert predicate(thin, 10_000.0, OWED, SPOT)[3:] == (False, True, "depth")


def test_predicate_without_a_mid_is_unknown() -> None:
    assert predicate(quotes(), None, OWED, SPOT) == (None, None, None, False, False, "no mid")


def test_orders_in_doubt_do_not_count() -> None:
    live = quotes((Side.BUY, 9996, 2_000_000), (Side.SELL, 10005, 2_000_000))
    live.on_order(OrderUpdated(0, 0, SPOT.id, "q0", OrderState.UNKNOWN, 0))
    assert predicate(live, 10_000.0, OWED, SPOT).bid_met is False
