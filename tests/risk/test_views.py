"""The view: frozen, cached by part, a function of the facts alone."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from bot.model.facts import Alarmed, QuoterDown, QuotesObserved, Ticked
from bot.model.limits import Limits
from bot.risk.state import RiskState
from risk_desk import fold, opening, ready, run, settle_hedges, setup, small_opening
from risk_world import PERPS, SPOTS, T0, D, S, fill, sample


def test_the_view_cannot_be_written() -> None:
    view = ready().view()
    with pytest.raises(FrozenInstanceError):
        view.version = 0  # type: ignore[misc]
    for mapping in (view.perps, view.spots, view.pnl, view.marks.mids, view.obligations):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]


def test_version_counts_facts_and_time_is_theirs() -> None:
    facts = small_opening()
    state = fold(facts)
    assert state.view().version == len(facts)
    state.apply(Ticked(T0 + 7 * S))
    assert (state.view().version, state.view().time_ns) == (len(facts) + 1, T0 + 7 * S)
    state.apply(Ticked(T0 + 3 * S))
    assert state.view().time_ns == T0 + 7 * S


def test_parts_that_did_not_change_are_the_same_objects() -> None:
    state = ready()
    run(state, 1, 3)
    first = state.view()
    state.apply(Ticked(first.time_ns + 1))
    second = state.view()
    for part in ("marks", "spots", "lp", "options", "pnl", "limits", "alerts", "obligations"):
        assert getattr(first, part) is getattr(second, part), part


def test_asking_often_changes_nothing() -> None:
    one, two = RiskState(setup()), RiskState(setup())
    facts = small_opening() + [sample(1 + n / 1e4, n * 0.7) for n in range(20)]
    facts += [fill(SPOTS[n % 3], n, 500, 1, at_s=15) for n in range(20)]
    for fact in facts:
        one.apply(fact)
        one.view()
        two.apply(fact)
    assert one.view() == two.view()
    assert repr(one.view()) == repr(two.view())


def test_balances_and_what_is_reserved_for_the_sale() -> None:
    state = fold(opening(), RiskState(setup(sell_total_tokens=2_320_000)))
    spots = state.view().spots
    assert all((s.tokens, s.usdt, s.healthy) == (66_000, 66_000, True) for s in spots.values())
    # Asks of 50k USDT need 54k tokens with their buffer; binance owes 100k and has nothing to spare.
    # The treasury holds 2,302,000, so 18,000 of the 2,320,000 to sell must come from here.
    assert [s.sell_tokens_reserved for s in spots.values()] == pytest.approx([0, 6_000, 12_000])


def test_the_sale() -> None:
    state = fold(opening(), RiskState(setup(sell_total_tokens=2_300_000)))
    settle_hedges(state, 0.5)
    run(state, 1, 15)
    assert state.view().sell.active
    state.apply(fill(SPOTS[0], 1, -10_000, "0.99", purpose="s", at_s=17))
    sell = state.view().sell
    assert (sell.total_tokens, sell.sold_tokens, sell.proceeds_usdt) == (2_300_000, 10_000, 9_900)
    assert sell.average_price == pytest.approx(0.99)
    assert not ready().view().sell.active
    state.apply(Ticked(T0 + 60 * S))  # stale market: pulled
    assert not state.view().sell.active


def test_alerts_reach_the_view() -> None:
    state = ready()
    state.apply(Alarmed(T0 + S, "loop_lag", "0.4 s"))
    state.apply(QuoterDown(T0 + 2 * S, "bybit", "TypeError"))
    assert [alert[1:] for alert in state.view().alerts] == [
        ("loop_lag", "0.4 s"),
        ("quoter_down", "bybit: TypeError"),
    ]


def test_obligations_and_their_orders_in_doubt() -> None:
    state = ready()
    quotes = QuotesObserved(T0 + S, "binance", 1.0, 1e5, 1e5, 9.0, True, True, 20, 3)
    state.apply(quotes)
    view = state.view()
    assert view.obligations["binance"].compliant
    assert not view.obligations["bybit"].compliant
    assert view.unknown_orders == 3


def test_pnl_names_fees_without_a_value() -> None:
    state = ready()
    state.apply(fill(SPOTS[0], 1, 10, 1, fee="0.25", currency="BNB"))
    assert state.view().pnl["fees_in_BNB"] == 0.25
    assert {"total", "residual", "adverse_5s", "equity", "loan_delta"} <= set(state.view().pnl)


def test_a_deal_without_obligations_has_none() -> None:
    free = Limits(obligations={})
    assert RiskState(setup(free)).view().obligations == {}


def test_a_perp_shows_what_the_ledger_holds() -> None:
    state = ready()
    state.apply(fill(PERPS[0], 1, -100, "1.01", fee="0.05"))
    perp = state.view().perps[PERPS[0]]
    assert (perp.position, perp.wallet_usdt) == (-100, float(D("199999.95")))
