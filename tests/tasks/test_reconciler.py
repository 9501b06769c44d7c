"""The reconciler: one path to the truth, at start, on reconnect, on a timer, after a doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.model.facts import Alarmed, VenueSnapshot, VenueUp
from bot.model.order import OrderIntent, Purpose, Side
from paper_tools import run
from task_rig import MID, PERPS, SPOTS, TERMS, Desk, Rig, rig

FIRST, PERP = SPOTS[0], PERPS[0]
WATCHING = ("aggregator", "beat", "sampler", "reconciler")
EVERYWHERE = (*SPOTS, *PERPS)


def order(client_id: str, ticks: int = MID - 500, lots: int = 1_000) -> OrderIntent:
    return OrderIntent(client_id, FIRST, Side.BUY, ticks, lots, Purpose.QUOTE)


def snapshots(made: Rig, key: str) -> list[VenueSnapshot]:
    return [f for f in made.log.facts if isinstance(f, VenueSnapshot) and f.instrument == key]


def ups(made: Rig, key: str) -> list[int]:
    """Where in the journal the venue came up."""
    return [n for n, f in enumerate(made.log.facts) if isinstance(f, VenueUp) and f.instrument == key]


@asynccontextmanager
async def watching() -> AsyncIterator[Rig]:
    """A rig with the reconciler at work and its first round over."""
    async with rig(Desk(), *WATCHING) as made:
        await asyncio.sleep(1)
        yield made


def test_a_take_over_cancels_what_an_earlier_run_left_and_nothing_else() -> None:
    async def story() -> None:
        made = Rig(Desk())
        exchange = made.exchanges[FIRST]
        made.market()
        for name in ("tkn-0000q00000001", "tkn-0000h00000002", "other-1"):
            exchange.submit(order(name), made.clock.now_ns())
        try:
            await made.open()
            assert [one.client_id for one in exchange.open_orders()] == ["other-1"]
            assert any(code == "foreign_order" for _, code, _ in made.view.value.alerts)
        finally:
            await made.close()

    run(story())


def test_a_take_over_waits_until_nothing_of_the_earlier_run_can_arrive() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            window_s, now = made.reconciler.receive_window_s, made.clock.now_ns()
            late = order("tkn-0000q00000009")
            made.clock.call_later(0.9, made.exchanges[FIRST].submit, late, now)  # sent before the crash
            took: list[float] = []
            for ago_s in (0.0, 1.5, 60.0):
                began = made.clock.monotonic()
                await made.reconciler.take_over(made.clock.now_ns() - round(ago_s * 1e9))
                took.append(made.clock.monotonic() - began)
            assert not made.exchanges[FIRST].open_orders()
            assert took[0] > window_s + 1.0 > took[1] > window_s - 0.5 > took[2]

    run(story())


def test_every_venue_is_asked_once_per_interval() -> None:
    async def story() -> None:
        async with watching() as made:
            before = {key: len(snapshots(made, key)) for key in EVERYWHERE}
            await asyncio.sleep(95)
            assert {key: len(snapshots(made, key)) - before[key] for key in EVERYWHERE} == dict.fromkeys(
                EVERYWHERE, 3
            )

    run(story())


def test_one_flapping_venue_does_not_starve_the_others() -> None:
    async def story() -> None:
        async with watching() as made:
            before = len(snapshots(made, PERP))
            for _ in range(20):
                made.reconciler.request(FIRST)
                await asyncio.sleep(5)
            assert len(snapshots(made, PERP)) - before == 3

    run(story())


def test_a_reconnected_venue_is_up_only_after_its_snapshot() -> None:
    async def story() -> None:
        async with watching() as made:
            made.venues[FIRST].disconnect("cable")
            await made.until(lambda: not made.view.value.spots[FIRST].healthy, 1)
            made.exchanges[FIRST].submit(order("other-7", MID + 9), made.clock.now_ns())
            known, before = len(snapshots(made, FIRST)), len(ups(made, FIRST))
            made.venues[FIRST].reconnect()
            await asyncio.sleep(TERMS.answer_latency_s)
            assert not made.view.value.spots[FIRST].healthy  # the streams are back, the answer is not
            await made.until(lambda: made.view.value.spots[FIRST].healthy, 1)
            assert len(ups(made, FIRST)) == before + 1
            asked = [n for n, f in enumerate(made.log.facts) if f in snapshots(made, FIRST)[known:]]
            assert asked[0] < ups(made, FIRST)[-1]

    run(story())


@pytest.mark.parametrize("missing", ["position", "trades"])
def test_streams_without_an_answer_to_the_query_are_not_up(missing: str) -> None:
    async def story() -> None:
        async with watching() as made:
            venue = made.venues[FIRST]
            whole = venue.snapshot

            async def blind(since_ns: int) -> VenueSnapshot:
                return replace(await whole(since_ns), **{missing: None})

            venue.snapshot = blind  # type: ignore[method-assign]
            venue.disconnect("cable")
            venue.reconnect()
            await asyncio.sleep(5)
            assert not made.view.value.spots[FIRST].healthy

    run(story())


def test_trades_missed_while_the_line_was_down_are_booked() -> None:
    async def story() -> None:
        async with watching() as made:
            held = made.view.value.spots[FIRST].tokens
            made.venues[FIRST].disconnect("cable")
            made.spot_fill(FIRST, 2_500)
            await asyncio.sleep(2)
            assert made.view.value.spots[FIRST].tokens == held
            made.venues[FIRST].reconnect()
            await made.until(lambda: made.view.value.spots[FIRST].tokens == held + 2_500, 1)
            await asyncio.sleep(70)  # asked again and again: booked once
            assert made.view.value.spots[FIRST].tokens == held + 2_500
            assert made.view.value.pnl["external"] == 0.0

    run(story())


def test_an_orphan_is_cancelled_at_the_second_sight() -> None:
    async def story() -> None:
        async with watching() as made:
            exchange = made.exchanges[FIRST]
            exchange.submit(order("tkn-0001q0000zz01"), made.clock.now_ns())
            made.reconciler.request(FIRST)
            await made.until(lambda: not exchange.open_orders(), 5)

    run(story())


def test_a_foreign_order_is_alarmed_and_left_alone() -> None:
    async def story() -> None:
        async with watching() as made:
            made.exchanges[FIRST].submit(order("web_4711"), made.clock.now_ns())
            made.reconciler.request(FIRST)
            await made.until(lambda: bool(made.log.kinds(Alarmed)), 5)
            await asyncio.sleep(60)
            assert [one.client_id for one in made.exchanges[FIRST].open_orders()] == ["web_4711"]
            told = [f for f in made.log.kinds(Alarmed) if isinstance(f, Alarmed)]
            assert {fact.code for fact in told} == {"foreign_order"}
            assert "is not ours" in told[0].message

    run(story())


@pytest.mark.parametrize("missing", ["position", "trades", "open_orders", "usdt"])
def test_a_failed_query_is_never_read_as_flat(missing: str) -> None:
    async def story() -> None:
        async with rig(replace(Desk(), tokens=0, usdt=500_000), *WATCHING, "hedger") as made:
            made.spot_fill(FIRST, 40_000)
            await made.until(lambda: made.view.value.exposure.perp < -39_000, 5)
            await asyncio.sleep(1)
            before = made.view.value
            venue = made.venues[PERP]
            whole = venue.snapshot

            async def blind(since_ns: int) -> VenueSnapshot:
                return replace(await whole(since_ns), **{missing: None})

            venue.snapshot = blind  # type: ignore[method-assign]
            hedges = len(made.log.sent)
            await asyncio.sleep(95)
            view = made.view.value
            assert {key: perp.position for key, perp in view.perps.items()} == {
                key: perp.position for key, perp in before.perps.items()
            }
            assert len(made.log.sent) == hedges
            assert view.exposure.net == pytest.approx(before.exposure.net)

    run(story())


def test_a_position_that_no_trade_explains_is_booked_after_a_second_look() -> None:
    async def story() -> None:
        async with watching() as made:
            account = made.exchanges[FIRST].account
            held = made.view.value.spots[FIRST].tokens
            account.tokens += Decimal(1_000)  # a deposit nobody told us of
            made.reconciler.request(FIRST)
            await asyncio.sleep(0.5)
            assert made.view.value.spots[FIRST].tokens == held
            await asyncio.sleep(31)
            assert made.view.value.spots[FIRST].tokens == held + 1_000
            assert any(code == "external_adjustment" for _, code, _ in made.view.value.alerts)

    run(story())


def test_a_doubt_is_asked_about_as_soon_as_the_order_cannot_arrive() -> None:
    async def story() -> None:
        async with watching() as made:
            before = len(snapshots(made, PERP))
            for _ in range(5):
                made.reconciler.doubt(PERP)
            await asyncio.sleep(made.reconciler.receive_window_s)
            assert len(snapshots(made, PERP)) == before
            await made.until(lambda: len(snapshots(made, PERP)) == before + 1, 0.5)
            await asyncio.sleep(5)
            assert len(snapshots(made, PERP)) == before + 1
            assert len(ups(made, PERP)) == 2  # a look is no reconnect

    run(story())
