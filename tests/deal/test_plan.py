"""Day one against golden numbers, and the identities that hold for every plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deal.plan import MARGIN_MOVES, STRESS_FACTORS, Assumptions, Market, Plan, plan, to_json
from bot.deal.terms import DealTerms
from bot.model.limits import Limits, ObligationLimits

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "golden_misc.json").read_text())["deal"]
OBLIGATIONS = Limits().obligations
EUROPEAN: dict[str, Any] = {
    "token": "TKN",
    "start": datetime(2026, 1, 1, tzinfo=UTC),
    "expiry": datetime(2027, 1, 1, tzinfo=UTC),
    "style": "european",
    "tranches": [{"name": f"k{k}", "strike_usdt": k, "tokens": 100_000} for k in (1.25, 1.5, 2.0)],
}


def terms(**changes: Any) -> DealTerms:
    return DealTerms.model_validate(EUROPEAN | changes)


def made(spot: float = 1.0, deal: DealTerms | None = None, **assumptions: Any) -> Plan:
    return plan(deal or terms(), OBLIGATIONS, spot, Assumptions(**assumptions))


@pytest.mark.parametrize(
    ("golden", "spot", "price"), [("plan", 1.0, None), ("plan_slip", 0.97, 0.985)], ids=["plan", "slip"]
)
def test_golden_quantities(golden: str, spot: float, price: float | None) -> None:
    want, got = GOLDEN[golden], made(spot, sale_price_usdt=price).as_written
    assert (got.keep_tokens, got.fund_tokens, got.residual_tokens, got.sell_tokens, got.usdt_needed) == (
        pytest.approx(
            [want[k] for k in ("keep_tokens", "fund_tokens", "residual_tokens", "sell_now", "usdt_needed")],
            rel=1e-12,
        )
    )


@pytest.mark.parametrize(("row", "phi", "stage"), [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 3)])
def test_golden_balance_sheet(row: int, phi: float, stage: int) -> None:
    want, got = GOLDEN["stages"][row], made(phi=phi).as_written.stages[stage]
    names = {
        "spot": got.spot_tokens,
        "lp": got.lp_tokens,
        "usdt": got.usdt,
        "lpu": got.lp_usdt,
        "perp": got.perp_tokens,
        "option_delta": got.option_delta,
        "option_value": got.option_value_usdt,
        "loan": got.loan_tokens,
        "delta_source": got.delta_source,
        "delta_economic": got.delta_economic,
        "equity": got.equity_usdt,
    }
    assert want["stage"].split()[1] == got.name or got.name == "hedge"
    assert names == pytest.approx({name: want[name] for name in names}, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("want", GOLDEN["stress"], ids=lambda row: f"S={row[0]}")
def test_golden_stress(want: list[float]) -> None:
    row = made().as_written.stress[STRESS_FACTORS.index(want[0])]
    got = (
        row.spot_price, row.hedged_usdt, row.loan_usdt, row.phi_0_usdt, row.phi_1_usdt,
        row.no_perp_usdt, row.no_perp_total_usdt, row.phi_half_usdt,
    )  # fmt: skip
    assert got == pytest.approx(want, abs=0.51)


@pytest.mark.parametrize("want", GOLDEN["option_book"], ids=lambda row: f"{row[0]}-{row[1]}")
def test_golden_option_book(want: list[Any]) -> None:
    sigma, years, value, delta, gamma = want[:5]
    expiry = datetime(2026 + int(years), 1, 1, tzinfo=UTC)
    market = Market(terms(expiry=expiry), 1.0, Assumptions(sigma=sigma))
    assert market.options_at(1.0) == pytest.approx((value, delta, gamma), abs=0.51)


@pytest.mark.parametrize(
    ("phi", "hold", "sold", "perp"),
    [
        (0.0, False, 2_300_000, -849_356),
        (0.0, True, 2_300_000, -849_356),
        (700 / 3000, False, 2_300_000, -149_356),
        (700 / 3000, True, 1_926_667, -522_689),
        (0.5, True, 1_500_000, -149_356),
        (1.0, False, 2_300_000, 2_150_644),
        (1.0, True, 700_000, 550_644),
    ],
)
def test_selling_all_against_holding_back(phi: float, hold: bool, sold: float, perp: float) -> None:
    got = made(phi=phi, hold_unsold=hold).as_written
    assert (got.sell_tokens, got.perp_target_tokens) == pytest.approx((sold, perp), abs=0.51)
    assert got.delta.economic == pytest.approx(-(1 - phi) * 3_000_000, abs=1e-6)


@pytest.mark.parametrize(("capital", "price"), [(0, 1.024), (5e5, 1.19), (1e6, 1.36), (3e6, 2.02)])
def test_solvency(capital: float, price: float) -> None:
    got = made(own_capital_usdt=capital).as_written.solvency_price
    assert got == pytest.approx(price, abs=0.005)
    assert made(phi=1.0).as_written.solvency_price is None


def test_margin_to_survive() -> None:
    short = dict(made().as_written.margins)
    assert [short[m] for m in (0.25, 0.5, 1.0, 2.0)] == pytest.approx([239e3, 457e3, 892e3, 1.76e6], rel=2e-3)
    long = dict(made(phi=1.0).as_written.margins)
    assert [long[m] for m in (0.25, 0.5, 0.75)] == pytest.approx([578e3, 1.10e6, 1.63e6], rel=5e-3)
    assert set(long) == {m for m in MARGIN_MOVES if m < 1}
    assert made().as_written.margin_usdt == pytest.approx(short[0.5])


def test_buffers_keep_more_and_sell_less() -> None:
    got = made()
    assert got.as_configured.keep_tokens == pytest.approx(200_000 * 1.3 + 500_000)
    assert got.as_configured.sell_tokens == pytest.approx(2_240_000)
    assert got.as_configured.usdt_needed == pytest.approx(716_000)
    assert got.as_configured.venues["binance"] == pytest.approx((108_000, 130_000))
    assert got.as_written.venues["bitget"] == (50_000, 50_000)


def test_american_calls_are_worth_more_and_move_the_hedge() -> None:
    american = made(deal=terms(style="american")).as_written
    assert american.option_value_usdt == pytest.approx(73_893.5, rel=1e-3)
    assert american.perp_target_tokens == pytest.approx(-851_162, rel=1e-4)


def test_a_concentrated_pool_takes_fewer_tokens_below_its_range_all() -> None:
    pool = {"kind": "v3", "usdt": 500_000, "tokens": 500_000, "lower_usdt": 0.5, "upper_usdt": 2.0}
    inside = made(deal=terms(pool=pool)).as_written
    assert inside.delta.lp == pytest.approx(500_000)  # symmetric range: equal value at the centre
    assert inside.gamma_tokens_per_usdt < made().as_written.gamma_tokens_per_usdt
    above = made(2.5, terms(pool=pool)).as_written
    assert above.delta.lp == 0
    below = made(0.4, terms(pool=pool)).as_written
    assert below.delta.lp == pytest.approx(500_000)
    assert below.stages[-1].lp_usdt == 0


def test_a_deal_without_a_pool() -> None:
    got = made(deal=terms(pool={"usdt": 0, "tokens": 0})).as_written
    assert (got.keep_tokens, got.usdt_needed, got.delta.lp) == (200_000, 200_000, 0)
    assert got.gamma_tokens_per_usdt > 0


def words(got: Plan) -> str:
    return "\n".join(got.warnings)


def test_warnings_name_what_an_operator_must_know() -> None:
    plain = words(made())
    assert "leaves -3,000,000 tokens of economic delta: a price of 2 costs" in plain
    assert "at 1.025 USDT own capital (0 USDT)" in plain or "at 1.024 USDT own capital" in plain
    assert "short gamma" in plain
    assert "short of what quotes and pool need" in words(made(deal=terms(loan_tokens=800_000)))
    assert "cannot carry their depth buffer" in words(made(deal=terms(token_buffer_share=0.0)))
    assert "pair with 1,000,000 tokens at 0.5" in words(made(0.5))
    assert "holding back phi x residual" in words(made(phi=1.0))
    assert "more than the" in words(made(margin_move=3.0))
    assert "economic delta" not in words(made(phi=1.0))


@pytest.mark.parametrize("kind", ["retainer", "active"])
def test_tokens_quoted_in_kind_are_neither_sold_nor_hedged_away(kind: str) -> None:
    got = made(deal=terms(type=kind, loan_tokens=0, tranches=[]))
    for variant in (got.as_written, got.as_configured):
        assert variant.sell_tokens == 0
        assert variant.perp_target_tokens == pytest.approx(0)
        assert variant.delta.economic == pytest.approx(0)
        assert variant.solvency_price is None
    assert f"a {kind} deal sells no tokens" in words(got)


@pytest.mark.parametrize("spot", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_without_meaning_is_refused(spot: float) -> None:
    with pytest.raises(ValueError, match="spot"):
        made(spot)


def test_phi_is_a_share() -> None:
    with pytest.raises(ValueError, match="phi"):
        made(phi=1.1)


cases = st.fixed_dictionaries(
    {
        "phi": st.floats(0, 1),
        "sigma": st.floats(0.3, 2.0),
        "carry": st.floats(0.0, 0.3),
        "hold_unsold": st.booleans(),
        "sale_price_usdt": st.one_of(st.none(), st.floats(0.5, 2.0)),
    }
)


@given(st.floats(0.3, 3.0), cases, st.floats(1e6, 1e7), st.floats(0, 0.5))
@settings(max_examples=60, deadline=None)
def test_identities(spot: float, case: dict[str, Any], loan: float, buffer: float) -> None:
    deal = terms(loan_tokens=loan, token_buffer_share=buffer)
    got = made(spot, deal, **case)
    for variant in (got.as_written, got.as_configured):
        delta = variant.delta
        assert delta.source == pytest.approx(delta.spot + delta.perp + delta.lp + delta.option, abs=1e-6)
        assert delta.economic == pytest.approx(delta.source - loan, abs=1e-6)
        assert delta.source == pytest.approx(case["phi"] * loan, abs=1e-3)  # the perp target is neutral
        if not case["hold_unsold"] and variant.keep_tokens <= loan:
            assert variant.sell_tokens + variant.keep_tokens == pytest.approx(loan)
        for row in variant.stress:
            assert row.pnl_usdt == pytest.approx(
                row.hedged_usdt + (1 - case["phi"]) * row.loan_usdt, abs=1e-3
            )
        at_spot = variant.stress[STRESS_FACTORS.index(1.0)]
        assert at_spot.pnl_usdt == pytest.approx(0, abs=1e-6)


def test_one_venue_alone() -> None:
    alone = {"binance": ObligationLimits(bid_usdt=100_000, ask_usdt=100_000)}
    got = plan(terms(), alone, 1.0, Assumptions()).as_written
    assert (got.keep_tokens, got.usdt_needed) == pytest.approx((600_000, 600_000))


def test_json_is_plain_and_keeps_its_keys() -> None:
    text = json.loads(json.dumps(to_json(made())))
    assert text["sell_tokens"] == pytest.approx(2_300_000)
