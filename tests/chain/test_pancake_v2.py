"""V2 share against recorded contract readings: the minted fee and donations included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain import pancake_v2
from bot.chain.state import PairState
from chain.truth import pair_of, steps


@pytest.mark.parametrize("step", steps(), ids=lambda step: step["label"])
def test_recorded_payouts_are_reproduced_to_the_wei(step: dict) -> None:
    assert list(pancake_v2.payout(pair_of(step))) == step["v2"]["real"]


def test_a_share_of_reserves_overstates_once_fees_accrued() -> None:
    pair = pair_of(steps()[8])
    naive = pair.lp_tokens * pair.reserves[0] // pair.supply
    assert naive > pancake_v2.payout(pair)[0] * (1 + 50e-6)


def test_no_fee_is_minted_when_the_factory_takes_none_or_k_has_not_grown() -> None:
    pair = pair_of(steps()[8])
    assert pancake_v2.minted_fee(pair) > 0
    assert pancake_v2.minted_fee(replace(pair, fee_on=False)) == 0
    assert pancake_v2.minted_fee(replace(pair, k_last=0)) == 0
    assert pancake_v2.minted_fee(replace(pair, k_last=pair.reserves[0] * pair.reserves[1])) == 0


def test_a_donation_is_paid_out() -> None:
    pair = pair_of(steps()[0])
    given = replace(pair, balances=(pair.balances[0] + 10**21, pair.balances[1]))
    assert pancake_v2.payout(given)[0] > pancake_v2.payout(pair)[0]
    assert pancake_v2.payout(given)[1] == pancake_v2.payout(pair)[1]


def test_the_2020_pair_takes_a_quarter_of_the_growth() -> None:
    pair = PairState((4 * 10**24, 10**24), (4 * 10**24, 10**24), 10**24, 10**23, 10**48, True)
    assert pancake_v2.minted_fee(pair, pancake_v2.ORIGINAL_2020) == 10**24 * 10**24 // (
        3 * 2 * 10**24 + 10**24
    )
    assert pancake_v2.raw_price(pair) == 0.25
