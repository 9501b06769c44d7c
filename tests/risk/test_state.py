"""The whole fold: events in, view out; any order, any repetition; the desk closes its own loop."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.errors import FailSafe
from bot.model.facts import (
    Fact,
    FundingPaid,
    HedgeWorking,
    LimitsChanged,
    LimitsRefused,
    OpenOrder,
    OperatorCommand,
    OrderUpdated,
    QuotesObserved,
    SellerWorking,
    Started,
    Ticked,
    Transferred,
    VenueDown,
    VenueUp,
)
from bot.model.limits import Limits
from bot.model.order import OrderState, Side
from bot.model.view import Level
from bot.risk.hedge import next_order
from bot.risk.state import RiskSetup, RiskState
from risk_desk import fold, limits, options, pool, ready, run, settle_hedges, setup, small_opening
from risk_world import INSTRUMENTS, PERPS, SPOTS, T0, D, S, client_id, fill, sample, snapshot, top


def test_the_opening_day() -> None:
    state = ready()
    view = state.view()
    assert view.ready
    assert view.exposure.source == pytest.approx(847_356, abs=20)
    assert view.exposure.economic == pytest.approx(-2_152_644, abs=20)
    assert view.exposure.loan == 3_000_000
    assert settle_hedges(state, 0.5) == 3
    run(state, 1, 12)
    view = state.view()
    assert view.level is Level.NORMAL
    assert abs(view.exposure.net) <= view.exposure.band
    assert view.quote_room_buy > 10_000 < view.quote_room_sell
    assert view.hedges == 3
    assert view.alerts == ()
    assert isinstance(state.parts.setup, RiskSetup)


def test_orders_in_doubt_of_the_seller_are_counted_until_settled() -> None:
    state = ready()
    sale = client_id("s", 7)

    def update(client: str, order_state: OrderState) -> OrderUpdated:
        return OrderUpdated(T0 + S, T0, SPOTS[0], client, order_state, 0)

    state.apply(update(sale, OrderState.UNKNOWN))
    state.apply(update(sale, OrderState.UNKNOWN))
    state.apply(update(client_id("q", 8), OrderState.UNKNOWN))  # the quoter reports its own
    state.apply(update("web_1", OrderState.UNKNOWN))
    assert state.view().unknown_orders == 1
    state.apply(update(sale, OrderState.CANCELED))
    assert state.view().unknown_orders == 0


def test_a_newer_run_on_a_venue_stops_this_one() -> None:
    state = ready()
    stray = OpenOrder(client_id("q", 1, epoch=2), "v", Side.BUY, D(1), D(1))
    with pytest.raises(FailSafe, match="another instance"):
        state.apply(snapshot(SPOTS[0], "66000", "66000", 1, (), (stray,)))


def test_strangers_do_no_harm() -> None:
    state = ready()
    before = state.view()
    state.apply(VenueUp(T0, "kraken.spot"))
    state.apply(VenueDown(T0, "kraken.spot", "x"))
    state.apply(QuotesObserved(T0, "kraken", None, None, None, None, False, False, 0, 0))
    state.apply(LimitsRefused(T0, "ann", "d", ("hedge.band: must be > 0",)))
    state.apply(SellerWorking(T0, SPOTS[0], D(5), "resting"))
    after = state.view()
    assert (before.exposure, before.perps, before.pnl) == (after.exposure, after.perps, after.pnl)
    assert "hedge.band" in after.alerts[-1][2]


def test_limits_change_in_one_step_and_judge_at_once() -> None:
    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    tight = limits(risk={"net_delta_usdt_max": 1_000})
    state.apply(LimitsChanged(T0 + 14 * S, 9, tight, (), "ann", "d"))
    view = state.view()
    assert (view.limits_version, view.limits) == (9, tight)
    assert view.level is Level.PULLED
    assert "net_delta" in view.level_reason


def test_pause_and_resume() -> None:
    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    state.apply(OperatorCommand(T0 + 14 * S, "pause", "news", "ann"))
    assert (state.view().paused, state.view().level) == (True, Level.PULLED)
    state.apply(OperatorCommand(T0 + 15 * S, "resume", "", "ann"))
    run(state, 15, 12)
    assert (state.view().paused, state.view().level) == (False, Level.NORMAL)


def test_a_journal_folded_again_gives_the_same_view_to_the_byte() -> None:
    facts: list[Fact] = small_opening()
    facts += [sample(1 + 0.001 * (n % 5), n / 2) for n in range(40)]
    facts += [fill(SPOTS[n % 3], n, (-1) ** n * 900, 1, at_s=20) for n in range(30)]
    facts += [pool(21), options(22), OperatorCommand(T0 + 23 * S, "halt", "x", "ann"), Ticked(T0 + 24 * S)]
    one, two = fold(facts), fold(facts)
    assert repr(one.view()) == repr(two.view())
    assert two.view().level is Level.HALTED


# --- the loop closed by the hedger's own rule, without any runtime ---


class Market:
    """Prices walk, quotes fill, perps trade what `next_order` asks for: partly, or not at all."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.state = ready()
        self.mid, self.at, self.trades = 1.0, 0.0, 0
        self.cash = self.tokens = Decimal(0)
        self.positions = dict.fromkeys(PERPS, Decimal(0))
        self.outside = 0

    def step(self) -> None:
        draw, state = self.random, self.state
        self.at += 0.5
        self.mid *= 1 + draw.gauss(0, 2e-4)
        state.apply(sample(self.mid, self.at))
        if self.at % 5 == 0:
            state.apply(pool(self.at, block=int(self.at)))
        if draw.random() < 0.5:
            self.trade(draw.choice(SPOTS), draw.choice((-1, 1)) * draw.randrange(100, 4_000))
        for key in PERPS:
            order = next_order(state.view(), INSTRUMENTS[key], top(key, self.mid, self.at))
            if order is not None and draw.random() < 0.9:
                lots = order.quantity_lots if draw.random() < 0.8 else max(1, order.quantity_lots // 3)
                self.trade(key, order.side * lots)
        view = state.view()
        assert abs(view.exposure.hedged_net) <= view.exposure.band + 1e-6
        assert abs(view.pnl["residual"]) <= 1e-9 * state.parts.pnl.gross()
        self.outside += abs(view.exposure.net) > view.exposure.band

    def trade(self, key: str, lots: int) -> None:
        self.trades += 1
        price = Decimal(round(self.mid * 10_000)) / 10_000
        fact = fill(key, self.trades, lots, price, fee="0.01", at_s=self.at)
        for _ in range(self.random.choice((1, 1, 1, 2))):
            self.state.apply(fact)
        self.cash -= lots * price + Decimal("0.01")
        if key in self.positions:
            self.positions[key] += lots
        else:
            self.tokens += lots


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_desk_stays_in_its_band_and_its_books_add_up(seed: int) -> None:
    market = Market(seed)
    for _ in range(400):
        market.step()
    market.step()
    ledger, view = market.state.parts.books.ledger, market.state.view()
    assert ledger.spot_tokens() == market.tokens + 198_000
    assert ledger.cash() == market.cash + 3 * 66_000 + 3 * 200_000
    assert {k: ledger.accounts[k].tokens for k in PERPS} == market.positions
    assert market.outside < 60, f"seed {seed}: outside the band in {market.outside} of 400 steps"
    assert view.level in (Level.NORMAL, Level.CAUTIOUS)
    assert view.pnl["total"] == pytest.approx(sum_of_lines(view.pnl), abs=1e-6)


def sum_of_lines(pnl: object) -> float:
    from bot.risk.pnl import LINES

    return sum(pnl[name] for name in LINES)  # type: ignore[index]


# --- any order and repetition ---

BOOKED = [
    *[fill(SPOTS[n % 3], n, (-1) ** n * (100 + n), "1.001", at_s=n / 10) for n in range(12)],
    *[fill(PERPS[n % 3], 100 + n, (-1) ** n * (50 + n), "0.999", at_s=n / 10) for n in range(9)],
    *[FundingPaid(T0, T0, key, f"f{key}", 1e-4, D(-1), D("0.5")) for key in PERPS],
    Transferred(T0, SPOTS[0], SPOTS[1], D(10), D(10)),
]
ANYTHING: list[Fact] = [
    *BOOKED,
    *small_opening(),
    *[sample(1 + n / 1000, n) for n in range(4)],
    snapshot(SPOTS[0], None, None, 1),
    snapshot(PERPS[0], "-77", "199000", 2),
    snapshot(PERPS[0], "-77", "199000", 5),
    HedgeWorking(T0, PERPS[1], D(-500), True),
    VenueDown(T0 + S, PERPS[2], "x"),
    QuotesObserved(T0 + S, "binance", None, None, None, None, False, False, 1, 9),
    OperatorCommand(T0 + S, "pause", "", "a"),
    OperatorCommand(T0 + S, "halt", "", "a"),
    OperatorCommand(T0 + S, "resume", "r", "a"),
    LimitsChanged(T0, 3, limits(hedge={"band_tokens_fixed": 50}), (), "a", "d"),
    Started(T0 + 2 * S, 2, "paper", "v"),
    Ticked(T0 + 100 * S),
    pool(3, liquidity=450_000),
    options(4, sigma=1.1),
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ANYTHING), max_size=60))
def test_apply_is_total_and_the_identity_always_holds(facts: list[Fact]) -> None:
    state = RiskState(setup())
    for fact in facts:
        state.apply(fact)
    view = state.view()
    assert view.version == len(facts)
    assert abs(view.pnl["residual"]) <= 1e-9 * max(1.0, state.parts.pnl.gross())


@settings(max_examples=40)
@given(st.permutations(BOOKED), st.lists(st.sampled_from(BOOKED), max_size=15))
def test_money_facts_in_any_order_any_number_of_times(order: list[Fact], again: list[Fact]) -> None:
    straight, mixed = ready(), ready()
    for fact in BOOKED:
        straight.apply(fact)
    for fact in [*order, *again]:
        mixed.apply(fact)
    a, b = straight.parts.books.ledger, mixed.parts.books.ledger
    assert a.cash() == b.cash()
    assert {k: x.tokens for k, x in a.accounts.items()} == {k: x.tokens for k, x in b.accounts.items()}
    one, two = straight.view(), mixed.view()
    assert one.exposure.source == pytest.approx(two.exposure.source, abs=1e-6)
    assert one.pnl["total"] == pytest.approx(two.pnl["total"], abs=1e-6)
    assert (one.fills, one.hedges) == (two.fills, two.hedges)


def test_default_limits_fit_the_state() -> None:
    assert RiskState(setup(Limits())).view().level is Level.PULLED
