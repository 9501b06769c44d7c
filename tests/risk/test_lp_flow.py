"""Swaps by others told from money that moved."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bot.model.facts import LpReading, PoolObserved
from bot.risk.lp_flow import collected_unseen, moved, swapped

V2 = LpReading("v2", "v2", 500_000.0, 0.0, math.inf, 500_000.0, 500_000.0, 0.0, 0.0)
V3 = LpReading("v3:7", "v3", 1_000_000.0, 0.8, 1.25, 105_573.0, 105_573.0, 120.0, 80.0)


def observed(*positions: LpReading, block: int = 5, block_hash: str = "", **more: float) -> PoolObserved:
    """A reading; `more` = what the wallet holds."""
    return PoolObserved(1, 1, block, block_hash or f"0x{block}", 1.0, positions, "", **more)


OLD = observed(V2, V3, wallet_token=1.0, wallet_usdt=2.0)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({}, False),
        ({"fees_token": 130.0}, False),
        ({"token_amount": 1.0, "usdt_amount": 9e5}, False),
        ({"fees_token": 119.0}, True),
        ({"fees_usdt": 0.0}, True),
        ({"liquidity": 1_000_000.1}, True),
        ({"liquidity": 999_999.9}, True),
        ({"position_id": "v3:8"}, True),
    ],
)
def test_a_v3_position(new: dict[str, object], expected: bool) -> None:
    after = replace(V3, **new)  # type: ignore[arg-type]
    assert moved(OLD, observed(V2, after, block=6, wallet_token=1.0, wallet_usdt=2.0)) is expected


@pytest.mark.parametrize(
    ("liquidity", "expected"), [(500_100.0, False), (506_000.0, True), (499_999.0, True)]
)
def test_a_v2_share_compounds(liquidity: float, expected: bool) -> None:
    assert moved(observed(V2), observed(replace(V2, liquidity=liquidity), block=6)) is expected


def test_a_wallet_that_changes_or_comes_into_sight() -> None:
    assert moved(OLD, observed(V2, V3, block=6, wallet_token=1.5, wallet_usdt=2.0))
    assert moved(observed(V2), observed(V2, block=6, wallet_token=0.0, wallet_usdt=0.0))


def test_an_undone_block_takes_its_fees_back() -> None:
    less = replace(V3, fees_token=100.0), replace(V2, liquidity=499_990.0)
    before = observed(V3, V2)
    assert not moved(before, observed(*less, block=5, block_hash="0xother"))
    assert not moved(before, observed(*less, block=4))
    assert moved(before, observed(*less, block=6))
    assert moved(before, observed(V3, replace(V2, liquidity=400_000.0), block=4))


def test_fees_paid_to_a_wallet_nobody_watches_are_named() -> None:
    paid = observed(V2, replace(V3, fees_usdt=0.0), block=6)
    assert collected_unseen(observed(V2, V3), paid) == ("v3:7",)
    assert collected_unseen(OLD, replace(paid, wallet_token=121.0, wallet_usdt=82.0)) == ()
    assert collected_unseen(observed(V2, V3), replace(paid, block=5)) == ()  # undone, not paid
    assert collected_unseen(observed(V2, V3), observed(V2, V3, block=6)) == ()
    assert collected_unseen(observed(V2, V3), observed(V2, block=6)) == ()  # vanished: alarmed by itself


def test_swaps_are_what_the_curve_lost_at_the_fair_price() -> None:
    sold = replace(V3, token_amount=105_573.0 - 100, usdt_amount=105_573.0 + 99, fees_usdt=500.0)
    assert swapped([V3], [sold], 1.0) == pytest.approx(-1.0)
    assert swapped([V3], [sold], 1.1) == pytest.approx(-11.0)
    root = math.sqrt(1.02)
    grown = replace(V2, liquidity=500_100.0, token_amount=500_100 / root, usdt_amount=500_100 * root)
    assert swapped([V2], [grown], 1.02) == pytest.approx(500_000 * (2 * root - 2.02))
    assert swapped([V2], [V2], 1.0) == 0.0
