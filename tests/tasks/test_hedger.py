"""The hedger: level-triggered, one order per perp, nothing doubled whatever gets lost or comes late."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.model.facts import HedgeWorking, OperatorCommand
from bot.model.order import OrderIntent, Purpose, Side
from paper_tools import run
from task_rig import MID, PERPS, SPOTS, TERMS, Desk, Rig, rig, with_limits

HEDGING = ("aggregator", "beat", "sampler", "hedger", "reconciler")
ROUND_TRIP_S = TERMS.order_latency_s + TERMS.answer_latency_s
FLAT = Desk(tokens=0, usdt=1_000_000)


async def hedged(made: Rig, within_s: float = 5.0) -> float:
    """Wait until a fill has come in and net delta is back in the band with nothing working; how long."""
    await asyncio.sleep(ROUND_TRIP_S)
    calm = made.view
    return await made.until(
        lambda: abs(made.net) <= calm.value.exposure.band and not made.hedger.working(), within_s
    )


def hedges(made: Rig, key: str = "") -> list[OrderIntent]:
    return made.log.of(Purpose.HEDGE, key)


def traded(made: Rig) -> float:
    """Net tokens that the exchanges say we hold in perps."""
    return float(sum((made.exchanges[key].position for key in PERPS), Decimal(0)))


def turnover(made: Rig) -> float:
    """Tokens traded on all perps, from the exchanges' own records."""
    fills = [fill for key in PERPS for fill in made.exchanges[key].trades_since(0)]
    return float(sum((fill.quantity for fill in fills), Decimal(0)))


def test_a_bid_fill_is_hedged_into_the_band_in_two_round_trips() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 40_000)
            took = await made.until(
                lambda: traded(made) < 0 and abs(made.net) <= made.view.value.exposure.band
            )
            assert took < 2 * ROUND_TRIP_S + 0.02
            assert 40_000 - made.view.value.exposure.band <= turnover(made) <= 40_000
            assert all(order.side is Side.SELL for order in hedges(made))

    run(story())


def test_never_two_outstanding_orders_on_one_perp() -> None:
    async def story() -> None:
        limits = with_limits(hedge={"order_usdt_max": 5_000.0, "order_interval_s_min": 0.001})
        async with rig(replace(FLAT, limits=limits), *HEDGING) as made:
            sent: dict[str, float] = {}
            log, orders = made.log.intent, []

            def noted(intent: OrderIntent) -> None:
                now = made.clock.monotonic()
                assert now - sent.get(intent.instrument, -1.0) >= ROUND_TRIP_S
                sent[intent.instrument] = now
                orders.append(intent)
                log(intent)

            made.log.intent = noted  # type: ignore[method-assign]
            for tokens in (90_000, 80_000, -20_000, 90_000, -80_000, 70_000, -50_000):
                made.spot_fill(SPOTS[1], tokens)
                await asyncio.sleep(0.03)
            await hedged(made)
            assert len(orders) >= 20
            assert len({order.client_id for order in orders}) == len(orders)
            assert traded(made) == pytest.approx(-made.view.value.exposure.spot, abs=500)

    run(story())


def test_a_view_behind_its_own_fills_doubles_nothing() -> None:
    async def story() -> None:
        async with rig(FLAT, "beat", "hedger") as made:
            made.spot_fill(SPOTS[0], 30_000)
            await asyncio.sleep(ROUND_TRIP_S)
            made.fold()
            await made.until(lambda: traded(made) < -29_000)
            first = len(hedges(made))
            for _ in range(20):  # the aggregator stands still; old views are published again and again
                made.view.set(made.view.value)
                await asyncio.sleep(0.1)
            assert len(hedges(made)) == first
            made.fold()
            await asyncio.sleep(1)
            made.fold()
            assert len(hedges(made)) == first
            assert abs(made.net) <= made.view.value.exposure.band

    run(story())


def test_a_lost_answer_is_settled_by_its_own_fills() -> None:
    async def story() -> None:
        async with rig(replace(FLAT, terms=replace(TERMS, lost_answer_share=1.0)), *HEDGING) as made:
            made.spot_fill(SPOTS[0], 30_000)
            await made.until(lambda: not made.hedger.working() and traded(made) < -29_000, 1.0)
            assert turnover(made) <= 30_000
            assert made.view.value.unknown_orders == 0

    run(story())


def test_a_lost_request_blocks_until_the_venue_was_asked_and_is_not_sent_again() -> None:
    async def story() -> None:
        lossy = replace(TERMS, lost_request_share=1.0)
        async with rig(FLAT, *HEDGING) as made:
            await asyncio.sleep(5)  # the first round of queries is over
            for venue in made.venues.values():
                venue.terms = lossy
            made.spot_fill(SPOTS[0], 30_000)
            await made.until(lambda: made.view.value.unknown_orders > 0)
            lost = {order.instrument: order.client_id for order in hedges(made)}
            asked = made.clock.monotonic()
            for venue in made.venues.values():
                venue.terms = TERMS
            await made.until(lambda: len(hedges(made, next(iter(lost)))) == 2)
            assert made.reconciler.receive_window_s <= made.clock.monotonic() - asked < 5
            await hedged(made)
            ids = Counter(order.client_id for order in hedges(made))
            assert set(ids.values()) == {1}
            assert turnover(made) <= 30_000
            assert made.view.value.unknown_orders == 0

    run(story())


def test_an_order_in_doubt_is_not_settled_before_it_cannot_arrive_any_more() -> None:
    async def story() -> None:
        async with rig(FLAT, "aggregator", "beat", "sampler", "hedger") as made:
            key = PERPS[0]
            made.venues[key].terms = replace(TERMS, lost_request_share=1.0)
            made.spot_fill(SPOTS[0], 30_000)
            await made.until(lambda: made.view.value.perps[key].unknown)
            made.venues[key].terms = TERMS
            made.hedger.reconciled(await made.venues[key].snapshot(0), 5.0)
            assert key in made.hedger.working()  # too early
            await asyncio.sleep(5)
            unknown = replace(await made.venues[key].snapshot(0), trades=None)
            made.hedger.reconciled(unknown, 5.0)
            assert key in made.hedger.working()  # the trades are not known: nothing is settled
            made.hedger.reconciled(await made.venues[key].snapshot(0), 5.0)
            assert key not in made.hedger.working()

    run(story())


def test_a_rejected_hedge_is_tried_again_after_the_pause_with_a_new_id() -> None:
    async def story() -> None:
        limits = with_limits(hedge={"order_interval_s_min": 0.5})
        async with rig(replace(FLAT, limits=limits), *HEDGING) as made:
            for venue in made.venues.values():
                venue.terms = replace(TERMS, reject_share=1.0)
            made.spot_fill(SPOTS[0], 30_000)
            await asyncio.sleep(2.2)
            busiest = max(len(hedges(made, key)) for key in PERPS)
            assert 4 <= busiest <= 5  # once per half second
            for venue in made.venues.values():
                venue.terms = TERMS
            await hedged(made, 2.0)
            assert len({order.client_id for order in hedges(made)}) == len(hedges(made))

    run(story())


def test_a_position_that_the_exchange_took_away_is_hedged_again() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 90_000)
            await hedged(made)
            held = made.exchanges[PERPS[0]].position
            lots = made.exchanges[PERPS[0]].adl(Decimal("0.5"), Decimal(1), made.clock.now_ns())
            assert lots > 0
            await made.until(lambda: abs(made.net) > made.view.value.exposure.band, 0.1)
            await hedged(made, 1.0)
            assert made.exchanges[PERPS[0]].position == pytest.approx(held, abs=Decimal(20_000))
            assert any(code == "external_fill" for _, code, _ in made.view.value.alerts)

    run(story())


def test_a_thin_book_is_worked_with_what_it_gives() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            for key in PERPS:
                made.quote(key, MID, 1, 20_000)  # 2,000 tokens a level
            made.spot_fill(SPOTS[0], 30_000)
            await hedged(made)
            assert len(hedges(made)) >= 5
            assert turnover(made) <= 30_000

    run(story())


def test_a_perp_that_goes_down_with_an_order_on_the_way() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 90_000)
            await made.until(lambda: bool(made.hedger.working()))
            key = next(iter(made.hedger.working()))
            made.venues[key].disconnect("cable")
            await made.until(lambda: not made.view.value.perps[key].healthy, 0.1)
            assert made.view.value.perps[key].unknown
            # Half of what is in doubt counts as done: the others must bring the rest into the band.
            await made.until(lambda: abs(made.view.value.exposure.hedged_net) <= 500, 2.0)
            made.venues[key].reconnect()
            await made.until(lambda: not made.view.value.perps[key].unknown, 3.0)
            await hedged(made, 30)
            assert traded(made) == pytest.approx(-90_000, abs=500)

    run(story())


def test_nothing_is_sent_while_halted_and_all_is_closed_on_flatten() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 30_000)
            await hedged(made)
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "halt", "test", "me"))
            made.spot_fill(SPOTS[0], 30_000)
            count = len(hedges(made))
            await asyncio.sleep(5)
            assert len(hedges(made)) == count
            made.inbox.put(OperatorCommand(made.clock.now_ns(), "flatten", "test", "me"))
            await made.until(lambda: abs(made.net) <= 10, 2.0)
            assert {order.purpose for order in made.log.sent} == {Purpose.HEDGE, Purpose.FLATTEN}

    run(story())


def test_what_is_working_is_told_and_taken_back() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 10_000)
            await hedged(made)
            key = hedges(made)[0].instrument
            working = [fact for fact in made.log.facts if isinstance(fact, HedgeWorking)]
            told = [fact.tokens for fact in working if fact.instrument == key]
            assert told[0] < 0
            assert told[-1] == 0
            assert made.hedger.turnover_tokens == pytest.approx(turnover(made))
            assert not made.hedger.owns("")
            assert not made.hedger.owns("tkn-0001h00000000")

    run(story())


def test_facts_of_the_perps_reach_the_books() -> None:
    async def story() -> None:
        async with rig(FLAT, *HEDGING) as made:
            made.spot_fill(SPOTS[0], 40_000)
            await hedged(made)
            wallet = sum(perp.wallet_usdt for perp in made.view.value.perps.values())
            for key in PERPS:
                made.exchanges[key].settle_funding(0.001, Decimal(1), "8h", made.clock.now_ns())
            await made.until(lambda: made.view.value.pnl["funding"] != 0, 1.0)
            paid = sum(perp.wallet_usdt for perp in made.view.value.perps.values()) - wallet
            assert paid == pytest.approx(40, abs=1)

    run(story())
