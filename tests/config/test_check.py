"""What must hold between limits: each contradiction is found by itself and names its key and remedy."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.check import check
from bot.config.context import HARD_CAPS, Context
from bot.model.instrument import Instrument, Kind
from bot.model.limits import Limits

EXCHANGES = ("binance", "bybit", "bitget")


def _instrument(exchange: str, kind: Kind, tick: str = "0.0001", least: str = "5") -> Instrument:
    terms = (Decimal(tick), Decimal("0.1"), Decimal(least), Decimal(0), Decimal("0.001"))
    return Instrument(exchange, kind, "TKN/USDT", *terms)


BOOKS = {item.id: item for item in (_instrument(name, kind) for kind in Kind for name in EXCHANGES)}
CONTEXT = Context("limits.toml", 1.0, 3e6, True, BOOKS, wallet_usdt=1.5e6, held_tokens=3e6)


def _lines(context: Context = CONTEXT, **sections: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in check(Limits.model_validate(sections), context)]


def test_the_defaults_hold_together() -> None:
    assert _lines() == []


def _only(lines: list[str], *parts: str) -> None:
    assert len(lines) == 1, lines
    for part in parts:
        assert part in lines[0]


OWED = {"binance": {"bid_usdt": 1e5, "ask_usdt": 1e5}}


@pytest.mark.parametrize(
    ("sections", "parts"),
    [
        (
            {"quote": {"level_depths_bps": [5.1, 185], "level_weights": [0.1, 0.9]}, "obligations": OWED},
            ("a spread of 10.2 bps breaks obligations.binance.spread_bps_max = 10", "start at 5 or less"),
        ),
        (
            {"quote": {"level_depths_bps": [4.5, 190], "level_weights": [0.1, 0.9]}, "obligations": OWED},
            ("drift to 200.5 bps", "obligations.binance.depth_bps = 200", "end at 189.5 or less"),
        ),
        (
            {"quote": {"level_weights": [0.1] * 9 + [0.2]}},
            ("must sum to 1, sums to 1.1", "scale them"),
        ),
        (
            {"hedge": {"band_tokens_min": 25_000}},
            ("must be below hedge.band_usdt_max = 25000 (25,000 tokens at 1)", "set e.g. 2500"),
        ),
        ({"hedge": {"band_tokens_fixed": 25_001}}, ("hedge.band_tokens_fixed = 25001", "set at most 25000")),
        (
            {"hedge": {"order_usdt_max": 150_001}},
            ("one order in doubt could breach it", "set at most 150000"),
        ),
        ({"hedge": {"exchange_share_max": 0.33}}, ("hold only 99% of the hedge", "set at least 0.3333")),
        ({"hedge": {"collar_bps": 4.9}}, ("inside an ordinary spread", "set e.g. 50")),
        ({"sell": {"slice_usdt_max": 150_001}}, ("one slice is above risk.net_delta_usdt_max",)),
        ({"sell": {"price_usdt_min": 10}}, ("ten times the price of 1: nothing would be sold",)),
        ({"risk": {"fair_inputs_min": 7}}, ("only 6 books are configured", "set at most 6")),
        (
            {"risk": {"gross_perp_usdt_max": 3_000_000}},
            ("holdings (3,000,000) and bids (216,000) needs 3,216,000", "set at least 3.216e+06"),
        ),
        (
            {"hedge": {"liquidation_distance_min": 0.35}},
            ("takes 1,234,140 USDT of margin for 3,216,000 USDT; the opening wallets give 1,200,000",),
        ),
    ],
)
def test_a_contradiction_is_found_alone(sections: dict[str, Any], parts: tuple[str, ...]) -> None:
    context = replace(CONTEXT, held_tokens=3e6)
    _only(_lines(context, **sections), "limits.toml: ", *parts)


def test_the_loan_left_open_must_be_accepted() -> None:
    context = replace(CONTEXT, loan_acknowledged=False, price_usdt=2.0, wallet_usdt=1e7, held_tokens=2e6)
    _only(
        _lines(context, risk={"phi": 0.25}),
        "risk.phi = 0.25: leaves the loan unhedged",
        "−(1−phi)·loan = -2,250,000 tokens = -4,500,000 USDT at 2",
        "[acknowledge] unhedged_loan = true, or set risk.phi = 1",
    )
    assert _lines(context, risk={"phi": 1.0}) == []
    assert _lines(replace(context, loan_tokens=0.0)) == []


def test_obligations_name_configured_exchanges() -> None:
    owed = {**OWED, "okx": {"bid_usdt": 1e4, "ask_usdt": 1e4}}
    _only(_lines(obligations=owed), "obligations.okx", "use one of binance, bitget, bybit, or add it")
    _only(_lines(obligations={}), "obligations: is empty")


def test_sizes_must_be_taken_by_the_exchange() -> None:
    books = {**BOOKS, "bybit.spot": _instrument("bybit", Kind.SPOT, least="2000")}
    context = replace(CONTEXT, instruments=books)
    _only(_lines(context), "the smallest level on bybit is 1080 USDT, the exchange takes 2000 or more")
    books = {**BOOKS, "bybit.perp": _instrument("bybit", Kind.PERP, least="60000")}
    _only(_lines(replace(CONTEXT, instruments=books)), "bybit.perp takes no order below 60000 USDT")
    books = {**BOOKS, "bybit.spot": _instrument("bybit", Kind.SPOT, least="30000")}
    lines = _lines(replace(CONTEXT, instruments=books))
    assert any(
        "sell.slice_usdt_max = 20000: an exchange takes no order below 30000" in line for line in lines
    )


def test_a_coarse_tick_is_found() -> None:
    books = {**BOOKS, "bybit.spot": _instrument("bybit", Kind.SPOT, tick="0.002")}
    _only(
        _lines(replace(CONTEXT, instruments=books)),
        "obligations.bybit.spread_bps_max = 10: is less than one tick",
    )
    books = {**BOOKS, "bybit.perp": _instrument("bybit", Kind.PERP, tick="0.003")}
    _only(
        _lines(replace(CONTEXT, instruments=books)),
        "hedge.collar_bps = 50: is less than two ticks of bybit.perp",
    )


def test_what_is_not_known_is_not_judged() -> None:
    context = replace(CONTEXT, wallet_usdt=None, held_tokens=None)
    assert _lines(context, hedge={"liquidation_distance_min": 0.9}) == []


def test_phi_one_needs_little_perp() -> None:
    assert _lines(risk={"phi": 1.0, "gross_perp_usdt_max": 250_000, "net_delta_usdt_max": 1e5}) == []


@pytest.mark.parametrize("key", HARD_CAPS)
def test_no_file_passes_a_cap_in_code(key: str) -> None:
    section, name = key.split(".")
    value = HARD_CAPS[key] + 1
    limits = Limits.model_validate({section: {name: value}})
    assert any(p.key == key and "program's own cap" in p.what for p in check(limits, CONTEXT))


@given(st.floats(1e-4, 1e4))
def test_the_checks_follow_the_price(price: float) -> None:
    context = replace(CONTEXT, price_usdt=price)
    for problem in check(Limits(), context):
        assert str(problem).count("\n") == 0
        assert problem.remedy
    band = [p for p in check(Limits(), context) if p.key == "hedge.band_tokens_min"]
    assert bool(band) == (25_000 / price <= 500)
