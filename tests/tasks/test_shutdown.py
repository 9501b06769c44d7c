"""The sweep at the end: everything cancelled that can be, everything said that cannot."""

from __future__ import annotations

import asyncio

from bot.model.facts import VenueSnapshot
from bot.model.order import OrderIntent, Purpose, Side
from bot.tasks.shutdown import residual, sweep
from paper_tools import run
from sample_views import busy
from task_rig import MID, SPOTS, Desk, Rig, rig

FIRST, SECOND, THIRD = SPOTS


def rest(made: Rig, key: str, client_id: str = "tkn-0001q00000001") -> None:
    """Put an order on an exchange."""
    intent = OrderIntent(client_id, key, Side.BUY, MID - 100, 1_000, Purpose.QUOTE)
    made.exchanges[key].submit(intent, made.clock.now_ns())


def test_what_rests_is_cancelled_and_seen_to_be_gone() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            for key in SPOTS:
                rest(made, key)
            assert await sweep(made.venues, "tkn", made.clock) == {key: [] for key in made.venues}
            assert not any(made.exchanges[key].open_orders() for key in SPOTS)

    run(story())


def test_an_order_that_is_not_ours_is_named_not_cancelled() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            rest(made, FIRST, "web-1")
            swept = await sweep(made.venues, "tkn", made.clock)
            assert swept[FIRST] == [f"{FIRST}: buy 100.0 at 0.9900 is still open"]
            assert len(made.exchanges[FIRST].open_orders()) == 1

    run(story())


def test_a_venue_out_of_reach_delays_no_other_and_is_tried_again() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            for key in SPOTS:
                rest(made, key)
            made.venues[FIRST].disconnect("cable")
            began = made.clock.monotonic()
            work = asyncio.create_task(sweep(made.venues, "tkn", made.clock))
            await made.until(lambda: not made.exchanges[THIRD].open_orders(), 0.1)
            made.clock.call_later(1.5, made.venues[FIRST].reconnect)
            assert (await work)[FIRST] == []
            assert made.clock.monotonic() - began < 3
            assert not made.exchanges[FIRST].open_orders()

    run(story())


def test_no_answer_is_never_nothing() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            rest(made, FIRST)
            made.venues[FIRST].disconnect("cable")
            (line,) = (await sweep(made.venues, "tkn", made.clock))[FIRST]
            assert line.startswith(f"{FIRST}: orders may still rest there")
            assert "look at the venue" in line

    run(story())


def test_a_client_that_breaks_hides_no_other_venue() -> None:
    async def story() -> None:
        async with rig(Desk()) as made:
            for key in SPOTS:
                rest(made, key)

            async def broken(_: str) -> int:
                raise KeyError("an answer nobody foresaw")

            async def blind(since_ns: int) -> VenueSnapshot:
                return VenueSnapshot(0, SECOND, since_ns, None, None, None, None)

            made.venues[FIRST].cancel_all = broken  # type: ignore[method-assign]
            made.venues[SECOND].snapshot = blind  # type: ignore[method-assign]
            swept = await sweep(made.venues, "tkn", made.clock)
            assert "an answer nobody foresaw" in swept[FIRST][0]
            assert "the query failed" in swept[SECOND][0]
            assert swept[THIRD] == []

    run(story())


def test_what_stays_on_the_books_is_said_in_words() -> None:
    lines = residual(busy())
    assert lines[0] == "net delta -312 tokens (band ±15,512); economic delta -3,000,312"
    assert lines[1] == "binance.perp: position -1,350,256 tokens stays open"
    assert len(lines) == 4
