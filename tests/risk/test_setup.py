"""What the setup derives from the terms."""

from __future__ import annotations

from dataclasses import replace

from bot.deal.terms import DealType, PoolTerms
from risk_desk import TERMS, setup
from risk_world import PERPS, SPOTS


def test_spots_and_perps() -> None:
    assert setup().spots == SPOTS
    assert setup().perps == PERPS


def test_a_deal_without_a_pool_expects_no_reading() -> None:
    assert setup().lp_expected
    bare = TERMS.model_copy(update={"pool": PoolTerms(usdt=0, tokens=0)})
    assert not replace(setup(), terms=bare).lp_expected


def test_only_a_loan_owes_tokens_by_contract() -> None:
    assert setup().loan_tokens == 3_000_000
    fee = TERMS.model_copy(update={"type": DealType.RETAINER})
    assert replace(setup(), terms=fee).loan_tokens is None
