"""Replays: scripted books and trades on real simulated exchanges."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.model.errors import ConfigError
from bot.model.facts import Fill
from bot.model.instrument import InstrumentId, Kind
from bot.model.market import OrderBook, PublicTrade
from bot.model.order import OrderIntent, Purpose, Side
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.sim.neutral import HEADER
from bot.sim.params import InstrumentParams, PoolParams, sim_instruments
from bot.sim.recording import RecordingParams, ReplayParams, Tape
from bot.sim.replay import Gap, ReplayWorld

NS = 1_000_000_000
ROOT = Path(__file__).parents[2]
MARKETDATA = Path(os.environ.get("BOT_MARKETDATA", ROOT.parent / "shared" / "marketdata"))
ETH = InstrumentParams(tick_usdt=Decimal("0.01"), lot_tokens=Decimal("0.0001"), notional_usdt_min=Decimal(0))
SPOTS = ("binance.spot", "bybit.spot", "bitget.spot")
PERPS = ("binance.perp", "bybit.perp", "bitget.perp")
BOOK = ("1,snap,bid,10,1", "1,snap,bid,9.9,5", "1,snap,ask,10.1,1", "1,snap,ask,10.2,5")


@dataclass
class ListTape:
    """A tape of lists, by file name."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    objects: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)

    def missing(self, files: tuple[str, ...]) -> list[str]:
        return [name for name in files if name not in self.texts and name not in self.objects]

    def rows(self, files: tuple[str, ...]) -> Iterator[str]:
        for name in files:
            yield from (HEADER, *self.texts[name])

    def frames(self, files: tuple[str, ...], without: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for name in files:
            yield from self.objects[name]


@dataclass
class Heard(IgnoreEvents):
    fills: list[Fill] = field(default_factory=list)
    trades: list[PublicTrade] = field(default_factory=list)
    books: int = 0

    def on_book(self, book: OrderBook) -> None:
        self.books += 1

    def on_fill(self, fill: Fill) -> None:
        self.fills.append(fill)

    def on_trade(self, trade: PublicTrade) -> None:
        self.trades.append(trade)


def exchanges(names: tuple[InstrumentId, ...], instruments: InstrumentParams = ETH) -> list[SimExchange]:
    rich = Decimal(10) ** 9
    return [
        SimExchange(i, open_account(i, rich if i.kind is Kind.SPOT else Decimal(0), rich), Heard())
        for i in sim_instruments(instruments)
        if i.id in names
    ]


def scripted(*rows: str, **params: Any) -> tuple[ReplayWorld, SimExchange, Heard]:
    """One spot exchange on a script of neutral rows."""
    book = params.pop("book", "recorded")
    recording = RecordingParams(files=("a",), plays=SPOTS[:1], book=book)
    world_params = ReplayParams(recordings=(recording,), instruments=ETH, **params)
    (exchange,) = exchanges(SPOTS[:1])
    world = ReplayWorld(world_params, 1, [exchange], ListTape({"a": rows}))
    heard = exchange.events
    assert isinstance(heard, Heard)
    return world, exchange, heard


def quote(exchange: SimExchange, side: Side, ticks: int, lots: int, now_ns: int) -> None:
    intent = OrderIntent(f"t-{side.word}-{ticks}", exchange.instrument.id, side, ticks, lots, Purpose.QUOTE)
    exchange.submit(intent, now_ns)


def play(world: ReplayWorld) -> int:
    events = 0
    while world.next_ns() is not None:
        events += world.step()
    return events


def test_construction_plays_up_to_the_first_book() -> None:
    world, exchange, _ = scripted(*BOOK, "5,book,bid,10.05,2")
    assert (world.now_ns, world.next_ns()) == (1, 5)
    assert (exchange.book.best_bid, exchange.book.best_ask) == (1_000, 1_010)
    assert world.fair_usdt == pytest.approx(10.05)
    assert world.step() == 1
    assert exchange.book.bids == {1_005: 20_000, 1_000: 10_000, 990: 50_000}
    assert world.next_ns() is None
    assert world.step() == 0


def test_a_recorded_trade_meets_our_order_at_its_place_in_the_queue() -> None:
    world, exchange, heard = scripted(*BOOK, "5,trade,buy,10.1,1.5", "6,trade,buy,10.1,0.2")
    quote(exchange, Side.SELL, 1_010, 6_000, world.now_ns)
    world.step()  # 1.0 was ahead of us, 0.5 of the trade reaches us
    assert [(f.price, f.quantity, f.maker) for f in heard.fills] == [
        (Decimal("10.10"), Decimal("0.5000"), True)
    ]
    world.step()
    assert heard.fills[1].quantity == Decimal("0.1000")


def test_a_better_priced_order_of_ours_trades_first() -> None:
    world, exchange, heard = scripted(*BOOK, "5,trade,buy,10.1,0.3")
    quote(exchange, Side.SELL, 1_008, 2_000, world.now_ns)
    world.step()
    assert [(f.price, f.quantity) for f in heard.fills] == [(Decimal("10.08"), Decimal("0.2000"))]


def test_the_public_sees_the_whole_trade() -> None:
    world, _, heard = scripted(*BOOK, "5,trade,sell,9.9,40")
    world.step()
    assert sum(trade.quantity_lots for trade in heard.trades) == 400_000


def test_a_book_that_trades_through_us_fills_us() -> None:
    world, exchange, heard = scripted(*BOOK, "5,book,bid,10.07,3", "5,book,ask,10.1,0", "6,book,bid,10.08,1")
    quote(exchange, Side.SELL, 1_008, 2_000, world.now_ns)
    world.step()
    assert heard.fills == []  # their bid is still below our ask
    world.step()
    assert [(f.price, f.quantity) for f in heard.fills] == [(Decimal("10.08"), Decimal("0.2000"))]
    assert exchange.book.best_bid == 1_008


def test_one_message_is_one_book_update() -> None:
    world, _, heard = scripted(*BOOK, "5,book,bid,10.05,2", "5,book,bid,10.04,2", "5,book,ask,10.1,3")
    before = heard.books
    assert world.step() == 1
    assert heard.books == before + 1


def test_nothing_is_shown_before_its_time() -> None:
    rows = [f"{at},book,bid,{10 + at / 100},1" for at in range(2, 60)]
    world, exchange, _ = scripted("1,snap,bid,10.01,1", "1,snap,ask,11,1", *rows)
    while (at := world.next_ns()) is not None:
        assert exchange.book.best_bid == 1_000 + at - 1
        world.step()
        assert world.now_ns == at == exchange.book.seen_ns


def test_recordings_are_merged_in_time() -> None:
    tape = ListTape(
        {"s": (*BOOK, "7,book,bid,10.01,1"), "p": ("3,snap,bid,10,1", "3,snap,ask,11,1", "5,trade,buy,11,1")}
    )
    recordings = (
        RecordingParams(files=("p",), plays=PERPS[:1]),
        RecordingParams(files=("s",), plays=SPOTS[:1]),
    )
    both = exchanges((SPOTS[0], PERPS[0]))
    world = ReplayWorld(ReplayParams(recordings=recordings, instruments=ETH), 1, both, tape)
    assert world.now_ns == 3  # the later of the two first books
    assert world.fair_usdt == pytest.approx(10.05)  # spot prices the pool
    times = []
    while (at := world.next_ns()) is not None:
        times.append(at)
        world.step()
    assert times == [5, 7]


def test_the_start_can_be_moved() -> None:
    world, exchange, _ = scripted(*BOOK, "5,book,bid,10.05,2", start_ns=1_000 * NS)
    assert (world.now_ns, world.next_ns()) == (1_000 * NS, 1_000 * NS + 4)
    world.step()
    assert exchange.book.seen_ns == 1_000 * NS + 4


def diff(first: int, final: int) -> dict[str, Any]:
    return {"stream": "x@depth", "data": {"U": first, "u": final, "b": [["10.02", "1"]], "a": []}}


def test_a_gap_takes_the_book_away_until_a_snapshot() -> None:
    snapshot = {"lastUpdateId": 10, "bids": [["10", "1"]], "asks": [["10.1", "1"]]}
    frames = [
        (1, snapshot),
        (2, diff(11, 12)),
        (3, diff(14, 15)),
        (4, diff(16, 17)),
        (5, {**snapshot, "lastUpdateId": 16}),
    ]
    recording = RecordingParams(files=("f",), form="binance", plays=SPOTS[:2])
    two = exchanges(SPOTS[:2])
    world = ReplayWorld(
        ReplayParams(recordings=(recording,), instruments=ETH), 1, two, ListTape(objects={"f": frames})
    )
    gaps: list[Gap] = []
    world.on_gap = gaps.append
    quotable = []
    while world.next_ns() is not None:
        world.step()
        quotable.append((world.now_ns, [e.book.quotable for e in two]))
    assert quotable == [(2, [True] * 2), (3, [False] * 2), (5, [True] * 2), (5, [True] * 2)]
    assert gaps == world.gaps == [Gap(3, SPOTS[:2], "gap in depth updates: expected 13, got 14")]
    assert world.fair_usdt == pytest.approx(10.06)


def test_trades_alone_make_a_thin_book() -> None:
    world, exchange, heard = scripted(
        "1,trade,buy,10,1", "2,trade,sell,9.99,500", "3,trade,buy,10.5,1", book="thin"
    )  # fmt: skip
    assert exchange.book.quotable
    quote(exchange, Side.BUY, 999, 1_000, world.now_ns)
    world.step()
    assert [f.price for f in heard.fills] == [Decimal("9.99")]
    calm = exchange.book.best_ask - exchange.book.best_bid
    world.step()
    assert exchange.book.best_ask - exchange.book.best_bid > 3 * calm  # a jump of 5 % widens it
    assert exchange.book.best_bid < 1_050 < exchange.book.best_ask


def test_bars_walk_through_our_quotes() -> None:
    bar = (
        "100,kline_open,,10,0",
        "400,kline_high,,10.5,0",
        "400,kline_low,,9.5,0",
        "400,kline_close,,10,3000",
    )
    world, exchange, heard = scripted(*bar, book="thin")
    assert world.now_ns == 100
    quote(exchange, Side.SELL, 1_001, 1_000, world.now_ns)
    quote(exchange, Side.BUY, 999, 1_000, world.now_ns)
    play(world)
    assert [(f.venue_ns, f.side) for f in heard.fills] == [(200, Side.SELL), (300, Side.BUY)]
    assert world.fair_usdt == pytest.approx(10.0, abs=0.02)


def test_pool_and_funding_move_with_the_messages() -> None:
    hour = 3_600 * NS
    perp = (
        "1,snap,bid,10,1",
        "1,snap,ask,10.1,1",
        f"{9 * hour},trade,buy,10.1,1",
        f"{24 * hour},trade,buy,10.1,1",
    )
    recording = RecordingParams(files=("p",), plays=PERPS[:1])
    pool = PoolParams(noise_swaps_per_day=0)
    params = ReplayParams(recordings=(recording,), instruments=ETH, pool=pool, funding_annual=0.1095)
    (exchange,) = exchanges(PERPS[:1])
    world = ReplayWorld(params, 1, [exchange], ListTape({"p": perp}))
    assert world.pool is not None
    assert world.pool.pool.price == pytest.approx(10.05)
    quote(exchange, Side.SELL, 1_005, 10_000, 1)
    assert world.funding(PERPS[0]) == (pytest.approx(1e-4), 8.0, 8 * hour)
    heard: list[tuple[InstrumentId, tuple[float, float, int]]] = []
    world.on_funding = lambda name, terms: heard.append((name, terms))
    events = play(world)
    assert exchange.position == -1
    assert [terms[2] for _, terms in heard] == [16 * hour, 24 * hour, 32 * hour]
    # The fill and the first settlement come with one message; two more settle with the last.
    assert world.funding(PERPS[0]) == (pytest.approx(1e-4), 8.0, 32 * hour)
    assert events >= 3 + 28_800
    again = ReplayWorld(params, 1, exchanges(PERPS[:1]), ListTape({"p": perp}))
    again.restore(world.state())
    assert again.state() == world.state()
    with pytest.raises(ConfigError, match="not a replayed one"):
        again.restore({})


@pytest.mark.parametrize(
    ("recordings", "problem"),
    [
        ((("nowhere", SPOTS),), "recording not found: nowhere"),
        ((("a", SPOTS[:2]),), "no recording plays bitget.spot"),
        ((("a", SPOTS), ("a", SPOTS[:1])), "binance.spot is played by two recordings"),
        ((("a", (*SPOTS, "kraken.spot")),), "a recording plays kraken.spot, which is not traded here"),
        ((("empty", SPOTS),), "the recordings hold no message"),
        ((("one-sided", SPOTS),), "the recordings end before bitget.spot has a book"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(recordings: Any, problem: str) -> None:
    tape: Tape = ListTape({"a": BOOK, "empty": (), "one-sided": ("1,snap,bid,10,1",)})
    params = ReplayParams(
        recordings=tuple(RecordingParams(files=(name,), plays=plays) for name, plays in recordings),
        instruments=ETH,
    )
    with pytest.raises(ConfigError, match=problem):
        ReplayWorld(params, 1, exchanges(SPOTS), tape)
