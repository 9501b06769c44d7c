"""V3 principal and fees against recorded contract readings, and where naive readings go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain import pancake_v3
from chain.truth import nfts_of, pool_of, steps


@pytest.mark.parametrize("step", steps(), ids=lambda step: step["label"])
def test_recorded_readings_are_reproduced_to_the_wei(step: dict) -> None:
    pool = pool_of(step)
    for nft, known in nfts_of(step):
        principal, fees = pancake_v3.principal(pool, nft), pancake_v3.uncollected(pool, nft)
        assert list(principal) == known["principal"]
        assert list(fees) == known["fees"]
        assert [p + f for p, f in zip(principal, fees, strict=True)] == known["all"]


def test_tokens_owed_alone_misses_the_fees_of_untouched_positions() -> None:
    missed = sum(any(known["fees"]) and not any(nft.owed) for step in steps() for nft, known in nfts_of(step))
    assert missed > 20


def test_fee_growth_wraps_at_two_to_the_256() -> None:
    pool, (nft, _known) = pool_of(steps()[3]), next(iter(nfts_of(steps()[3])))
    shift = (1 << 256) - pool.growth[0] // 2
    wrapped = replace(
        nft,
        outside_lower=((nft.outside_lower[0] + shift) % (1 << 256), nft.outside_lower[1]),
        inside_last=((nft.inside_last[0] - shift) % (1 << 256), nft.inside_last[1]),
    )
    assert pancake_v3.uncollected(pool, wrapped) == pancake_v3.uncollected(pool, nft)


def test_without_liquidity_only_tokens_owed_count() -> None:
    pool, (nft, _known) = pool_of(steps()[5]), next(iter(nfts_of(steps()[5])))
    emptied = replace(nft, liquidity=0, owed=(7, 9), outside_lower=(0, 0), outside_upper=(0, 0))
    assert pancake_v3.uncollected(pool, emptied) == (7, 9)
    assert pancake_v3.principal(pool, emptied) == (0, 0)


def test_in_range_is_judged_by_the_tick() -> None:
    for step in steps():
        pool = pool_of(step)
        for nft, _known in nfts_of(step):
            assert pancake_v3.in_range(pool, nft) == (nft.lower <= pool.tick < nft.upper)
