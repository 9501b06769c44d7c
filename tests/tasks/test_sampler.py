"""The sampler: what the aggregator learns of the market, and what it must never take for the market."""

from __future__ import annotations

import asyncio

import pytest

from bot.model.facts import MarketSampled
from bot.model.market import PublicTrade
from bot.model.order import Amend, OrderIntent, Purpose, Side
from bot.quoting.live import LiveQuotes
from bot.tasks.sampler import OwnSizes
from paper_tools import run
from task_rig import MID, PERPS, SPOTS, Desk, Rig, instrument, rig

FIRST = SPOTS[0]


def samples(made: Rig) -> list[MarketSampled]:
    return [fact for fact in made.log.facts if isinstance(fact, MarketSampled)]


def test_samples_come_every_second_with_all_books() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator", "beat", "sampler") as made:
            began = len(samples(made))
            await asyncio.sleep(10)
            fresh = samples(made)[began:]
            assert 9 <= len(fresh) <= 11
            assert all({top.instrument for top in one.tops} == {*SPOTS, *PERPS} for one in fresh)

    run(story())


def test_a_move_is_sampled_in_the_same_instant_and_once_for_all_books() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator", "beat", "sampler") as made:
            await asyncio.sleep(0.5)
            began, at = len(samples(made)), made.clock.now_ns()
            made.market(MID + 3)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            fresh = samples(made)[began:]
            assert len(fresh) == 1
            assert fresh[0].seen_ns - at < 1_000
            assert {top.bid_ticks for top in fresh[0].tops if top.instrument in SPOTS} == {MID + 3 - 9}
            made.market(MID + 4)  # one basis point is no news
            await asyncio.sleep(0.1)
            assert len(samples(made)) == began + 1

    run(story())


def test_a_book_without_two_sides_or_without_streams_is_left_out() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator") as made:
            made.exchanges[FIRST].set_others((), ((MID + 9, 10),), made.clock.now_ns())
            made.sampler.health(SPOTS[1], up=False)
            made.sampler.sample()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert {top.instrument for top in samples(made)[-1].tops} == {SPOTS[2], *PERPS}
            made.sampler.health(SPOTS[1], up=True)
            made.quote(FIRST)
            made.sampler.sample()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert {top.instrument for top in samples(made)[-1].tops} == {*SPOTS, *PERPS}

    run(story())


def test_public_volume_is_counted_once_per_sample() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator") as made:
            for lots in (100, 50):
                made.sampler.traded(PublicTrade(FIRST, Side.BUY, MID, lots, 0))
            made.sampler.sample()
            made.sampler.sample()
            await asyncio.sleep(0.01)
            last = samples(made)[-2:]
            assert last[0].volume_tokens == ((FIRST, pytest.approx(15.0)),)
            assert last[1].volume_tokens == ()

    run(story())


def test_funding_terms_are_passed_on() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator") as made:
            made.venues[PERPS[1]].funding_terms = (0.0001, 8.0, 123)
            made.sampler.sample()
            await asyncio.sleep(0.01)
            assert samples(made)[-1].funding == ((PERPS[1], 0.0001, 8.0, 123),)
            assert made.view.value.marks.funding_annual[PERPS[1]] == pytest.approx(0.1095)

    run(story())


def test_a_market_that_stands_still_leaves_marks_to_grow_old() -> None:
    async def story() -> None:
        async with rig(Desk(), "aggregator", "sampler") as made:  # no beat: the books are frozen
            await asyncio.sleep(5)
            view = made.view.value
            assert view.marks.fair is None or view.marks.fair_inputs == 0
            assert view.level_reason

    run(story())


def quote(ticks: int, lots: int, side: Side = Side.BUY, name: str = "a") -> OrderIntent:
    return OrderIntent(name, FIRST, side, ticks, lots, Purpose.QUOTE)


def test_an_amend_under_way_is_ours_at_both_prices() -> None:
    live = LiveQuotes(instrument(FIRST))
    sale = {MID + 7: 30}
    own = OwnSizes(live, sale)
    assert own.bids() == {}
    assert own.asks() == {MID + 7: 30}
    live.sent(quote(MID - 5, 100), 0)
    live.sent(quote(MID + 5, 70, Side.SELL, "b"), 0)
    assert own.bids() == {MID - 5: 100}
    assert own.asks() == {MID + 5: 70, MID + 7: 30}
    live.amending(Amend("a", FIRST, MID - 4, 90), 1)
    live.amending(Amend("b", FIRST, MID + 7, 60), 1)
    assert own.bids() == {MID - 5: 100, MID - 4: 90}
    assert own.asks() == {MID + 5: 70, MID + 7: 90}
    assert live.own_asks == {MID + 5: 70}  # looking changes nothing
