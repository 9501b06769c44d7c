"""The quoter in trouble: poisoned, on bad books, cut off, overtaken; it stands down alone and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.model.facts import QuoterDown, VenueSnapshot
from bot.model.market import PublicTrade
from bot.model.order import OrderIntent, OrderState, Purpose, Side
from bot.model.view import Level
from paper_tools import run
from quoting_rig import FULL, quoting, resting
from task_rig import ALL, MID, SPOTS, TERMS, Desk, Rig, rig

FIRST, SECOND, THIRD = SPOTS
Poison = Callable[[Rig], Callable[[], None]]


def _poison_ladder(made: Rig) -> Callable[[], None]:
    quoter = made.quoters[SECOND]
    sound = quoter._inputs

    def broken(*_: object) -> None:
        raise ZeroDivisionError("poisoned ladder")

    quoter._inputs = broken  # type: ignore[method-assign, assignment]
    quoter.live.invalidate()
    quoter.answered()

    def heal() -> None:
        quoter._inputs = sound  # type: ignore[method-assign]

    return heal


def _poison_book(made: Rig) -> Callable[[], None]:
    own = made.quoters[SECOND]._own
    made.quoters[SECOND]._own = None  # type: ignore[assignment]
    made.quote(SECOND, MID + 1)

    def heal() -> None:
        made.quoters[SECOND]._own = own
        made.quote(SECOND, MID)

    return heal


def _poison_answers(made: Rig) -> Callable[[], None]:
    live = made.quoters[SECOND].live
    sound = live.on_order

    def broken(*_: object) -> bool:
        live.on_order = sound  # type: ignore[method-assign]
        raise KeyError("poisoned answer")

    live.on_order = broken  # type: ignore[method-assign, assignment]
    made.market(MID + 4)
    return lambda: None


@pytest.mark.parametrize("poison", [_poison_ladder, _poison_book, _poison_answers])
def test_a_failing_quoter_stands_down_alone_and_comes_back(
    poison: Callable[[Rig], Callable[[], None]],
) -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            heal = poison(made)
            await made.until(lambda: bool(made.log.kinds(QuoterDown)), 2.0)
            # One whose answer got lost with the failure waits for the next query.
            await made.until(lambda: resting(made, SECOND) <= (poison is _poison_answers), 0.5)
            assert resting(made, FIRST) == resting(made, THIRD) == FULL
            made.spot_fill(THIRD, 20_000)
            await asyncio.sleep(0.1)
            await made.until(lambda: abs(made.net) <= made.view.value.exposure.band, 2.0)
            assert any(code == "quoter_down" for _, code, _ in made.view.value.alerts)
            heal()
            await quoting(made, 30.0)
            assert made.view.value.level < Level.PULLED

    run(story())


def test_a_quoter_that_keeps_failing_tries_ever_more_rarely_and_floods_nobody() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            _poison_ladder(made)
            before = len(made.log.facts)
            await asyncio.sleep(60)
            assert 4 <= len(made.log.kinds(QuoterDown)) <= 8
            assert len(made.log.facts) - before < 60 * 10
            assert resting(made, SECOND) == 0

    run(story())


def test_a_frozen_book_is_not_quoted_on() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            made.frozen.add(FIRST)
            took = await made.until(lambda: resting(made, FIRST) == 0, 5.0)
            assert took > made.desk.limits.risk.book_age_s_max - 0.2
            assert resting(made, SECOND) == resting(made, THIRD) == FULL
            await made.until(lambda: made.view.value.obligations["binance"].cause == "book is old", 5.0)
            made.frozen.clear()
            await quoting(made, 10.0)

    run(story())


@pytest.mark.parametrize("lots", [(0, 0), (0, 1_000), (1_000, 0)])
def test_a_one_sided_or_empty_book_is_not_quoted_on(lots: tuple[int, int]) -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            made.frozen.add(FIRST)  # nobody refills
            book = made.exchanges[FIRST]
            book.set_others(((MID - 9, lots[0]),), ((MID + 9, lots[1]),), made.clock.now_ns())
            await made.until(lambda: resting(made, FIRST) == 0, 0.5)
            assert resting(made, SECOND) == FULL
            made.frozen.clear()
            await quoting(made, 10.0)

    run(story())


def test_a_book_far_from_the_others_is_not_believed() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            sent = len(made.log.sent)
            made.quote(FIRST, MID - 80)
            await made.until(lambda: resting(made, FIRST) == 0, 1.0)
            strange = [i for i in made.log.sent[sent:] if i.instrument == FIRST]
            assert not strange  # not one order at a price that nobody else shares
            assert resting(made, SECOND) == FULL
            made.quote(FIRST, MID)
            await quoting(made, 30.0)

    run(story())


def test_quotes_rest_again_only_after_the_venue_was_asked() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            made.venues[FIRST].disconnect("cable")
            assert resting(made, FIRST) == FULL  # the exchange goes on without us
            made.exchanges[FIRST].pick_off(Side.BUY, MID - 100, None, made.clock.now_ns())
            await asyncio.sleep(3)
            assert resting(made, SECOND) == resting(made, THIRD) == FULL  # the others are not disturbed
            healthy: list[bool] = []
            log = made.log.intent

            def noted(intent: OrderIntent) -> None:
                if intent.instrument == FIRST:
                    healthy.append(made.view.value.spots[FIRST].healthy)
                log(intent)

            made.log.intent = noted  # type: ignore[method-assign]
            asked = made.venues[FIRST].snapshot

            async def slow(since_ns: int) -> VenueSnapshot:
                await asyncio.sleep(3)
                return await asked(since_ns)

            made.venues[FIRST].snapshot = slow  # type: ignore[method-assign]
            made.venues[FIRST].reconnect()
            made.quote(FIRST, MID + 3)
            await made.until(lambda: len(made.log.of(Purpose.QUOTE, FIRST)) > FULL, 10.0)
            made.quote(FIRST)
            assert all(healthy)
            await quoting(made, 30.0)
            held = made.view.value.spots[FIRST].tokens
            assert held == pytest.approx(float(made.exchanges[FIRST].position), abs=0.1)

    run(story())


def test_quotes_of_unknown_fate_are_settled_by_query() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await quoting(made)
            made.venues[FIRST].terms = replace(TERMS, lost_answer_share=0.5, lost_request_share=0.5)
            made.market(MID + 3)
            await made.until(lambda: made.quoters[FIRST].live.unknown > 0, 1.0)
            made.venues[FIRST].terms = TERMS
            await made.until(lambda: made.view.value.unknown_orders == 0, 5.0)
            await quoting(made, 30.0)
            mine = {order.client_id for order in made.exchanges[FIRST].open_orders()}
            assert mine == {order.client_id for order in made.quoters[FIRST].live.orders()}

    run(story())


def test_orders_under_way_at_a_stop_are_cancelled_when_they_arrive() -> None:
    async def story() -> None:
        async with rig(Desk(), *ALL) as made:
            await made.until(lambda: len(made.log.of(Purpose.QUOTE)) > 0)
            assert sum(resting(made, key) for key in SPOTS) == 0  # all of them are on the way
            for key in SPOTS:
                made.tasks.pop(key).cancel()  # as between a failure and the next start
                made.quoters[key].stop()
            await made.until(lambda: sum(len(q.live) for q in made.quoters.values()) == 0, 2.0)
            assert sum(resting(made, key) for key in SPOTS) == 0

    run(story())


def test_a_fast_rise_with_a_sale_resting_makes_no_storm_of_rejects() -> None:
    async def story() -> None:
        desk = Desk(tokens=250_000, sell_tokens=100_000)
        async with rig(desk, *ALL) as made:
            await quoting(made)
            for key in SPOTS:
                made.sinks[key].on_trade(_print(key, made))
            await made.until(lambda: len(made.log.of(Purpose.SELL)) > 0, 10.0)
            await asyncio.sleep(0.1)
            rejected = _count_rejects(made)
            for step in range(1, 12):
                made.market(MID + 4 * step)
                await asyncio.sleep(0.25)
            await asyncio.sleep(1)
            assert len(rejected) <= 3
            await quoting(made, 30.0)

    run(story())


def _print(key: str, made: Rig) -> PublicTrade:
    return PublicTrade(key, Side.BUY, MID, 50_000_000, made.clock.now_ns())


def _count_rejects(made: Rig) -> list[str]:
    rejected: list[str] = []
    for key in SPOTS:
        live = made.quoters[key].live
        inner = live.on_order

        def noted(update, inner=inner):  # type: ignore[no-untyped-def]
            if update.state is OrderState.REJECTED or update.reason == "post_only":
                rejected.append(update.reason)
            return inner(update)

        live.on_order = noted  # type: ignore[method-assign]
    return rejected
