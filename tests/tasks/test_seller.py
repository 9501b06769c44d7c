"""The seller: never against our own bids, never faster than allowed, never more than the plan."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.model.facts import OperatorCommand
from bot.model.market import PublicTrade
from bot.model.order import OrderIntent, Purpose, Side, TimeInForce
from bot.model.view import Level
from paper_tools import run
from task_rig import ALL, MID, SPOTS, TERMS, Desk, Rig, rig, with_limits

FIRST = SPOTS[0]
SELLING = ("aggregator", "beat", "sampler", "seller", "reconciler")
RICH = Desk(tokens=400_000, sell_tokens=300_000.0)
FAST = with_limits(
    sell={"participation_max": 0.5, "slice_interval_s": 1.0, "slice_usdt_max": 10_000.0},
    risk={"net_delta_usdt_max": 5e6, "unhedged_age_s_max": 1e6},
)


def public(made: Rig, tokens: float, key: str = FIRST) -> None:
    """Others trade `tokens` among themselves."""
    lots = round(tokens / 0.1)
    made.sinks[key].on_trade(PublicTrade(key, Side.BUY, MID, lots, made.clock.now_ns()))


def sales(made: Rig, key: str = "") -> list[OrderIntent]:
    return made.log.of(Purpose.SELL, key)


def sold(made: Rig) -> float:
    return made.view.value.sell.sold_tokens


def test_nothing_is_sold_before_others_have_traded() -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            await asyncio.sleep(30)
            assert not sales(made)
            assert made.seller.waiting == "waiting for volume"

    run(story())


def test_without_own_quotes_it_takes_the_bids_of_others_within_its_share() -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            public(made, 20_000)
            await made.until(lambda: sold(made) > 0, 10)
            await asyncio.sleep(30)
            assert sold(made) == pytest.approx(20_000, abs=20)  # half of all that was traded
            assert {intent.time_in_force for intent in sales(made)} == {TimeInForce.IOC}
            assert all(intent.price_ticks == MID - 9 for intent in sales(made))
            public(made, 4_000)
            await made.until(lambda: sold(made) > 23_900, 10)

    run(story())


def test_beside_own_quotes_it_rests_and_never_meets_them() -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *ALL) as made:
            await made.until(lambda: all(len(q.live) == 20 for q in made.quoters.values()), 30)
            for key in SPOTS:
                public(made, 1_000_000, key)
            await made.until(lambda: bool(sales(made)), 10)
            for step in range(40):
                for key in SPOTS:
                    bids = [o for o in made.exchanges[key].open_orders() if o.side is Side.BUY]
                    asks = [o for o in made.exchanges[key].open_orders() if o.side is Side.SELL]
                    assert not bids or not asks or max(b.price for b in bids) < min(a.price for a in asks)
                made.market(MID + (step * 7) % 13)
                await asyncio.sleep(0.3)
            assert {intent.time_in_force for intent in sales(made)} == {TimeInForce.POST_ONLY}
            fills = [f for key in SPOTS for f in made.exchanges[key].trades_since(0)]
            assert not fills  # nobody traded but us, so we did not trade

    run(story())


def test_bids_of_others_at_our_own_price_are_not_taken() -> None:
    async def story() -> None:
        tasks = ("beat", "sampler", "aggregator", "hedger", *SPOTS)
        async with rig(replace(RICH, limits=FAST), *tasks) as made:
            await made.until(lambda: len(made.exchanges[FIRST].open_orders()) == 20, 30)
            public(made, 1_000_000)
            ours = max(made.quoters[FIRST].live.own_bids)
            made.quote(FIRST, ours + 9)  # now others stand where we do
            assert made.exchanges[FIRST].book.bids[ours] > 1_000_000
            made.seller.act()
            assert [intent.time_in_force for intent in sales(made, FIRST)] == [TimeInForce.POST_ONLY]
            await asyncio.sleep(1)
            assert not [f for f in made.exchanges[FIRST].trades_since(0) if f.side is Side.SELL]

    run(story())


def test_a_resting_sale_follows_the_price_and_goes_with_a_pause() -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *ALL) as made:
            await made.until(lambda: all(len(q.live) == 20 for q in made.quoters.values()), 30)
            public(made, 1_000_000)
            await made.until(lambda: bool(made.seller.resting(FIRST)), 10)
            before = next(iter(made.seller.resting(FIRST)))
            made.market(MID + 8)
            resting = made.seller.resting(FIRST)
            await made.until(lambda: bool(resting) and before not in resting, 5)
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "pause", "", "me"))
            await made.until(lambda: not made.seller.working(), 3)
            count = len(sales(made))
            await asyncio.sleep(10)
            assert len(sales(made)) == count
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "resume", "", "me"))
            await made.until(lambda: made.seller.working(), 20)
            made.seller.stop()
            await made.until(lambda: not made.seller.working(), 1)
            await asyncio.sleep(10)
            assert not made.seller.working()

    run(story())


def test_the_plan_is_sold_to_the_last_order_and_not_beyond() -> None:
    async def story() -> None:
        desk = replace(RICH, limits=FAST, sell_tokens=55_003.7)
        async with rig(desk, *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            public(made, 10_000_000)
            await made.until(lambda: sold(made) > 55_003.7 - 5, 60)
            await asyncio.sleep(10)
            on_venues = 3 * 400_000 - sum(float(made.exchanges[key].position) for key in SPOTS)
            assert sold(made) == pytest.approx(on_venues)
            assert 55_003.7 - 5 <= sold(made) <= 55_003.7

    run(story())


def test_a_fill_the_view_has_not_seen_is_not_sold_again() -> None:
    async def story() -> None:
        desk = replace(RICH, limits=FAST, sell_tokens=5_000.0)
        async with rig(desk, "beat") as made:
            made.sampler.sample()
            made.fold()
            await asyncio.sleep(11)
            made.sampler.sample()
            made.fold()
            public(made, 10_000_000)
            made.seller.act()
            await asyncio.sleep(0.1)  # sold; the aggregator stands still
            assert made.exchanges[FIRST].position < 400_000
            for _ in range(10):
                await asyncio.sleep(1.0)
                made.seller.act()
            assert len(sales(made)) == 1
            made.fold()
            made.seller.act()
            assert len(sales(made)) == 1
            assert made.seller.waiting == "all is sold"

    run(story())


@pytest.mark.parametrize("fault", ["lost_answer_share", "lost_request_share"])
def test_a_sale_in_doubt_is_settled_by_query_and_counted_no_longer(fault: str) -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            made.venues[FIRST].terms = replace(TERMS, **{fault: 1.0})
            public(made, 20_000)
            await made.until(lambda: bool(sales(made, FIRST)), 10)
            await asyncio.sleep(0.1)
            # A lost answer whose fill came is no doubt any more; a lost request is one.
            assert made.view.value.unknown_orders == (fault == "lost_request_share")
            made.venues[FIRST].terms = TERMS
            await made.until(lambda: made.view.value.unknown_orders == 0, 3)
            await asyncio.sleep(30)
            assert sold(made) == pytest.approx(20_000, abs=20)
            assert len({intent.client_id for intent in sales(made)}) == len(sales(made))

    run(story())


def test_a_sale_in_doubt_that_fills_is_in_doubt_no_longer() -> None:
    async def story() -> None:
        async with rig(replace(RICH, limits=FAST), *ALL) as made:
            await made.until(lambda: all(len(q.live) == 20 for q in made.quoters.values()), 30)
            public(made, 100_000)
            await made.until(lambda: bool(made.seller.resting(FIRST)), 10)
            await asyncio.sleep(0.1)
            made.venues[FIRST].terms = replace(TERMS, lost_request_share=1.0)
            made.seller.stop()  # the cancel gets lost
            await made.until(lambda: made.view.value.unknown_orders > 0, 0.5)
            made.venues[FIRST].terms = TERMS
            made.exchanges[FIRST].sweep(Side.BUY, MID + 9, 10_000_000, made.clock.now_ns())
            await made.until(lambda: not made.seller.resting(FIRST), 0.1)
            await made.until(lambda: made.view.value.unknown_orders == 0, 5)

    run(story())


def test_asks_owed_keep_their_tokens() -> None:
    async def story() -> None:
        desk = replace(RICH, limits=FAST, tokens=130_000, sell_tokens=300_000.0)
        async with rig(desk, *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            public(made, 10_000_000)
            await asyncio.sleep(60)
            for key in SPOTS:
                owed = made.desk.limits.obligations[key.partition(".")[0]].ask_usdt
                assert float(made.exchanges[key].position) >= 1.08 * owed

    run(story())


def test_a_slow_or_low_market_is_waited_for() -> None:
    async def story() -> None:
        limits = FAST.model_copy(update={"sell": FAST.sell.model_copy(update={"price_usdt_min": 1.5})})
        async with rig(replace(RICH, limits=limits), *SELLING) as made:
            await made.until(lambda: made.view.value.level is Level.NORMAL)
            public(made, 10_000_000)
            await asyncio.sleep(10)
            assert not sales(made)
            assert "is below 1.5" in made.seller.waiting

    run(story())
