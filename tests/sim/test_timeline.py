"""The timeline: one seed is one market, blocks join, and books follow their fair price."""

import numpy as np
import pytest

from bot.model.instrument import Instrument
from bot.model.order import Side
from bot.sim.params import (
    FlowParams,
    InstrumentParams,
    PriceParams,
    WorldParams,
    realised_sigma_annual,
    sim_instruments,
)
from bot.sim.timeline import Block, Timeline

SIX = sim_instruments(InstrumentParams())


def timeline(
    seed: int = 1, params: WorldParams | None = None, instruments: tuple[Instrument, ...] = SIX
) -> Timeline:
    return Timeline(params or WorldParams(), instruments, np.random.SeedSequence(seed))


@pytest.fixture(scope="module")
def block() -> Block:
    return timeline().draw(20_000)


def test_a_seed_is_a_market() -> None:
    assert timeline(5).draw(2_000) == timeline(5).draw(2_000)
    assert timeline(5).draw(2_000).fair != timeline(6).draw(2_000).fair


def test_blocks_join() -> None:
    line = timeline(params=WorldParams(price=PriceParams(sigma_annual=0.05, jumps_per_day=0)))
    first = line.draw(1_000)
    second = line.draw(1_000)
    assert abs(second.fair_moved[0] / first.fair[-1] - 1) < 0.002  # one second of movement
    # A book that did not move over the seam does not count as an update.
    same = sum(a == b for a, b in zip(first.centres[-1], second.centres[0], strict=True))
    assert same > 0
    assert second.updates[0] == 6 - same


def test_the_fair_price_moves_by_steps_and_takers(block: Block) -> None:
    fair, moved = np.array(block.fair), np.array(block.fair_moved)
    impact = np.log(fair / moved)
    spot_step = np.array([any(t.book < 3 for t in takers) for takers in block.takers])
    assert impact[spot_step].any()
    assert np.abs(impact[~spot_step]).max() < 1e-12
    # 0.9 a year is 1.6 bp a second; jumps are rare.
    assert np.median(np.abs(np.diff(np.log(moved)))) == pytest.approx(0.6745 * 1.6e-4, rel=0.1)


def test_diffusion_and_takers_make_the_total() -> None:
    params = WorldParams(price=PriceParams(jumps_per_day=0))
    line = timeline(2, params)
    squares, last, days = 0.0, line.fair_usdt, 5
    for _ in range(days * 24):
        fair = np.log(np.concatenate(([last], line.draw(3_600).fair)))
        squares += float((np.diff(fair) ** 2).sum())
        last = line.fair_usdt
    assert np.sqrt(squares * 365 / days) == pytest.approx(realised_sigma_annual(params), rel=0.01)


def test_books_are_centred_on_their_own_price(block: Block) -> None:
    for at in range(0, block.steps, 997):
        for book, instrument in enumerate(SIX):
            basis = 0.0 if book < 3 else block.basis[at][book - 3]
            price = block.fair[at] * (1 + basis) / float(instrument.tick)
            assert abs(block.centres[at][book] - price) <= 2.5 + 1e-6  # half of 0.5 bp, in ticks of 0.1 bp


def test_every_moved_or_swept_book_requotes_and_every_one_after_five_seconds(block: Block) -> None:
    line = timeline()
    idle = [0] * 6
    for at in range(1, block.steps):
        requotes = line.subsets[block.requotes[at]]
        swept = {taker.book for taker in block.takers[at]}
        for book in range(6):
            if block.centres[at][book] != block.centres[at - 1][book] or book in swept:
                assert book in requotes
            idle[book] = 0 if book in requotes else idle[book] + 1
            assert idle[book] < 5


def test_takers_price_off_the_fair_they_meet(block: Block) -> None:
    for at, takers in enumerate(block.takers):
        for taker in takers:
            basis = 0.0 if taker.book < 3 else block.basis[at][taker.book - 3]
            low, high = sorted((block.fair_moved[at], block.fair[at]))
            tick = float(SIX[taker.book].tick)
            slack = 1.001 * tick + (high - low)
            assert taker.lots >= 1
            if taker.side is Side.BUY:
                assert taker.limit_ticks * tick >= low * (1 + basis) - slack
            else:
                assert taker.limit_ticks * tick <= high * (1 + basis) + slack


def test_a_smaller_world_keeps_the_same_fair_price() -> None:
    small = timeline(3, instruments=(SIX[0], SIX[4])).draw(5_000)
    whole = timeline(3).draw(5_000)
    assert small.fair == whole.fair
    assert {taker.book for takers in small.takers for taker in takers} == {0, 1}
    mapped = [[t for t in takers if t.book in (0, 4)] for takers in whole.takers]
    assert [len(takers) for takers in small.takers] == [len(takers) for takers in mapped]


def test_place_goes_on_from_there() -> None:
    line = timeline(4, WorldParams(flow=FlowParams(impact_share=0.0)))
    line.draw(100)
    line.place(0.25, [0.01, 0.01, 0.01])
    block = line.draw(10)
    assert block.fair[0] == pytest.approx(0.25, rel=0.01)
    assert block.basis[0] == pytest.approx([0.01] * 3, abs=0.001)
    assert block.updates[0] == 6
