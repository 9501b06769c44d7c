"""The shared numbers of the state."""

from __future__ import annotations

from bot.model.facts import HedgeWorking
from bot.risk.parts import Parts
from risk_desk import fold, opening, ready, setup
from risk_world import PERPS, SPOTS, T0, D, fill


def test_repeated_alerts_are_one_and_their_number_is_bounded() -> None:
    parts = Parts(setup())
    for at in (1, 2, 3):
        parts.now_ns = at
        parts.alert("a", "same")
    assert list(parts.alerts) == [(3, "a", "same")]
    for n in range(200):
        parts.alert("b", str(n))
    assert len(parts.alerts) == 50
    assert parts.alert_count == 203


def test_what_is_missing_is_named_until_nothing_is() -> None:
    parts = Parts(setup())
    text = parts.missing()
    for what in (
        f"{SPOTS[0]} reconciled",
        f"{PERPS[2]} streams",
        "LP reading",
        "option values",
        "fair value",
    ):
        assert what in text
    assert ready().parts.missing() == ""


def test_unknown_orders_come_from_quotes_hedges_and_sales() -> None:
    state = ready()
    state.parts.unknown_quotes["binance"] = 2
    state.parts.unknown_sales.add("x")
    state.apply(HedgeWorking(T0, PERPS[0], D(-5), unknown=True))
    assert state.parts.unknown_orders == 4


def test_unsold_is_what_the_plan_still_sells_of_what_is_held() -> None:
    state = fold(opening())
    assert state.parts.unsold_tokens == 0
    from bot.risk.state import RiskState

    selling = fold(opening(), RiskState(setup(sell_total_tokens=2_300_000)))
    assert selling.parts.unsold_tokens == 2_300_000
    selling.apply(fill(SPOTS[0], 1, -20_000, 1, purpose="s"))
    assert selling.parts.unsold_tokens == 2_280_000
    most = fold(opening(), RiskState(setup(sell_total_tokens=9e6)))
    assert most.parts.unsold_tokens == 2_500_000
