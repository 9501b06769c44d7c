"""The paper pool's facts: absolute, on change, and not more often than needed."""

import numpy as np
import pytest

from bot.chain.paper_pool import PaperPool
from bot.model.facts import PoolObserved
from bot.sim.params import PoolParams
from bot.sim.pool import PoolMarket

NS = 1_000_000_000


def market() -> PoolMarket:
    return PoolMarket(PoolParams(noise_swaps_per_day=0), 1.0, 0, np.random.SeedSequence(1))


def run(pool: PoolMarket, fairs: list[float]) -> None:
    for number, fair in enumerate(fairs, 1):
        pool.block(3 * number * NS, fair)


def test_a_quiet_pool_reports_once_a_minute() -> None:
    pool, facts = market(), list[PoolObserved]()
    PaperPool(pool, facts.append)
    run(pool, [1.0] * 100)
    assert [fact.block for fact in facts] == [1, 21, 41, 61, 81]
    assert facts[1].seen_ns - facts[0].seen_ns == 60 * NS


def test_a_move_is_reported_in_its_block() -> None:
    pool, facts = market(), list[PoolObserved]()
    PaperPool(pool, facts.append)
    run(pool, [1.0, 1.0, 1.01, 1.01, 1.01004])
    assert [fact.block for fact in facts] == [1, 3]  # the last move is 0.4 bp
    fact = facts[-1]
    assert fact.price == pytest.approx(1.01 * 0.9975, rel=1e-4)
    assert fact.price == pytest.approx(fact.positions[0].usdt_amount / fact.positions[0].token_amount)
    assert fact.venue_ns == 9 * NS
    assert fact.positions[0].token_amount < 500_000


def test_every_block_when_asked() -> None:
    pool, facts = market(), list[PoolObserved]()
    PaperPool(pool, facts.append, change_bps_min=0, every_s=0)
    run(pool, [1.0] * 7)
    assert [fact.block for fact in facts] == [1, 2, 3, 4, 5, 6, 7]


def test_observe_reads_at_any_time() -> None:
    pool = market()
    fact = PaperPool(pool, lambda _: pytest.fail("nothing was sealed"), position_id="7").observe(5 * NS)
    assert (fact.seen_ns, fact.block, fact.price) == (5 * NS, 0, 1.0)
    assert fact.positions == (pool.pool.reading("7"),)
