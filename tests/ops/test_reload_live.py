"""Limits in the light of the present: what they are judged against, and what they would trip at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import load
from bot.model.limits import Limits
from bot.model.view import PerpView, View
from bot.ops.reload_live import live_context, live_warnings
from limits_text import copy_config
from sample_views import busy


def _limits(**sections: dict[str, object]) -> Limits:
    return Limits.model_validate(sections)


def test_the_live_context_takes_price_margin_and_holdings_from_the_view(tmp_path: Path) -> None:
    settings, view = load(copy_config(tmp_path), {}), busy()
    context = live_context(settings, view)
    assert context.price_usdt == 0.99983
    assert context.wallet_usdt == 3 * 4e5
    assert context.held_tokens == 1_848_000 + 500_000
    assert context.loan_acknowledged
    assert len(context.instruments) == 6


def test_what_is_unknown_is_left_out_not_taken_as_zero(tmp_path: Path) -> None:
    settings, view = load(copy_config(tmp_path), {}), busy()
    blind = replace(
        view,
        marks=replace(view.marks, fair=None),
        perps={},
        exposure=replace(view.exposure, lp=None),
    )
    context = live_context(settings, blind)
    assert (context.price_usdt, context.wallet_usdt, context.held_tokens) == (1.0, None, None)
    partly = replace(view, exposure=replace(view.exposure, complete=False))
    assert live_context(settings, partly).held_tokens is None


def _perp(view: View, **changes: float) -> View:
    perp: PerpView = replace(view.perps["bybit.perp"], **changes)  # type: ignore[arg-type]
    return replace(view, perps={**view.perps, "bybit.perp": perp})


VIEW = busy()
CASES = {
    "net delta": (
        _limits(risk={"net_delta_usdt_max": 20_000}),
        replace(VIEW, exposure=replace(VIEW.exposure, net=-30_000.0)),
        "net delta is 29,995 USDT now; quotes go off",
    ),
    "gross perps": (_limits(risk={"gross_perp_usdt_max": 2_000_000}), VIEW, "perps stand at 2,497,243 USDT"),
    "liquidation": (Limits(), _perp(VIEW, liquidation_price=1.1), "bybit.perp is 10.0% from liquidation now"),
    "price floor": (
        _limits(sell={"price_usdt_min": 1.2}),
        VIEW,
        "above the price of 0.99983; the sale stops",
    ),
    "unknown orders": (
        _limits(risk={"unknown_orders_max": 1}),
        replace(VIEW, unknown_orders=3),
        "risk.unknown_orders_max = 1: 3 orders are unknown now",
    ),
    "no price": (
        Limits(),
        replace(VIEW, marks=replace(VIEW.marks, fair=None)),
        "no fair value at the moment",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_limit_that_acts_at_once_is_announced(name: str) -> None:
    limits, view, message = CASES[name]
    found = live_warnings(limits, view)
    assert len(found) == 1
    assert message in found[0]


def test_a_calm_day_warns_of_nothing() -> None:
    assert live_warnings(Limits(), VIEW) == []
    assert live_warnings(Limits(), _perp(VIEW, liquidation_price=1.0, position=0.0)) == []
