"""Targets over time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.facts import (
    HedgeWorking,
    LimitsChanged,
    OperatorCommand,
    Started,
    Ticked,
    VenueDown,
    VenueSnapshot,
    VenueUp,
)
from bot.model.limits import Limits
from bot.model.view import Level
from bot.risk.state import RiskState
from risk_desk import fold, limits, opening, pool, ready, run, settle_hedges, setup, small_opening
from risk_world import PERPS, SPOTS, T0, D, S, fill, sample, snapshot


def targets(state: RiskState) -> float:
    return sum(p.target for p in state.view().perps.values())


def change(state: RiskState, chosen: Limits, version: int = 2, at_s: float = 1.0) -> None:
    state.apply(LimitsChanged(T0 + round(at_s * S), version, chosen, (), "ann", "d"))


def test_nothing_moves_before_everything_is_known() -> None:
    facts = small_opening()
    state = RiskState(setup())
    for fact in facts[:-1]:
        state.apply(fact)
        assert all(p.target == p.position for p in state.view().perps.values())
        assert not state.view().ready
    state.apply(facts[-1])
    assert state.view().ready
    assert targets(state) == pytest.approx(-841_713, abs=2)


def test_targets_bring_the_deal_to_the_band() -> None:
    state = ready()
    view = state.view()
    assert abs(view.exposure.hedged_net) <= view.exposure.band
    settle_hedges(state, 1)
    view = state.view()
    assert view.exposure.net == pytest.approx(view.exposure.hedged_net)
    assert settle_hedges(state, 2) == 0


def test_a_fill_inside_the_band_moves_no_target_one_outside_does() -> None:
    state = ready()
    settle_hedges(state, 1)
    before = targets(state)
    state.apply(fill(SPOTS[0], 1, 3_000, 1, at_s=2))
    assert targets(state) == before
    state.apply(fill(SPOTS[0], 2, 5_000, 1, at_s=3))
    exposure = state.view().exposure
    assert targets(state) < before
    assert exposure.hedged_net == pytest.approx(exposure.band / 2, abs=2)


def test_a_tightened_band_moves_the_targets_in_the_same_step() -> None:
    state = ready()
    settle_hedges(state, 1)
    before = targets(state)
    change(state, limits(hedge={"band_tokens_fixed": 1_000}))
    view = state.view()
    assert view.exposure.band == 1_000
    assert view.limits_version == 2
    assert targets(state) < before
    assert view.exposure.hedged_net == pytest.approx(500, abs=2)


def test_phi_moves_the_target_at_once() -> None:
    state = ready()
    change(state, limits(risk={"phi": 0.1}))
    view = state.view()
    assert view.exposure.target == 300_000
    assert targets(state) == pytest.approx(-547_356, abs=view.exposure.band)
    assert abs(view.exposure.hedged_net) <= view.exposure.band


def test_hedging_off_means_nothing_is_due() -> None:
    state = ready()
    change(state, limits(hedge={"enabled": False}))
    assert targets(state) == 0
    change(state, Limits(), 3)
    assert targets(state) == pytest.approx(-841_000, abs=1_000)


def test_halted_freezes_the_targets() -> None:
    state = ready()
    before = targets(state)
    state.apply(OperatorCommand(T0 + S, "halt", "stop", "ann"))
    state.apply(fill(SPOTS[0], 1, 90_000, 1, at_s=2))
    assert targets(state) == before


def test_flatten_goes_to_the_narrowest_band() -> None:
    state = ready()
    state.apply(OperatorCommand(T0 + S, "flatten", "leave", "ann"))
    state.apply(Ticked(T0 + 2 * S))
    assert state.view().level is Level.FLATTEN
    assert abs(state.view().exposure.hedged_net) <= 6


def test_the_band_is_recomputed_once_a_minute() -> None:
    state = ready()
    run(state, 1, 5)
    band = state.view().exposure.band
    for n in range(100):
        state.apply(fill(SPOTS[n % 3], n, 900 if n % 2 else -900, 1, at_s=6))
    assert state.view().exposure.band == band
    run(state, 60, 3)
    assert state.view().exposure.band > 1.2 * band


def test_others_take_over_when_a_venue_goes_down_and_nothing_doubles_when_it_returns() -> None:
    state = ready()
    settle_hedges(state, 1)
    state.apply(fill(SPOTS[0], 1, 30_000, 1, at_s=2))
    chosen = max(
        state.view().perps, key=lambda k: abs(state.view().perps[k].target - state.view().perps[k].position)
    )
    state.apply(HedgeWorking(T0 + 2 * S, chosen, D(-20_000), unknown=True))
    state.apply(VenueDown(T0 + 3 * S, chosen, "no pong"))
    view = state.view()
    assert view.perps[chosen].target == view.perps[chosen].position - 10_000
    assert not view.perps[chosen].healthy
    assert abs(view.exposure.hedged_net) <= view.exposure.band
    settle_hedges_of_others(state, chosen)
    state.apply(HedgeWorking(T0 + 5 * S, chosen, D(0)))
    state.apply(VenueUp(T0 + 6 * S, chosen))
    view = state.view()
    assert abs(view.exposure.hedged_net) <= view.exposure.band


def settle_hedges_of_others(state: RiskState, down: str) -> None:
    for key, perp in state.view().perps.items():
        if key != down and perp.target != perp.position:
            state.apply(fill(key, f"o-{key}", round(perp.target - perp.position), 1, at_s=4))


def test_a_perp_that_does_not_fill_is_set_aside_and_tried_again() -> None:
    state = ready()
    settle_hedges(state, 1)
    state.apply(fill(SPOTS[0], 1, 30_000, 1, at_s=2))
    stuck = next(k for k, p in state.view().perps.items() if p.target != p.position)
    run(state, 3, 12)
    assert state.view().perps[stuck].target != state.view().perps[stuck].position
    run(state, 16, 4)
    view = state.view()
    assert view.perps[stuck].target == view.perps[stuck].position
    assert abs(view.exposure.hedged_net) <= view.exposure.band
    assert "hedge_stuck" in [code for _, code, _ in view.alerts]
    settle_hedges(state, 21)
    state.apply(fill(SPOTS[0], 9, 30_000, 1, at_s=22))
    view = state.view()
    assert (
        view.perps[stuck].target == view.perps[stuck].position
    )  # still aside: the new one goes elsewhere too
    assert view.perps[stuck].room_sell == 0
    settle_hedges(state, 23)
    run(state, 90, 1)
    state.apply(fill(SPOTS[0], 2, 30_000, 1, at_s=92))
    assert state.view().perps[stuck].room_sell > 0


def test_progress_however_slow_is_not_stuck() -> None:
    state = ready()
    for n in range(60):
        run(state, n, 0.5)
        for key, perp in state.view().perps.items():
            if perp.target - perp.position <= -100:
                state.apply(fill(key, f"slow-{key}-{n}", -100, 1, at_s=n + 0.6))
    assert "hedge_stuck" not in [code for _, code, _ in state.view().alerts]


def test_a_shortfall_is_reported_once() -> None:
    state = fold(opening())
    for n in range(20):
        state.apply(fill(SPOTS[0], n, 100 + n, 1, at_s=1))
        state.apply(Ticked(T0 + S))
    view = state.view()
    assert view.exposure.hedged_net > 1e6
    assert [code for _, code, _ in view.alerts].count("hedge_shortfall") == 1
    assert all(p.room_sell < 3 for p in view.perps.values())


def test_unhedged_age_counts_the_confirmed_position() -> None:
    state = ready()
    run(state, 1, 4)
    assert state.view().unhedged_age_s == pytest.approx(5.0)
    for key, perp in state.view().perps.items():
        state.apply(HedgeWorking(T0 + 6 * S, key, D(round(perp.target - perp.position))))
    state.apply(Ticked(T0 + 7 * S))
    view = state.view()
    assert abs(view.exposure.net) <= view.exposure.band
    assert view.unhedged_age_s == pytest.approx(7.0)  # what works is not yet done
    settle_hedges(state, 8)
    assert state.view().unhedged_age_s == 0


def test_a_large_delta_that_shrinks_is_given_time_one_that_does_not_is_not() -> None:
    slow, stuck = ready(), ready()
    for n in range(60):
        run(slow, n, 0.5)
        run(stuck, n, 0.5)
        for key in PERPS:
            slow.apply(fill(key, f"slow-{key}-{n}", -4_000, 1, at_s=n + 0.6))
    assert slow.view().level is Level.PULLED
    assert stuck.view().level is Level.REDUCING
    stuck.apply(OperatorCommand(T0 + 61 * S, "resume", "adding margin", "ann"))
    run(stuck, 61, 5)
    assert stuck.view().level is Level.PULLED


def test_the_venue_figures_stop_growth() -> None:
    state = ready()
    near: VenueSnapshot = replace(
        snapshot(PERPS[0], "0", "200000", 1), liquidation_price=1.05, margin_ratio=0.4
    )
    state.apply(near)
    perp = state.view().perps[PERPS[0]]
    assert (perp.liquidation_price, perp.margin_ratio) == (1.05, 0.4)
    assert perp.room_sell == 0
    assert perp.room_buy == pytest.approx(-perp.target)


def test_a_new_run_starts_with_nothing_working_and_no_stream_up() -> None:
    state = ready()
    state.apply(HedgeWorking(T0, PERPS[0], D(-5_000), unknown=True))
    state.apply(Started(T0 + S, 2, "paper", "x"))
    perp = state.view().perps[PERPS[0]]
    assert (perp.working, perp.unknown, perp.healthy) == (0, False, False)
    assert state.view().unknown_orders == 0


def test_a_working_report_for_nothing_of_ours_is_ignored() -> None:
    state = ready()
    state.apply(HedgeWorking(T0, SPOTS[0], D(5)))
    state.apply(HedgeWorking(T0, PERPS[0], D("NaN")))
    assert state.view().exposure.working == 0


def test_a_perp_without_its_own_price_stands_at_fair() -> None:
    state = ready()
    settle_hedges(state, 1)
    state.apply(pool(2))
    state.apply(sample(1.05, 2, keys=(*SPOTS, *PERPS[1:])))
    assert state.parts.steering.perps[PERPS[0]].mark == pytest.approx(1.05, rel=1e-3)
    assert abs(state.view().pnl["perp_basis"]) < 1.0
