"""States as facts: bounds, prices, fees."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bot.chain.decode import Head
from bot.chain.reading import Told, bounds, holdings, observed, pool_price, readings, twap_price
from bot.chain.state import ChainState, TokenOrder
from bot.pricing.lp_position import v3
from chain.truth import nfts_of, pair_of, pool_of, steps

ORDER = TokenOrder(True, 18, 18)
STEP = steps()[4]
STATE = ChainState(
    166, pool_of(STEP), tuple(nft for nft, _known in nfts_of(STEP)), pair_of(STEP), (10**18, 0)
)


def test_readings_are_floats_of_the_exact_amounts() -> None:
    for reading, (_nft, known) in zip(readings(STATE, ORDER), nfts_of(STEP), strict=False):
        assert reading.token_amount == known["principal"][0] / 10**18
        assert reading.fees_usdt == known["fees"][1] / 10**18


def test_the_formula_of_a_range_gives_the_same_tokens() -> None:
    price = pool_price(STATE, ORDER)
    for reading in readings(STATE, ORDER)[:4]:
        value = v3(reading.liquidity, price, reading.lower, reading.upper)
        assert value.token == pytest.approx(reading.token_amount, rel=1e-9)
        assert value.usdt == pytest.approx(reading.usdt_amount, rel=1e-9)


def test_bounds_turn_with_the_token_order() -> None:
    full, narrow = STATE.nfts[:2]
    assert bounds(full, ORDER) == (0.0, math.inf)
    low, high = bounds(narrow, ORDER)
    assert (low, high) == (pytest.approx(1.0001**-8000), pytest.approx(1.0001**-5950))
    assert bounds(narrow, TokenOrder(False, 18, 18)) == (pytest.approx(1 / high), pytest.approx(1 / low))


def test_prices_come_from_the_pool_the_pair_or_nowhere() -> None:
    assert pool_price(STATE, ORDER) == pytest.approx(float(STEP["v3"]["price"]))
    pair_only = replace(STATE, pool=None, nfts=())
    assert pool_price(pair_only, ORDER) == pair_of(STEP).reserves[1] / pair_of(STEP).reserves[0]
    assert math.isnan(pool_price(replace(pair_only, pair=None), ORDER))
    assert twap_price(STATE, ORDER) is None
    assert twap_price(replace(STATE, pool=replace(STATE.pool, twap_tick=-6932.0)), ORDER) == pytest.approx(
        0.49999, rel=1e-4
    )


def test_fees_of_the_last_full_reading_stay_until_the_next() -> None:
    kept = {holding.position_id: (7, 9) for holding in holdings(STATE)}
    assert {reading.fees_token for reading in readings(STATE, ORDER, kept)} == {7 / 10**18}


def test_the_fact_tells_where_it_comes_from() -> None:
    fact = observed(STATE, ORDER, Told(5, Head(166, "0xab", "0xaa", 3), "node:1", 162))
    assert (fact.seen_ns, fact.venue_ns, fact.block, fact.block_hash) == (5, 3, 166, "0xab")
    assert (fact.provider, fact.finalized_block, fact.wallet_token, fact.wallet_usdt) == (
        "node:1",
        162,
        1.0,
        0.0,
    )
    assert len(fact.positions) == 5
