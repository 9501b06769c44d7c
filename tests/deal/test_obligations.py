import json
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
    assert tally.total_s == pytest.approx(golden["total_s"])
    assert tally.both_s == pytest.approx(golden["compliant_s"])
    assert one.views(0)["binance"].uptime == pytest.approx(golden["pct"] / 100)


def test_sides_are_counted_apart() -> None:
    one = meter()
    for fact in (seen(0, True, False), seen(10, False, True), seen(30, True, True), seen(40, True, True)):
        one.observe(fact)
    tally = one.month("binance", 0)
    assert (tally.total_s, tally.bid_s, tally.ask_s, tally.both_s) == (40, 20, 30, 10)


def test_silence_counts_as_not_met_from_the_last_confirmed_moment() -> None:
    one = meter(gap_s=5)
    one.observe(seen(0, True))
    one.observe(seen(4, True))
    one.observe(seen(100, True))
    tally = one.month("binance", 0)
    assert (tally.total_s, tally.both_s) == (100, 4)
    assert one.tracks["binance"].causes == {"not observed": 96}
    assert one.tracks["binance"].worst_s == 96


def test_a_day_that_crosses_midnight_and_month_is_split() -> None:
    one = meter()
    last_of_january = 30 * DAY_NS / NS  # 1970-01-31
    one.observe(seen(last_of_january + 86_390, True))
    one.observe(seen(last_of_january + 86_420, True))
    assert one.tracks["binance"].days[30].total_s == 10
    assert one.tracks["binance"].days[31].total_s == 20
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
    assert one.month("binance", 0).both_s == 10


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
    one, at, expected = meter(), 0, 0.0
    state = (False, False)
    one.observe(seen(0, *state))
    for wait, bid, ask in steps:
        at += wait
        expected += wait * (state[0] and state[1])
        state = (bid, ask)
        one.observe(seen(at, bid, ask))
    totals = [
        sum(getattr(t, name) for t in one.tracks["binance"].days.values()) for name in ("total_s", "both_s")
    ]
    if at < 60 * 86_400:
        assert totals[0] == pytest.approx(at)
        assert totals[1] == pytest.approx(expected)
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
