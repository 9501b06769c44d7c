"""Token order and units."""

from __future__ import annotations

import pytest

from bot.chain.state import PoolState, TokenOrder


@pytest.mark.parametrize(
    ("token_is_0", "raw"), [(True, (3 * 10**9, 5 * 10**6)), (False, (5 * 10**6, 3 * 10**9))]
)
def test_amounts_come_out_as_tokens_and_usdt(token_is_0: bool, raw: tuple[int, int]) -> None:
    order = TokenOrder(token_is_0, 9, 6)
    assert order.whole(raw) == (3.0, 5.0)
    assert order.split(order.split(raw)) == raw


def test_a_price_is_usdt_per_token_in_either_order() -> None:
    assert TokenOrder(True, 18, 6).price(0.5e-12) == pytest.approx(0.5)
    assert TokenOrder(False, 18, 6).price(2e12) == pytest.approx(0.5)
    assert TokenOrder(True, 9, 18).price(0.5e9) == pytest.approx(0.5)
    assert TokenOrder(False, 9, 18).liquidity_unit == pytest.approx(10**13.5)


def test_both_protocol_shares_are_read() -> None:
    assert PoolState(1, 0, 3200 + (1000 << 16), 0, (0, 0)).protocol_share == (0.32, 0.1)
