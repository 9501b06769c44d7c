"""The sampler: all books at one instant, our own size taken out, nothing invented."""

from __future__ import annotations

import asyncio

from bot.model.facts import MarketSampled
from bot.model.market import PublicTrade
from bot.model.order import Side
from paper_tools import run
from task_rig import MID, PERPS, SPOTS, Desk, Rig, rig


def samples(made: Rig) -> list[MarketSampled]:
    return [fact for fact in made.inbox.drain() if isinstance(fact, MarketSampled)]


def test_every_interval_and_at_once_after_a_large_move() -> None:
    async def story() -> None:
        async with rig(Desk(), "sampler") as made:
            made.inbox.drain()
            await asyncio.sleep(5.5)
            assert len(samples(made)) in (5, 6)
            made.market(MID + 50)  # 50 bp on all six books in one instant
            await asyncio.sleep(0.01)
            (one,) = samples(made)  # and one sample for all of them
            assert {top.bid_ticks for top in one.tops if top.instrument in PERPS} == {MID + 49}
            made.market(MID + 51)  # 1 bp is no reason
            await asyncio.sleep(0.01)
            assert samples(made) == []

    run(story())


def test_a_book_without_two_sides_is_left_out() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            made.inbox.drain()
            made.quote(SPOTS[0], lots=0)
            made.sampler.health(PERPS[0], up=False)
            made.sampler.sample()
            (one,) = samples(made)
            assert {top.instrument for top in one.tops} == {*SPOTS[1:], *PERPS[1:]}
            made.sampler.health(PERPS[0], up=True)
            made.sampler.sample()
            assert PERPS[0] in {top.instrument for top in samples(made)[0].tops}

    run(story())


def test_volume_is_counted_once() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            made.inbox.drain()
            for lots in (10, 30):
                made.sampler.traded(PublicTrade(SPOTS[0], Side.BUY, MID, lots, 0))
            made.sampler.sample()
            made.sampler.sample()
            first, second = samples(made)
            assert first.volume_tokens == ((SPOTS[0], 4.0),)
            assert second.volume_tokens == ()

    run(story())
