"""The quoter: the obligation kept while it may, nothing resting while it may not, and it stands up again."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

from bot.model.facts import MarketSampled, OperatorCommand, QuotesObserved
from bot.model.order import OrderIntent, Purpose, Side
from bot.model.view import Level
from paper_tools import run
from quoting_rig import FULL, quoting, resting
from task_rig import ALL, MID, PERPS, SPOTS, Desk, rig, with_limits

FIRST, SECOND, THIRD = SPOTS


def test_the_obligation_is_met_on_three_exchanges() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            for name, owed in made.desk.limits.obligations.items():
                orders = made.exchanges[f"{name}.spot"].open_orders()
                bids = sum(float(o.price * o.remaining) for o in orders if o.side is Side.BUY)
                asks = sum(float(o.price * o.remaining) for o in orders if o.side is Side.SELL)
                assert owed.bid_usdt <= bids <= 1.1 * owed.bid_usdt
                assert owed.ask_usdt <= asks <= 1.1 * owed.ask_usdt
            assert made.view.value.unknown_orders == 0
            assert all(q.live.unknown == 0 for q in made.quoters.values())

    run(story())


def test_own_orders_are_never_read_as_foreign_while_they_move() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            draws, mids, amends = random.Random(7), {MID}, 0
            mid, began = MID, len(made.log.facts)
            for _ in range(150):
                mid += draws.choice((-3, -2, 2, 3))
                mids.add(mid)
                made.market(mid)
                amends += sum(o.pending == 2 for q in made.quoters.values() for o in q.live.orders())
                made.sampler.sample()
                await asyncio.sleep(draws.choice((0.005, 0.02, 0.05)))
            assert amends > 50  # quotes were under way all the time
            samples = [f for f in made.log.facts[began:] if isinstance(f, MarketSampled)]
            tops = [top for sample in samples for top in sample.tops if top.instrument in SPOTS]
            assert len(tops) > 300
            strange = [top for top in tops if top.bid_ticks + 9 not in mids or top.ask_ticks - 9 not in mids]
            assert not strange

    run(story())


def test_nothing_rests_while_paused_pulled_or_switched_off() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "pause", "", "me"))
            await made.until(lambda: sum(resting(made, key) for key in SPOTS) == 0, 0.5)
            assert made.view.value.level is Level.PULLED
            sent = len(made.log.of(Purpose.QUOTE))
            made.market(MID + 2)
            await asyncio.sleep(5)
            assert len(made.log.of(Purpose.QUOTE)) == sent
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "resume", "", "me"))
            await quoting(made, 30.0)

    run(story())


def test_without_budget_quotes_come_later_and_the_rate_is_kept() -> None:
    async def story() -> None:
        limits = with_limits(quote={"message_rate_per_s_max": 1.0})
        async with rig(replace(Desk(), limits=limits), *ALL) as made:
            await quoting(made, 60.0)
            for key in SPOTS:
                assert made.guards[key].refusals["budget"] > 0
                assert len(made.log.of(Purpose.QUOTE, key)) == FULL

    run(story())


def test_quotes_never_exceed_what_can_be_hedged() -> None:
    async def story() -> None:
        async with rig(replace(Desk(), tokens=60_000, wallet=70_000), *ALL) as made:
            await asyncio.sleep(20)
            view = made.view.value
            for key in SPOTS:
                orders = made.exchanges[key].open_orders()
                bids = sum(float(o.remaining) for o in orders if o.side is Side.BUY)
                asks = sum(float(o.remaining) for o in orders if o.side is Side.SELL)
                assert bids <= view.quote_room_buy + 1
                assert asks <= min(view.quote_room_sell, view.spots[key].tokens) + 1

    run(story())


def test_a_stop_takes_every_quote_off_and_reports_it() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            for quoter in made.quoters.values():
                quoter.stop()
            await made.until(lambda: sum(resting(made, key) for key in SPOTS) == 0, 0.5)
            made.market(MID + 5)
            await asyncio.sleep(5)
            assert sum(resting(made, key) for key in SPOTS) == 0
            causes = {one.cause for one in made.view.value.obligations.values()}
            assert causes == {"stopping"}

    run(story())


def test_observations_come_at_least_every_few_seconds() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            await asyncio.sleep(30)
            seen = [fact for fact in made.log.facts if isinstance(fact, QuotesObserved)]
            times = [fact.seen_ns / 1e9 for fact in seen if fact.exchange == "binance"]
            assert max(later - at for at, later in pairwise(times)) <= 5.0
            assert made.view.value.obligations["binance"].uptime > 0.5

    run(story())


def test_an_intent_of_the_quoter_is_post_only_and_its_own() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            quotes: list[OrderIntent] = made.log.of(Purpose.QUOTE)
            assert {intent.time_in_force.value for intent in quotes} == {"post_only"}
            assert len({intent.client_id for intent in quotes}) == len(quotes)
            assert not made.log.of(Purpose.SELL)
            assert PERPS[0] not in {intent.instrument for intent in quotes}

    run(story())
