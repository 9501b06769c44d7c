"""Where a spot venue delivers: first the books, then whoever acts; what breaks there breaks nothing else."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from bot.channels import InboxFull
from bot.model.facts import Fill, FundingPaid, OrderUpdated, QuoterDown, VenueDown, VenueSnapshot, VenueUp
from bot.model.order import OrderIntent, OrderState, Purpose, Side
from bot.quoting.live import Pending
from paper_tools import run
from task_rig import MID, SPOTS, Desk, Rig, rig

FIRST = SPOTS[0]
QUOTE, SALE = "tkn-0001q00000001", "tkn-0001s00000002"


def fill(client_id: str, trade_id: str = "t1", tokens: int = 10) -> Fill:
    price, size = Decimal("0.9995"), Decimal(tokens)
    return Fill(0, 0, FIRST, trade_id, client_id, Side.BUY, price, size, Decimal(0), "USDT", True)


def told(made: Rig, client_id: str, state: OrderState, reason: str = "") -> OrderUpdated:
    return OrderUpdated(made.clock.now_ns(), 0, FIRST, client_id, state, 0, reason)


def resting(made: Rig) -> None:
    """One quote that the exchange and we agree on."""
    intent = OrderIntent(QUOTE, FIRST, Side.BUY, MID - 5, 1_000, Purpose.QUOTE)
    made.exchanges[FIRST].submit(intent, made.clock.now_ns())
    made.quoters[FIRST].live.sent(intent, made.clock.now_ns())


def test_a_fill_is_in_the_inbox_before_anybody_acts_on_it() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            resting(made)
            live, sink = made.quoters[FIRST].live, made.sinks[FIRST]
            waiting: list[int] = []
            applied = live.on_fill

            def noted(one: Fill) -> bool:
                waiting.append(len(made.inbox))
                return applied(one)

            live.on_fill = noted  # type: ignore[method-assign]
            made.inbox.drain()
            sink.on_fill(fill(QUOTE))
            assert waiting == [1]
            assert live.own_bids == {MID - 5: 900}
            sink.on_fill(fill(QUOTE))  # told twice: the ledger knows it once, and so do the quotes
            assert live.own_bids == {MID - 5: 900}

    run(story())


def test_what_breaks_on_an_answer_is_the_quoters_failure_and_the_fill_is_kept() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            resting(made)
            await asyncio.sleep(0.1)
            quoter, sink = made.quoters[FIRST], made.sinks[FIRST]
            asked: list[str] = []
            sink.doubted = asked.append

            def broken(_: object) -> bool:
                raise KeyError("poisoned")

            quoter.live.on_fill = broken  # type: ignore[method-assign]
            made.inbox.drain()
            sink.on_fill(fill(QUOTE))
            kinds = [type(fact) for fact in made.inbox.drain()]
            assert kinds == [Fill, QuoterDown]
            assert quoter.off.startswith("failed")
            assert asked == [FIRST]  # what the quoter believes is in doubt: the venue is asked

    run(story())


def test_a_full_inbox_is_nobody_elses_failure() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            made.inbox.capacity = 0
            with pytest.raises(InboxFull):
                made.sinks[FIRST].on_fill(fill(QUOTE))
            made.inbox.capacity = 100

    run(story())


def test_answers_find_their_owner() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            resting(made)
            live, sink = made.quoters[FIRST].live, made.sinks[FIRST]
            asked: list[str] = []
            sink.doubted = asked.append
            sink.on_order(told(made, QUOTE, OrderState.OPEN))
            assert next(iter(live.orders())).pending is Pending.NONE
            sink.on_order(told(made, SALE, OrderState.REJECTED))  # nobody's: no harm
            assert asked == []
            sink.on_order(told(made, QUOTE, OrderState.UNKNOWN))
            assert live.unknown == 1
            assert asked == [FIRST]
            assert sink.owns(QUOTE)
            assert not sink.owns(SALE)

    run(story())


def test_lost_streams_stop_the_quotes_and_found_ones_are_reconciled_first() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            sink, quoter = made.sinks[FIRST], made.quoters[FIRST]
            wanted: list[str] = []
            sink.reconnected = wanted.append
            made.inbox.drain()
            sink.on_health(VenueDown(made.clock.now_ns(), FIRST, "cable"))
            assert VenueDown in {type(fact) for fact in made.inbox.drain()}
            assert quoter.off == "venue down"
            sink.on_health(VenueUp(made.clock.now_ns(), FIRST))
            assert quoter.off == ""
            assert wanted == [FIRST]
            assert VenueUp not in {type(fact) for fact in made.inbox.drain()}  # that is the reconciler's word

    run(story())


def test_a_quoter_that_stopped_stays_stopped_when_the_streams_come_back() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            sink, quoter = made.sinks[FIRST], made.quoters[FIRST]
            quoter.stop()
            sink.on_health(VenueDown(made.clock.now_ns(), FIRST, "cable"))
            sink.on_health(VenueUp(made.clock.now_ns(), FIRST))
            assert quoter.off == "stopping"

    run(story())


def test_a_query_settles_what_it_can_prove() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            resting(made)
            await asyncio.sleep(0.1)
            gone = OrderIntent("tkn-0001q00000009", FIRST, Side.SELL, MID + 5, 500, Purpose.QUOTE)
            live, sink = made.quoters[FIRST].live, made.sinks[FIRST]
            live.sent(gone, made.clock.now_ns())  # never arrived
            sink.on_order(told(made, QUOTE, OrderState.UNKNOWN))
            young = await made.venues[FIRST].snapshot(0)
            sink.reconciled(young, 1.0)
            assert len(live) == 2  # it could still arrive
            await asyncio.sleep(2)
            made.venues[FIRST].disconnect()
            blind: VenueSnapshot = await made.venues[FIRST].snapshot(0)
            sink.reconciled(blind, 1.0)
            assert len(live) == 2  # no answer proves nothing
            made.venues[FIRST].reconnect()
            sink.reconciled(await made.venues[FIRST].snapshot(0), 1.0)
            assert [order.client_id for order in live.orders()] == [QUOTE]
            assert live.unknown == 0

    run(story())


def test_funding_is_passed_on_even_here() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            made.inbox.drain()
            payment = FundingPaid(0, 0, FIRST, "8h", 0.0, Decimal(0), Decimal(1))
            made.sinks[FIRST].on_funding(payment)
            assert made.inbox.drain() == [payment]

    run(story())
