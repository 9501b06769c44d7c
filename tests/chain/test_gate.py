"""Suspicions and jumps, on recorded states."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.chain.gate import DRAINED, GONE, OUT_OF_RANGE, GateLimits, agrees, jump, suspicions
from bot.chain.state import ChainState, TokenOrder
from chain.truth import nfts_of, pair_of, pool_of, steps

ORDER, LIMITS = TokenOrder(True, 18, 18), GateLimits()
ALL = {step["label"]: step for step in steps()}


def state(label: str) -> ChainState:
    """A recorded step as a state."""
    step = ALL[label]
    nfts = tuple(nft for nft, _known in nfts_of(step))
    return ChainState(step["block"], pool_of(step), nfts, pair_of(step), (0, 0))


def test_trading_alone_is_never_suspicious() -> None:
    labels = [step["label"] for step in steps()]
    for before, after in pairwise(labels):
        found = suspicions(state(before), state(after), ORDER, LIMITS)
        # Collecting and removing move money out of sight here: the recording has no wallet.
        assert set(found) <= {OUT_OF_RANGE, DRAINED}
        if "collected" not in after and "burn" not in after:
            assert DRAINED not in found, f"{before} → {after}: {found}"


def test_leaving_a_range_is_told_once_and_by_name() -> None:
    found = suspicions(state("up inside 0.53"), state("up out of range 0.60"), ORDER, LIMITS)
    assert found == {OUT_OF_RANGE: "left the range: v3:2, v3:4"}
    again = suspicions(state("up out of range 0.60"), state("more trades above"), ORDER, LIMITS)
    assert again == {}


def test_gone_counts_only_for_what_was_there() -> None:
    last = state("opened")
    lost = replace(last, nfts=last.nfts[1:], gone=("v3:1 is held by 0xab",))
    assert suspicions(last, lost, ORDER, LIMITS) == {GONE: "v3:1 is held by 0xab"}
    assert suspicions(lost, lost, ORDER, LIMITS) == {}
    no_pair = replace(last, pair=None, gone=("v2:0xab the owner holds no liquidity tokens",))
    assert GONE in suspicions(last, no_pair, ORDER, LIMITS)


def test_value_that_left_is_told_and_value_that_went_to_the_wallet_is_not() -> None:
    last = state("opened")
    half = replace(last, nfts=(replace(last.nfts[0], liquidity=last.nfts[0].liquidity // 10), *last.nfts[1:]))
    assert DRAINED in suspicions(last, half, ORDER, LIMITS)
    received = replace(half, wallet=(10**24, 5 * 10**23))
    assert DRAINED not in suspicions(last, received, ORDER, LIMITS)


def test_reserves_taken_out_of_the_pair_are_a_drain() -> None:
    last = state("opened")
    pair = last.pair
    emptied = replace(
        pair, reserves=(pair.reserves[0] // 50, pair.reserves[1] // 50), balances=(10**20, 10**20)
    )
    assert DRAINED in suspicions(last, replace(last, pair=emptied), ORDER, LIMITS)


@pytest.mark.parametrize(
    ("reference", "twap", "believed"),
    [
        (0.5995, None, True),
        (0.50, None, False),
        (0.50, -5108.0, False),
        (None, -5108.0, True),
        (None, -6932.0, False),
        (None, None, False),
    ],
)
def test_a_jump_needs_a_witness(reference: float | None, twap: float | None, believed: bool) -> None:
    last, new = state("up inside 0.53"), state("up out of range 0.60")
    new = replace(new, pool=replace(new.pool, twap_tick=twap))
    words = jump(last, new, ORDER, reference, LIMITS)
    assert (words == "") is believed, words


def test_a_pair_without_reserves_is_a_drain_and_a_jump() -> None:
    last = state("opened")
    emptied = replace(last, pair=replace(last.pair, reserves=(0, 0), balances=(0, 0)))
    assert DRAINED in suspicions(last, emptied, ORDER, LIMITS)
    assert "the pair jumped" in jump(last, emptied, ORDER, 0.5, LIMITS)


def test_a_small_position_that_vanishes_is_not_lost_in_the_sum() -> None:
    last = state("opened")
    tiny = replace(last.nfts[3], token_id=9, liquidity=last.nfts[3].liquidity // 1_000)
    with_tiny = replace(last, nfts=(*last.nfts, tiny))
    gone = replace(last, gone=("v3:9 is held by 0xab",))
    assert suspicions(with_tiny, gone, ORDER, LIMITS) == {GONE: "v3:9 is held by 0xab"}
    empty = replace(last, nfts=(*last.nfts, replace(tiny, liquidity=0)))
    assert suspicions(empty, gone, ORDER, LIMITS) == {}, "nothing was in it"


def test_a_step_below_the_limit_needs_none() -> None:
    last = state("opened")
    assert jump(last, state("buy 5k usdt"), ORDER, None, LIMITS) == ""
    assert jump(last, last, ORDER, 0.1, LIMITS) == "", "a mark far away is the divergence guard's question"


def test_the_mark_agrees_within_its_band() -> None:
    opened = state("opened")
    assert agrees(opened, ORDER, 0.5, LIMITS)
    assert not agrees(opened, ORDER, 0.52, LIMITS)
    assert not agrees(opened, ORDER, None, LIMITS)
    assert not agrees(opened, ORDER, float("nan"), LIMITS)
