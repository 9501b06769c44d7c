"""The pool: invariants of the swap algebra, the fee band, and what arbitrage costs the LP over time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sim.params import YEAR_S, PoolParams
from bot.sim.pool import Pool, PoolMarket

NS = 1_000_000_000
V2 = PoolParams()
V3 = PoolParams(kind="v3", lower_usdt=0.8, upper_usdt=1.25)
KINDS = pytest.mark.parametrize("params", [V2, V3], ids=["v2", "v3"])
swaps = st.lists(st.tuples(st.booleans(), st.floats(1.0, 100_000.0)), max_size=30)
prices = st.floats(0.2, 5.0)


def test_opens_with_the_stated_usdt() -> None:
    v2, v3 = Pool(V2, 2.0), Pool(V3, 1.0)
    assert (v2.usdt, v2.tokens, v2.price) == pytest.approx((500_000, 250_000, 2.0))
    assert v3.usdt == pytest.approx(500_000)
    assert v3.price == pytest.approx(1.0)
    # x = L(1/sqrt(P) - 1/sqrt(Pb)), y = L(sqrt(P) - sqrt(Pa))
    assert v3.tokens == pytest.approx(v3.liquidity * (1 - 1 / math.sqrt(1.25)))
    assert v3.liquidity == pytest.approx(500_000 / (1 - math.sqrt(0.8)))


def test_a_price_outside_the_range_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the position's range"):
        Pool(V3, 1.3)


def test_one_swap_by_hand() -> None:
    pool = Pool(V2, 1.0)
    out = pool.buy_tokens(1_000.0)
    assert out == pytest.approx(500_000 * 997.5 / 500_997.5)
    assert pool.tokens == pytest.approx(500_000 - out)
    assert pool.usdt == pytest.approx(500_000 + 997.5 + 1.7)  # 0.8 USDT left the pool
    assert pool.fees_usdt == pytest.approx(1.7)
    assert pool.volume_usdt == 1_000.0


@given(sequence=swaps)
def test_v2_liquidity_never_falls(sequence: list[tuple[bool, float]]) -> None:
    pool = Pool(V2, 1.0)
    for buy, size in sequence:
        before = pool.liquidity
        assert (pool.buy_tokens(size) if buy else pool.sell_tokens(size)) > 0
        assert pool.liquidity >= before * (1 - 1e-15)


@given(sequence=swaps)
def test_v3_keeps_its_liquidity_and_its_range(sequence: list[tuple[bool, float]]) -> None:
    pool = Pool(V3, 1.0)
    liquidity = pool.liquidity
    for buy, size in sequence:
        if buy:
            pool.buy_tokens(size)
        else:
            pool.sell_tokens(size)
        assert pool.liquidity == pytest.approx(liquidity, rel=1e-12)
        assert 0.8 * (1 - 1e-12) <= pool.price <= 1.25 * (1 + 1e-12)
        assert pool.tokens >= 0
        assert pool.usdt >= 0


def test_v3_is_one_sided_at_the_edge_of_its_range() -> None:
    pool = Pool(V3, 1.0)
    pool.buy_tokens(1e9)
    assert pool.price == pytest.approx(1.25)
    assert pool.tokens == pytest.approx(0.0, abs=1e-6)
    assert pool.buy_tokens(1_000.0) == pytest.approx(0.0, abs=1e-6)
    assert pool.sell_tokens(1_000.0) > 0  # the way back is open


@KINDS
@given(fair=prices, start=st.floats(0.81, 1.24))
def test_arbitrage_ends_inside_the_fee_band(params: PoolParams, fair: float, start: float) -> None:
    pool = Pool(params, start)
    pool.arbitrage(fair)
    low, high = fair * (1 - params.fee), fair / (1 - params.fee)
    if params.kind == "v3":
        low, high = min(low, 1.25), max(high, 0.8)
    assert low * (1 - 1e-12) <= pool.price <= high * (1 + 1e-12)
    assert not pool.arbitrage(fair) or pool.price == pytest.approx(min(max(fair, low), high), rel=1e-9)


@KINDS
def test_arbitrage_stops_at_the_near_edge(params: PoolParams) -> None:
    pool = Pool(params, 1.0)
    assert not pool.arbitrage(1.002)  # inside the band nothing pays
    assert pool.swaps == 0
    assert pool.arbitrage(1.01)
    assert pool.price == pytest.approx(1.01 * (1 - params.fee), rel=1e-4)
    assert pool.arbitrage(0.99)
    assert pool.price == pytest.approx(0.99 / (1 - params.fee), rel=1e-4)


def test_v2_is_v3_over_the_whole_range() -> None:
    wide = PoolParams(kind="v3", lower_usdt=1e-15, upper_usdt=1e15, lp_share=0.0)
    v2, v3 = Pool(PoolParams(lp_share=0.0), 1.0), Pool(wide, 1.0)
    for pool in (v2, v3):
        pool.buy_tokens(20_000)
        pool.sell_tokens(3_000)
    assert v3.price == pytest.approx(v2.price, rel=1e-6)


def test_reading_is_in_the_terms_of_the_chain() -> None:
    v2, v3 = Pool(V2, 1.0), Pool(V3, 1.0)
    for pool in (v2, v3):
        pool.buy_tokens(1_000)
    first, second = v2.reading("a"), v3.reading("b")
    assert (first.kind, first.lower, first.upper, first.fees_usdt) == ("v2", 0.0, math.inf, 0.0)
    assert first.token_amount == pytest.approx(first.liquidity / math.sqrt(v2.price))
    assert (second.kind, second.lower, second.upper) == ("v3", 0.8, 1.25)
    assert second.fees_usdt == pytest.approx(1.7)
    root = math.sqrt(v3.price)
    assert second.token_amount == pytest.approx(second.liquidity * (1 / root - 1 / math.sqrt(1.25)))
    assert second.usdt_amount == pytest.approx(second.liquidity * (root - math.sqrt(0.8)))


def market(params: PoolParams, seed: int = 3) -> PoolMarket:
    return PoolMarket(params, 1.0, 0, np.random.SeedSequence(seed))


def test_blocks_come_at_their_time_and_late_ones_together() -> None:
    pool = market(V2)
    seen: list[tuple[int, int]] = []
    pool.on_block = lambda now, number: seen.append((now, number))
    assert pool.block(2 * NS, 1.0) == 0
    assert pool.block(3 * NS, 1.0) == 1
    assert pool.block(4 * NS, 1.0) == 0
    assert pool.block(13 * NS, 1.0) == 3
    assert seen == [(3 * NS, 1), (13 * NS, 4)]


def test_noise_swaps_come_at_their_rate() -> None:
    pool = market(PoolParams(fee=0.05, usdt=1e9))  # nobody arbitrages a pool this deep and dear
    days = 10
    for second in range(3, days * 86_400, 3):
        pool.block(second * NS, 1.0)
    assert pool.pool.swaps == pytest.approx(200 * days, abs=4 * math.sqrt(200 * days))
    assert pool.pool.volume_usdt == pytest.approx(600 * pool.pool.swaps, rel=1e-9)


def test_arbitrage_costs_the_lp_the_loss_versus_rebalancing() -> None:
    """Swaps at the pool's price against fair lose V*sigma^2/8 a year (Milionis et al. 2022), before fees.

    Estimated against the realised variance of the same path, so that only the fee band blurs it.
    """
    pool = market(PoolParams(noise_swaps_per_day=0), seed=4)
    steps, sigma = 40 * 28_800, 1.0
    step_sd = sigma * math.sqrt(3 / YEAR_S)
    path = np.exp(np.cumsum(np.random.default_rng(5).standard_normal(steps) * step_sd))
    increments = np.diff(np.log(path), prepend=0.0)
    lost = expected = 0.0
    p = pool.pool
    for number, (fair, change) in enumerate(zip(path.tolist(), increments.tolist(), strict=True), 1):
        x, y, fees_x, fees_y = p.x, p.y, p.fees_token, p.fees_usdt
        pool.block(3 * number * NS, fair)
        lost -= (p.x - x - p.fees_token + fees_x) * fair + (p.y - y - p.fees_usdt + fees_y)
        expected += 2 * math.sqrt(x * y * fair) * change * change / 8
    assert lost == pytest.approx(expected, rel=0.05)
    assert expected / 40 == pytest.approx(342, rel=0.35)  # about 1e6/8/365 a day while the price is near 1


@KINDS
def test_state_goes_on(params: PoolParams) -> None:
    pool = market(params)
    for number in range(1, 20_000):
        pool.block(3 * number * NS, 1.0 + 0.1 * math.sin(number / 500))
    again = market(params, seed=99)
    again.restore(pool.state())
    stored, restored = pool.pool.reading("p"), again.pool.reading("p")
    assert (restored.fees_token, restored.fees_usdt) == (stored.fees_token, stored.fees_usdt)
    assert restored.token_amount == pytest.approx(stored.token_amount, rel=1e-9)
    assert again.pool.price == pool.pool.price != 1.0


def test_a_stored_pool_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="stored pool is v3"):
        market(V2).restore(market(V3).state())
