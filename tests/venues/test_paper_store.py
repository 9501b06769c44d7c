"""The paper exchanges outlive the process, to the last unit, killed or not."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.errors import JournalError
from bot.model.facts import Fill, FundingPaid, OrderUpdated
from bot.model.instrument import Instrument
from bot.model.order import Side
from bot.sim.account import SpotAccount, open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.venues.paper_store import NullStore, PaperStore
from paper_tools import LOT, TICK, Heard, amended, instrument, ladder, perp, quote, spot, taker

BUY, SELL = Side.BUY, Side.SELL
CHILD = Path(__file__).with_name("paper_child.py")
ROOT = CHILD.parents[2]


class Storing(Heard):
    """What a venue does with its store, without a venue."""

    def __init__(self, store: PaperStore, exchange: SimExchange) -> None:
        super().__init__()
        self.store, self.exchange = store, exchange
        exchange.events = self

    def on_order(self, update: OrderUpdated) -> None:
        self.store.touch(self.exchange, update.client_id)

    def on_fill(self, fill: Fill) -> None:
        self.store.trade(self.exchange, fill)

    def on_funding(self, payment: FundingPaid) -> None:
        self.store.funding(self.exchange, payment)


Opening = Callable[[], PaperStore]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opening]:
    """Opens the store of this test, any number of times; closed at the end."""
    stores: list[PaperStore] = []

    def again() -> PaperStore:
        stores.append(PaperStore(tmp_path / "paper.db"))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


def everything(exchange: SimExchange) -> object:
    state = exchange.state()
    orders = [(o.client_id, o.side, o.ticks, o.lots, o.filled, o.ahead, o.reduce_only) for o in state.orders]
    return state.account, state.trade_count, orders, state.trades, state.funding_ids


def test_a_spot_exchange_comes_back_as_it_was_left(opened: Opening) -> None:
    store, (exchange, _) = opened(), spot(maker="0.0002")
    assert store.load(exchange) is False
    Storing(store, exchange)
    exchange.set_others(*ladder(10_000), 1)
    for name, side, ticks in (("a", SELL, 10_010), ("b", SELL, 10_010), ("c", BUY, 9_990), ("d", BUY, 9_980)):
        exchange.submit(quote(name, side, ticks, 100), 2)
    exchange.amend(amended("a", 10_010, 150), 3)
    exchange.cancel("d", 4)
    exchange.sweep(BUY, 10_010, 1_030, 5)
    store.close()

    again, (restored, heard) = opened(), spot(tokens=1, usdt=1, maker="0.0002")
    assert again.load(restored) is True
    assert everything(restored) == everything(exchange)
    assert isinstance(restored.account, SpotAccount)
    assert isinstance(exchange.account, SpotAccount)
    assert restored.account.held_quanta == exchange.account.held_quanta
    assert restored.account.held_lots == exchange.account.held_lots
    assert heard.told == []
    restored.set_others(*ladder(10_000), 6)
    restored.sweep(BUY, 10_010, 171, 7)
    assert [(f.trade_id, f.client_id) for f in heard.fills[:1]] == [("t2", "b")]
    again.close()


def test_a_perp_exchange_comes_back_with_position_and_funding(opened: Opening) -> None:
    store, (exchange, _) = opened(), perp()
    store.load(exchange)
    Storing(store, exchange)
    exchange.set_others(*ladder(10_000), 1)
    exchange.submit(taker("h", SELL, 9_980, 1_500), 2)
    exchange.submit(quote("a", BUY, 9_970, 100, reduce_only=True), 2)
    exchange.settle_funding(0.0001, Decimal("1.01"), "8h-1", 3)
    exchange.settle_funding(-0.0003, Decimal("1.01"), "8h-2", 4)
    exchange.adl(Decimal("0.1"), Decimal(1), 5)
    store.close()

    again, (restored, _) = opened(), perp(usdt=1)
    again.load(restored)
    heard = Storing(again, restored)
    assert everything(restored) == everything(exchange)
    restored.settle_funding(0.0001, Decimal("1.01"), "8h-2", 6)
    assert heard.payments == []
    assert restored.usdt == exchange.usdt
    paid = again.payments("binance.perp")
    assert [(p.payment_id, p.usdt) for p in paid] == [
        ("8h-1", Decimal("0.01515")),
        ("8h-2", Decimal("-0.04545")),
    ]
    again.close()


def test_what_is_not_committed_is_not_there(opened: Opening) -> None:
    store, (exchange, _) = opened(), spot()
    store.load(exchange)
    Storing(store, exchange)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    store.commit()
    exchange.sweep(BUY, 10_010, 60, 3)
    store.set_world("fair", 1.5)
    assert store.dirty
    other, (seen, _) = opened(), spot()
    other.load(seen)
    assert (len(seen.open_orders()), seen.trades_since(0), dict(other.world)) == (1, (), {})
    store.commit()
    other, (seen, _) = opened(), spot()
    other.load(seen)
    assert (seen.open_orders()[0].remaining, len(seen.trades_since(0))) == (Decimal(4), 1)
    assert other.world["fair"] == 1.5


def test_the_time_reached_is_known_and_trades_stay_in_order(opened: Opening) -> None:
    store, (exchange, _) = opened(), spot()
    assert store.last_ns == 0
    store.load(exchange)
    Storing(store, exchange)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.sweep(BUY, 10_010, 60, 500)
    exchange.cancel("a", 700)
    store.close()
    again, (restored, _) = opened(), spot()
    assert again.last_ns == 700
    again.load(restored)
    restored.submit(quote("b", SELL, 10_010, 100), 400)
    restored.sweep(BUY, 10_010, 60, 400)
    assert [f.trade_id for f in restored.trades_since(450)] == ["t1", "t2"]


def test_the_world_is_remembered_by_key(opened: Opening) -> None:
    store = opened()
    store.set_world("fair", 1.0)
    store.set_world("fair", 1.25)
    store.set_world("pool", {"reserves": ["123456789012345678901234", "5"], "block": 7})
    store.close()
    world = opened().world
    assert dict(world) == {"fair": 1.25, "pool": {"reserves": ["123456789012345678901234", "5"], "block": 7}}


def test_a_deposit_is_remembered(opened: Opening) -> None:
    store, (exchange, _) = opened(), spot()
    store.load(exchange)
    exchange.account.credit(Decimal(7), Decimal(-3))
    store.touch_account(exchange)
    store.close()
    restored, _ = spot()
    opened().load(restored)
    assert (restored.position, restored.usdt) == (100_007, 99_997)


def test_another_tick_or_version_is_refused_with_the_remedy(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "paper.db"
    store, (exchange, _) = opened(), spot()
    store.load(exchange)
    store.close()
    made = instrument()
    finer = Instrument(
        made.exchange, made.kind, made.symbol, TICK / 10, LOT, made.notional_usdt_min, Decimal(0), Decimal(0)
    )
    with pytest.raises(JournalError, match=r"binance\.spot was left with tick 0\.0001.*begin a new"):
        opened().load(SimExchange(finer, open_account(finer, LOT, LOT), IgnoreEvents()))
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=9")
    database.close()
    with pytest.raises(JournalError, match="version 9"):
        PaperStore(path)


def test_a_file_that_is_no_store_says_so(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "paper.db"
    path.write_bytes(b"not a database, long enough to be read as one" * 30)
    with pytest.raises(JournalError, match=r"paper\.db"):
        PaperStore(path)


def test_a_refused_commit_keeps_everything_for_the_next(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "paper.db"
    store, (exchange, _) = opened(), spot()
    store.load(exchange)
    store.commit()
    Storing(store, exchange)
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    exchange.sweep(BUY, 10_010, 60, 3)
    database = sqlite3.connect(path)
    database.executescript("CREATE TRIGGER t BEFORE INSERT ON trades BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(JournalError, match="full"):
        store.commit()
    restored, _ = spot()
    opened().load(restored)
    assert (restored.open_orders(), restored.trade_count) == ((), 0)
    database.execute("DROP TRIGGER t")
    database.close()
    assert store.dirty
    store.close()
    restored, _ = spot()
    opened().load(restored)
    assert everything(restored) == everything(exchange)


def test_the_null_store_remembers_nothing() -> None:
    store, (exchange, _) = NullStore(), spot()
    exchange.submit(quote("a", SELL, 10_010, 100), 2)
    store.touch(exchange, "a")
    store.commit()
    assert (store.dirty, store.durable, store.payments("binance.spot")) == (False, False, [])


def killed_after(path: Path, lines: int) -> list[list[str]]:
    """Run the child until it told `lines` reports, kill it, and return all it told, in words."""
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": search},
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    told += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    return [line.decode().split() for line in told if line.endswith(b"\n")]


@pytest.mark.parametrize("lines", [1, 150, 701])
def test_a_killed_process_told_nothing_that_is_not_committed(
    tmp_path: Path, opened: Opening, lines: int
) -> None:
    path = tmp_path / "paper.db"
    told = killed_after(path, lines)
    restored, _ = spot(tokens=1, usdt=1, maker="0.0002")
    store = opened()
    assert store.load(restored) is True
    trades = restored.trades_since(0)
    assert [f.trade_id for f in trades] == [f"t{n + 1}" for n in range(restored.trade_count)]
    assert {words[1] for words in told if words[0] == "fill"} <= {f.trade_id for f in trades}

    last = {words[1]: (words[2], int(words[3])) for words in told if words[0] == "order"}
    resting = {o.client_id: o for o in restored.open_orders()}
    for client_id, (state, filled) in last.items():
        of_it = [f.quantity for f in trades if f.client_id == client_id]
        assert sum(of_it, Decimal(0)) >= filled * LOT
        if state in ("filled", "canceled", "rejected"):
            assert client_id not in resting

    million = Decimal(1_000_000)
    assert restored.position == million + sum((f.side * f.quantity for f in trades), Decimal(0))
    assert restored.usdt == million - sum((f.side * f.price * f.quantity + f.fee for f in trades), Decimal(0))
    store.close()


def test_a_killed_market_goes_on(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "paper.db"
    killed_after(path, 60)
    before, _ = spot()
    opened().load(before)
    told = killed_after(path, 60)
    after, _ = spot()
    opened().load(after)
    assert after.trades_since(0)[: before.trade_count] == before.trades_since(0)
    assert after.trade_count > before.trade_count
    assert told
