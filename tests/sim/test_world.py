"""The market in a box on real simulated exchanges: repeatable, honest in its counts, fair to our quotes."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from bot.clock import MarketDriver, VirtualLoop
from bot.model.errors import ConfigError
from bot.model.facts import Fill, FundingPaid
from bot.model.instrument import Kind
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import OrderIntent, Purpose, Side, TimeInForce
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.sim.params import FlowParams, PerpParams, PriceParams, WorldParams, sim_instruments
from bot.sim.world import BookShape, World

NS = 1_000_000_000
MIDNIGHT = 19_700 * 86_400 * NS
NOBODY = (0.0, 0.0, 0.0)
RICH = Decimal(10) ** 9


@dataclass
class Heard(IgnoreEvents):
    """Counts what an exchange reports and keeps fills with the fair price at that moment."""

    books: int = 0
    trades: list[PublicTrade] = field(default_factory=list)
    fills: list[tuple[Fill, float]] = field(default_factory=list)
    payments: list[FundingPaid] = field(default_factory=list)
    world: World | None = None

    def on_book(self, book: OrderBook) -> None:
        self.books += 1

    def on_trade(self, trade: PublicTrade) -> None:
        self.trades.append(trade)

    def on_fill(self, fill: Fill) -> None:
        self.fills.append((fill, self.world.fair_usdt if self.world else 0.0))

    def on_funding(self, payment: FundingPaid) -> None:
        self.payments.append(payment)


def make(
    params: WorldParams | None = None, seed: int = 1, start_ns: int = MIDNIGHT
) -> tuple[World, list[Heard]]:
    params = params or WorldParams()
    heard = [Heard() for _ in range(6)]
    exchanges = [
        SimExchange(i, open_account(i, RICH if i.kind is Kind.SPOT else Decimal(0), RICH), events)
        for i, events in zip(sim_instruments(params.instruments), heard, strict=True)
    ]
    world = World(params, seed, start_ns, exchanges)
    for each in heard:
        each.world = world
    return world, heard


class Quoter:
    """Quotes every spot book afresh each step around the published mid, like a daemon without latency."""

    def __init__(self, world: World, depths_bps: tuple[float, ...], usdt: tuple[float, ...]) -> None:
        self.world, self.levels, self.number = world, list(zip(depths_bps, usdt, strict=True)), 0
        self.share = {"binance": 1.0, "bybit": 0.5, "bitget": 0.5}

    def requote(self) -> None:
        for exchange in self.world.exchanges[:3]:
            for order in exchange.open_orders():
                exchange.cancel(order.client_id or "", self.world.now_ns)
            mid = (exchange.book.best_bid + exchange.book.best_ask) / 2
            for side in Side:
                for depth, usdt in self.levels:
                    self.number += 1
                    ticks = round(mid * (1 - side * depth / 1e4))
                    lots = int(self.share[exchange.instrument.exchange] * usdt / mid / 1e-6)
                    intent = OrderIntent(
                        f"t-{self.number}", exchange.instrument.id, side, ticks, lots, Purpose.QUOTE
                    )
                    exchange.submit(intent, self.world.now_ns)


def test_every_book_is_there_from_the_start() -> None:
    world, _ = make()
    for exchange in world.exchanges:
        book = exchange.book
        spot = exchange.instrument.kind is Kind.SPOT
        assert book.quotable
        half_spread = (book.best_ask - book.best_bid) / (book.best_ask + book.best_bid) * 1e4
        assert half_spread == pytest.approx(9.0 if spot else 1.0)
        # Two per cent each way hold more than our hedges and sales take at a time.
        assert sum(book.bids.values()) * 0.1 > (60_000 if spot else 300_000)


def test_a_seed_is_a_world() -> None:
    paths = []
    for _ in range(2):
        world, heard = make(seed=9)
        events = [world.step() for _ in range(4_000)]
        paths.append(
            (events, world.state(), [h.trades for h in heard], [e.book.bids for e in world.exchanges])
        )
    assert paths[0] == paths[1]
    assert make(seed=10)[0].state() != paths[0][1]


def test_our_quotes_change_neither_price_nor_takers() -> None:
    quiet, _ = make(seed=2)
    busy, heard = make(seed=2)
    quoter = Quoter(busy, (4.5, 8.0), (2_000.0, 2_000.0))
    for _ in range(1_500):
        quoter.requote()
        busy.step()
        quiet.step()
        assert busy.fair_usdt == quiet.fair_usdt
    assert sum(len(h.fills) for h in heard) > 20
    assert busy.state() == quiet.state()


def test_events_are_what_the_exchanges_reported() -> None:
    world, heard = make()
    before = sum(h.books for h in heard)
    trades = sum(len(h.trades) for h in heard)
    blocks: list[int] = []
    world.pool.on_block = lambda _, number: blocks.append(number)
    funding: list[str] = []
    world.on_funding = lambda name, _: funding.append(name)
    events = 0
    for _ in range(3_000):
        books = [h.books for h in heard]
        events += world.step()
        assert all(h.books - seen <= 1 for h, seen in zip(heard, books, strict=True))  # published once a step
    reported = sum(h.books for h in heard) - before + sum(len(h.trades) for h in heard) - trades
    assert len(blocks) == 1_000
    # A taker that sweeps several levels prints several trades and counts once; nothing is counted twice.
    total = reported + len(blocks) + len(funding)
    assert 0.97 * total < events <= total


def test_the_virtual_loop_drives_it_second_by_second() -> None:
    world, _ = make()
    driver: MarketDriver = world
    loop = VirtualLoop(MIDNIGHT)
    loop.driver = driver
    loop.run_until_complete(asyncio.sleep(10.5))
    loop.close()
    assert world.now_ns == MIDNIGHT + 10 * NS
    assert world.next_ns() == MIDNIGHT + 11 * NS
    assert loop.market_events > 20
    assert all(e.book.seen_ns <= world.now_ns for e in world.exchanges)


def test_a_stale_quote_is_hit_at_its_probability() -> None:
    """An ask below fair rests inside the spread; nobody but the informed trades."""
    still = PriceParams(sigma_annual=0, jumps_per_day=0)
    flow = FlowParams(spot_sweeps_per_side_day=NOBODY, perp_sweeps_per_side_day=NOBODY)
    world, heard = make(WorldParams(price=still, flow=flow))
    exchange = world.exchanges[0]
    steps = 4_000
    for number in range(steps):
        if not exchange.open_orders():
            intent = OrderIntent(f"t-{number}", "binance.spot", Side.SELL, 99_970, 100, Purpose.QUOTE)
            exchange.submit(intent, world.now_ns)
        world.step()
    assert len(heard[0].fills) == pytest.approx(0.15 * steps, abs=4 * (0.15 * 0.85 * steps) ** 0.5)
    assert all(fill.price == Decimal("0.9997") and fill.maker for fill, _ in heard[0].fills)


def test_a_quote_on_the_right_side_of_fair_is_left_alone() -> None:
    still = PriceParams(sigma_annual=0, jumps_per_day=0)
    flow = FlowParams(spot_sweeps_per_side_day=NOBODY, perp_sweeps_per_side_day=NOBODY)
    world, heard = make(WorldParams(price=still, flow=flow))
    Quoter(world, (4.5,), (2_000.0,)).requote()
    for _ in range(1_000):
        world.step()
    assert not any(h.fills for h in heard)


def test_quoting_earns_the_spread_and_loses_the_impact() -> None:
    """Our inner levels against the reference: 1,059 USDT a day captured, 0.76 of it lost again."""
    world, heard = make(seed=3)
    quoter = Quoter(world, (4.5, 8.0, 14.0), (2_160.0, 2_160.0, 3_240.0))
    steps = 7_000
    path: dict[int, float] = {}
    for _ in range(steps):
        quoter.requote()
        world.step()
        path[world.now_ns] = world.fair_usdt
    captured = adverse = volume = 0.0
    fills = [pair for h in heard[:3] for pair in h.fills]
    for fill, fair in fills:
        assert fair != path.get(fill.venue_ns - NS)  # a fill meets the moved price, not the one quoted on
        signed = float(fill.side * fill.quantity)
        captured += signed * (fair - float(fill.price))
        adverse += signed * (path[fill.venue_ns] - fair)
        volume += float(fill.quantity * fill.price)
    days = steps / 86_400
    assert captured / days == pytest.approx(1_059, rel=0.25)  # about 280 fills: 7 % standard error
    assert captured / volume * 1e4 == pytest.approx(4.3, abs=0.6)
    assert -adverse / captured == pytest.approx(0.76, abs=0.12)


def test_a_hedge_costs_about_its_half_spread_and_a_sale_ten_bp() -> None:
    world, heard = make()
    for number, lots, low, high in ((3, 100_000, 0.8, 1.5), (0, 100_000, 9.0, 10.5)):
        exchange = world.exchanges[number]
        intent = OrderIntent(
            f"h-{number}", exchange.instrument.id, Side.SELL, 99_000, lots, Purpose.HEDGE, TimeInForce.IOC
        )
        exchange.submit(intent, world.now_ns)
        fills = [fill for fill, _ in heard[number].fills]
        assert sum(fill.quantity for fill in fills) == lots / 10
        average = sum(float(f.price * f.quantity) for f in fills) / (lots / 10)
        assert low < (1 - average) * 1e4 < high


def test_what_we_take_is_quoted_again_within_five_seconds() -> None:
    world, _ = make(WorldParams(price=PriceParams(sigma_annual=0, jumps_per_day=0)))
    exchange = world.exchanges[3]
    best = exchange.book.bids[exchange.book.best_bid]
    intent = OrderIntent("h-1", "binance.perp", Side.SELL, 99_900, best, Purpose.HEDGE, TimeInForce.IOC)
    exchange.submit(intent, world.now_ns)
    for _ in range(5):
        world.step()
    assert exchange.book.bids[exchange.book.best_bid] >= 0.9 * best


def test_funding_settles_at_eight_with_the_streamed_rate() -> None:
    world, heard = make(WorldParams(perps=PerpParams(funding_sd_annual=0.0)), start_ns=MIDNIGHT + 28_795 * NS)
    exchange = world.exchanges[3]
    intent = OrderIntent("h-1", "binance.perp", Side.SELL, 90_000, 50_000, Purpose.HEDGE, TimeInForce.IOC)
    exchange.submit(intent, world.now_ns)
    terms = world.funding("binance.perp")
    assert terms == (pytest.approx(0.05 / 1_095), 8.0, MIDNIGHT + 28_800 * NS)
    assert world.funding("binance.spot") is None
    for _ in range(10):
        world.step()
    assert [len(h.payments) for h in heard] == [0, 0, 0, 1, 0, 0]
    payment = heard[3].payments[0]
    assert payment.venue_ns == MIDNIGHT + 28_800 * NS
    assert float(payment.usdt) == pytest.approx(5_000 * world.fair_usdt * 0.05 / 1_095, rel=0.01)
    assert world.funding("binance.perp") == (pytest.approx(0.05 / 1_095), 8.0, MIDNIGHT + 57_600 * NS)


def test_background_volume_is_printed() -> None:
    world, heard = make()
    for _ in range(7_200):
        world.step()
    printed = sum(t.quantity_lots for t in heard[0].trades) * 0.1 * world.fair_usdt
    assert printed * 12 == pytest.approx(4.8e6, rel=0.5)  # 4M among the others and the takers' own


def test_a_restart_goes_on_from_the_stored_state() -> None:
    world, _ = make(seed=4)
    for _ in range(5_000):
        world.step()
    stored = world.state()
    again, _ = make(seed=5, start_ns=world.now_ns)
    again.restore(stored)
    assert again.state() == stored
    for old, new in zip(world.exchanges, again.exchanges, strict=True):
        assert abs(old.book.best_bid - new.book.best_bid) <= 1
    again.step()
    assert again.fair_usdt == pytest.approx(world.fair_usdt, rel=0.003)
    with pytest.raises(ConfigError, match="not a simulated one"):
        again.restore({**stored, "market": "replay"})


def test_book_shapes_keep_their_size_in_usdt_and_never_cross() -> None:
    params = WorldParams()
    shape = BookShape(params.book, sim_instruments(params.instruments)[3])
    for centre in (3, 50, 10_000, 1_000_000):
        bids, asks = (dict(side) for side in shape.around(centre))
        assert max(bids) < centre < min(asks)
        assert min(bids) > 0
        assert sum(asks.values()) * 1e-6 * centre == pytest.approx(650_000, rel=0.01)
    assert shape.around(10_000) is shape.around(10_000)
