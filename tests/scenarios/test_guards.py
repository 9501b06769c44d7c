"""The whole daemon through crashes, silence and lost lines: it stops what it must, hedges on, comes back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.facts import Fill, FundingPaid, OperatorCommand, OrderUpdated
from bot.model.market import OrderBook
from bot.model.order import Side
from bot.model.view import Level
from bot.sim.events import ExchangeEvents
from bot.sim.world import World
from whole_desk import PERPS, SPOTS, Whole, calm_market, settings_in

RECOVERY_S = 30.0


async def trading(whole: Whole) -> None:
    await whole.until(lambda: whole.quoting() and whole.in_band())
    await asyncio.sleep(20)


async def recovered(whole: Whole, within_s: float = RECOVERY_S) -> float:
    """Back in the band and quoting on three exchanges; and it stays there."""
    took = await whole.until(lambda: whole.in_band() and whole.quoting(), within_s)
    await asyncio.sleep(20)
    await whole.until(whole.in_band, 1.0)
    assert whole.view.level <= Level.CAUTIOUS
    assert whole.view.unknown_orders == 0
    return took


def clean(whole: Whole) -> None:
    """After the run: nothing rests, books equal the exchanges, the PnL adds up."""
    assert whole.result is not None
    assert whole.result.exit_code == 0, (whole.result.error, whole.result.left_open)
    accounts = whole.daemon.state.parts.books.ledger.accounts
    for key in (*SPOTS, *PERPS):
        assert whole.resting(key) == 0
        assert accounts[key].tokens == whole.exchange(key).position
    assert whole.view.pnl["external"] == 0.0


def jump(whole: Whole, factor: float) -> None:
    """The whole market gaps; takers sweep our quotes on the way."""
    world = whole.world
    down = factor < 1
    for key in SPOTS:
        exchange = whole.exchange(key)
        best = exchange.book.best_bid if down else exchange.book.best_ask
        side, limit = (Side.SELL, round(best * 0.985)) if down else (Side.BUY, round(best * 1.015))
        exchange.sweep(side, limit, 400_000, whole.loop.now_ns())
    world.restore({**world.state(), "fair_usdt": world.fair_usdt * factor})


def test_a_flash_crash_on_all_exchanges_and_back(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path))
    seen: set[Level] = set()

    async def story() -> None:
        await trading(whole)
        fills = whole.view.fills
        jump(whole, 0.7)
        for _ in range(100):
            await asyncio.sleep(0.05)
            seen.add(whole.view.level)
        assert whole.view.fills > fills + 10  # it did cost something
        assert Level.PULLED in seen
        await whole.until(whole.in_band, RECOVERY_S)
        jump(whole, 1 / 0.7)
        await asyncio.sleep(1)
        if whole.view.level >= Level.REDUCING:  # a loss limit is the operator's to lift
            why = "the crash is over"
            whole.daemon.inbox.put(OperatorCommand(whole.loop.now_ns(), "resume", why, "test"))
        await recovered(whole, 60)

    whole.run(story)
    clean(whole)


@pytest.mark.parametrize("key", [SPOTS[0], SPOTS[2]])
def test_a_flash_crash_on_one_exchange_is_not_followed(tmp_path: Path, key: str) -> None:
    whole = Whole(settings_in(tmp_path))

    def crashed(world: World) -> None:
        centre = round(world.fair_usdt * 0.7 / 1e-5)
        bids, asks = [(centre - 5, 10**7)], [(centre + 5, 10**7)]
        whole.exchange(key).set_others(bids, asks, world.now_ns)

    async def story() -> None:
        await trading(whole)
        others = [one for one in SPOTS if one != key]
        whole.meddler.hooks.append(crashed)
        await whole.until(lambda: whole.resting(key) <= 1, 5)
        for _ in range(100):
            await asyncio.sleep(0.1)
            assert whole.view.marks.fair == pytest.approx(whole.world.fair_usdt, rel=0.002)
            assert all(whole.resting(one) >= 10 for one in others)
            assert whole.in_band()
        name = key.partition(".")[0]
        assert not whole.view.obligations[name].compliant
        assert whole.view.level is Level.CAUTIOUS
        assert "prices differ" in whole.view.level_reason
        whole.meddler.hooks.clear()
        await recovered(whole)

    whole.run(story)
    clean(whole)


class _Silent(ExchangeEvents):
    """Private news still comes, the public book does not."""

    def __init__(self, inner: ExchangeEvents) -> None:
        self._inner = inner

    def on_fill(self, fill: Fill) -> None:
        self._inner.on_fill(fill)

    def on_order(self, update: OrderUpdated) -> None:
        self._inner.on_order(update)

    def on_funding(self, payment: FundingPaid) -> None:
        self._inner.on_funding(payment)

    def on_book(self, book: OrderBook) -> None: ...

    def on_trade(self, trade: object) -> None: ...


@pytest.mark.parametrize("key", [SPOTS[1], PERPS[0]])
def test_a_silent_feed_stops_that_exchange_alone(tmp_path: Path, key: str) -> None:
    whole = Whole(settings_in(tmp_path))

    async def story() -> None:
        await trading(whole)
        exchange = whole.exchange(key)
        loud, frozen_ns = exchange.events, exchange.book.seen_ns

        def frozen(_: World) -> None:
            exchange.book.seen_ns = frozen_ns

        exchange.events = _Silent(loud)
        whole.meddler.hooks.append(frozen)
        if key in SPOTS:
            await whole.until(lambda: whole.resting(key) <= 1, 8)
            assert whole.view.obligations["bybit"].cause == "book is old"
        others = [one for one in SPOTS if one != key]
        for _ in range(30):
            await asyncio.sleep(1)
            assert all(whole.resting(one) >= 20 for one in others)
        await whole.until(whole.in_band, RECOVERY_S)
        exchange.events = loud
        whole.meddler.hooks.clear()
        await recovered(whole)

    whole.run(story)
    clean(whole)


@pytest.mark.parametrize("key", [*SPOTS, *PERPS])
def test_each_line_lost_in_turn_and_found_again(tmp_path: Path, key: str) -> None:
    busy = (30_000.0, 15_000.0, 15_000.0)
    whole = Whole(settings_in(tmp_path, paper__world__flow__spot_sweeps_per_side_day=busy))

    async def story() -> None:
        await trading(whole)
        whole.venue(key).disconnect("cable")
        await asyncio.sleep(1)
        name = key.partition(".")[0]
        assert whole.daemon.status()["venues"][name]["health"] != "up"
        others = [one for one in SPOTS if one != key]
        for _ in range(40):
            await asyncio.sleep(1)
            assert all(whole.resting(one) >= 20 for one in others)
        whole.venue(key).reconnect()
        await recovered(whole)
        if key in SPOTS:
            assert whole.view.spots[key].tokens == pytest.approx(float(whole.exchange(key).position))

    whole.run(story)
    clean(whole)


def test_without_one_perp_the_others_hedge(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path))
    key = PERPS[0]

    async def story() -> None:
        await trading(whole)
        whole.venue(key).disconnect("maintenance")
        await asyncio.sleep(2)
        held = whole.exchange(key).position
        traded = {one: whole.exchange(one).trade_count for one in PERPS}
        for one in SPOTS:  # our bids are hit
            exchange = whole.exchange(one)
            exchange.sweep(Side.SELL, round(exchange.book.best_bid * 0.985), 900_000, whole.loop.now_ns())
        await asyncio.sleep(0.05)
        assert not whole.in_band()
        took = await whole.until(whole.in_band, 10)
        assert took < 5
        assert whole.exchange(key).position == held
        assert any(whole.exchange(one).trade_count > traded[one] for one in PERPS[1:])
        whole.venue(key).reconnect()
        await recovered(whole)

    whole.run(story)
    clean(whole)


def test_without_any_perp_nothing_is_quoted(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path))

    async def story() -> None:
        await trading(whole)
        for key in PERPS:
            whole.venue(key).disconnect("all lines")
        await whole.until(lambda: sum(whole.resting(key) for key in SPOTS) == 0, 2)
        assert whole.view.level is Level.PULLED
        assert "no perp" in whole.view.level_reason
        for key in PERPS:
            whole.venue(key).reconnect()
        await recovered(whole)

    whole.run(story)
    clean(whole)


def test_no_line_at_all_for_a_while(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path))

    async def story() -> None:
        await trading(whole)
        for key in (*SPOTS, *PERPS):
            whole.venue(key).disconnect("datacentre")
        await asyncio.sleep(60)
        assert whole.view.level >= Level.PULLED
        for key in (*SPOTS, *PERPS):
            whole.venue(key).reconnect()
        await recovered(whole, 60)

    whole.run(story)
    clean(whole)


def test_the_quotes_of_each_exchange_stay_within_what_can_be_hedged(tmp_path: Path) -> None:
    """Margin for the day-one hedge and little more: quotes shrink to the share of the room that is left."""
    wallets = {f"opening__accounts__{key}__usdt": Decimal(395_000) for key in PERPS}
    whole = Whole(calm_market(tmp_path, **wallets))
    rooms: list[float] = []

    def bids(key: str) -> float:
        return sum(float(o.remaining) for o in whole.exchange(key).open_orders() if o.side is Side.BUY)

    async def story() -> None:
        await whole.until(whole.in_band, 60)
        await asyncio.sleep(15)
        for _ in range(60):
            await asyncio.sleep(1)
            rooms.append(whole.view.quote_room_buy)
            assert max(bids(key) for key in SPOTS) <= 1.02 * max(rooms[-3:]) + 1
        before, perps = bids(SPOTS[0]), whole.view.perps
        roomy = max(PERPS, key=lambda key: perps[key].room_sell)
        whole.venue(roomy).disconnect("cable")  # most of the room is gone, no price has moved
        await asyncio.sleep(0.1)
        await whole.until(lambda: bids(SPOTS[0]) <= 1.02 * whole.view.quote_room_buy + 1, 1.0)
        assert bids(SPOTS[0]) < 0.9 * before
        whole.venue(roomy).reconnect()
        await whole.until(lambda: bids(SPOTS[0]) >= 0.9 * before, 30.0)

    whole.run(story)
    assert 0 < min(rooms) < 108_000  # less than Binance's ladder: the room does bind
