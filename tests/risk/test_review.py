"""What follows from every fact, in order."""

from __future__ import annotations

import pytest

from bot.model.facts import OperatorCommand, Ticked
from bot.model.view import Level
from risk_desk import fold, limits, opening, pool, ready, run, settle_hedges, setup
from risk_world import PERPS, SPOTS, T0, S, fill, sample


def test_a_ready_desk_comes_to_normal_once_it_is_hedged() -> None:
    state = ready()
    assert state.view().level is Level.PULLED
    assert state.view().level_reason.startswith("net_delta: ")
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    assert state.view().level is Level.NORMAL


def test_a_silent_market_pulls_the_quotes() -> None:
    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    state.apply(Ticked(T0 + 16 * S))
    assert state.view().level is Level.PULLED
    assert "stale_marks" in state.view().level_reason


def test_a_loss_from_the_peak_reduces_and_resume_starts_a_new_peak() -> None:
    state = ready(limits(risk={"loss_from_peak_usdt_max": 1_000, "move_bps_per_s_max": 1e6}))
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    run(state, 14, 4, mid=1.30)  # short gamma: loses about −½·138k·0.09
    assert state.view().pnl["total"] < -1_000
    assert state.view().level is Level.REDUCING
    state.apply(OperatorCommand(T0 + 19 * S, "resume", "known", "ann"))
    settle_hedges(state, 19, mid=1.30)
    run(state, 20, 15, mid=1.30)
    assert state.view().level is Level.NORMAL


def test_a_price_few_venues_agree_on_is_no_loss() -> None:
    state = ready(limits(risk={"loss_from_peak_usdt_max": 1_000, "move_bps_per_s_max": 1e6}))
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    for n in range(20):
        state.apply(sample(0.7, 14 + n / 2, keys=SPOTS[:1]))
    view = state.view()
    assert view.marks.fair_inputs == 1
    assert view.level is Level.CAUTIOUS


def test_the_unsold_loan_is_shown_but_does_not_stop_the_desk() -> None:
    state = fold(opening(), None)
    from bot.risk.state import RiskState

    selling = fold(opening(), RiskState(setup(sell_total_tokens=2_500_000)))
    assert state.view().exposure.net == selling.view().exposure.net > 3_000_000
    settle_hedges(selling, 0.5)
    run(selling, 1, 15)
    assert selling.view().level is Level.NORMAL
    settle_hedges(state, 0.5)
    run(state, 1, 40)
    assert state.view().level is Level.REDUCING


def test_ready_is_kept_while_a_venue_is_away_and_asked_again_after_a_start() -> None:
    from bot.model.facts import Started, VenueDown

    state = ready()
    state.apply(VenueDown(T0 + S, PERPS[0], "gone"))
    assert state.view().ready
    state.apply(Started(T0 + 2 * S, 2, "paper", "x"))
    assert not state.view().ready
    assert state.view().perps[PERPS[0]].target == state.view().perps[PERPS[0]].position


@pytest.mark.parametrize("gone", [PERPS, PERPS[:2]])
def test_losing_every_perp_pulls_the_quotes(gone: tuple[str, ...]) -> None:
    from bot.model.facts import VenueDown

    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    for key in gone:
        state.apply(VenueDown(T0 + 14 * S, key, "gone"))
    assert (state.view().level is Level.PULLED) is (len(gone) == 3)


def test_stale_chain_and_options_widen() -> None:
    state = ready()
    settle_hedges(state, 0.5)
    run(state, 1, 12)
    for n in range(4, 160):
        state.apply(sample(1.0, 12 + n / 2))
    view = state.view()
    assert view.level is Level.CAUTIOUS
    assert "lp_age" in view.level_reason
    assert view.exposure.lp is None
    assert not view.exposure.complete
    assert view.exposure.source == pytest.approx(5_642.8, abs=1)  # the last known value stays in the sum
    state.apply(pool(92))
    assert state.view().exposure.lp == pytest.approx(500_000)


def test_fills_alone_bring_the_room_down() -> None:
    state = ready()
    settle_hedges(state, 0.5)
    before = state.view().quote_room_buy
    state.apply(fill(SPOTS[0], 1, 5_000, 1, at_s=1))
    assert state.view().quote_room_buy == pytest.approx(before - 5_000, abs=1)
