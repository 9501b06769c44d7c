"""The plan's JSON: keys others rely on, plain values, null where there is no number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.deal.day_one import to_json
from bot.deal.plan import Assumptions, plan
from bot.deal.terms import DealTerms
from bot.model.limits import Limits

RELIED_ON = {
    "loan_tokens", "keep_tokens", "fund_tokens", "residual_tokens", "sell_tokens", "perp_target_tokens",
    "delta", "venues", "stress", "solvency_price", "margin_usdt",
}  # fmt: skip


def as_json(phi: float) -> dict[str, Any]:
    terms = DealTerms(
        token="TKN", start=datetime(2026, 1, 1, tzinfo=UTC), expiry=datetime(2027, 1, 1, tzinfo=UTC)
    )
    plain: dict[str, Any] = json.loads(
        json.dumps(to_json(plan(terms, Limits().obligations, 1.0, Assumptions(phi=phi))), allow_nan=False)
    )
    return plain


def test_keys_others_rely_on() -> None:
    text = as_json(0.0)
    assert text.keys() >= RELIED_ON | {"as_configured", "warnings", "spot_price", "phi"}
    assert text["as_configured"].keys() >= RELIED_ON
    assert set(text["delta"]) == {"spot", "perp", "lp", "option", "source", "economic"}
    assert text["venues"]["binance"] == {"bid_usdt": 100_000.0, "ask_usdt": 100_000.0}
    assert text["stress"][0].keys() >= {"spot_price", "pnl_usdt"}
    assert text["margins"][0].keys() == {"move", "margin_usdt"}
    assert text["stages"][0]["name"] == "receipt"
    assert isinstance(text["loan_tokens"], float)


def test_no_solvency_price_is_null() -> None:
    assert as_json(0.0)["solvency_price"] is not None
    assert as_json(1.0)["solvency_price"] is None
