"""The durable truth of the paper exchanges, so that a killed daemon finds them as it left them.

Rule 1: what is told to the daemon is committed before: `commit` comes ahead of every delivery.
Rule 2: one transaction holds trades, accounts and orders together: after a crash they agree with each other.
Rule 3: SQLite in WAL mode with synchronous=NORMAL: a killed process loses nothing that was committed; a power
cut may lose the last moments, but never the agreement.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from bot.model.errors import JournalError
from bot.model.facts import Fill, FundingPaid
from bot.model.order import Side
from bot.sim.exchange import ExchangeState, SimExchange
from bot.sim.matching import Resting
from bot.sim.own_orders import TRADES_KEPT
from bot.venues.paper_rows import SCHEMA, Json, fill_from, grid_of, state_of

_VERSION = 1
FUNDING_TOLD_AGAIN = 100
"""Most funding payments that `payments` returns: more than a stopped world makes."""


class Store(Protocol):
    """What a paper venue needs of its store.

    `durable` is False for one that remembers nothing: it is then not even told. `dirty` = something waits
    for a commit.
    """

    durable: bool
    dirty: bool

    def touch(self, exchange: SimExchange, client_id: str) -> None:
        """An order of ours changed (or ended)."""
        ...

    def trade(self, exchange: SimExchange, fill: Fill) -> None:
        """One of our orders traded."""
        ...

    def funding(self, exchange: SimExchange, payment: FundingPaid) -> None:
        """A funding payment was booked."""
        ...

    def commit(self) -> None:
        """Make everything up to now durable. Raises JournalError when the disk refuses."""
        ...

    def payments(self, instrument: str) -> list[FundingPaid]:
        """The last funding payments, oldest first."""
        ...


class NullStore:
    """Remembers nothing, costs nothing: for backtests."""

    durable = False
    dirty = False

    def touch(self, exchange: SimExchange, client_id: str) -> None:
        """Nothing to do."""

    def trade(self, exchange: SimExchange, fill: Fill) -> None:
        """Nothing to do."""

    def funding(self, exchange: SimExchange, payment: FundingPaid) -> None:
        """Nothing to do."""

    def commit(self) -> None:
        """Nothing to do."""

    def payments(self, instrument: str) -> list[FundingPaid]:
        """None are remembered."""
        return []


class PaperStore:
    """One SQLite file for all paper exchanges of a deal, and a small dict `world` for the market around them.

    Raises JournalError when the file cannot be read or written, or belongs to another program version.
    `last_ns` is the newest time the exchanges had reached when the file was opened (0: none): a market that
    goes on must begin after it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.durable, self.dirty = True, False
        self._exchanges: dict[str, SimExchange] = {}
        self._accounts: dict[str, None] = {}
        self._orders: dict[tuple[str, str], None] = {}
        self._trades: list[tuple[object, ...]] = []
        self._funding: list[tuple[object, ...]] = []
        self._world_changes: dict[str, str] = {}
        with self._readable():
            self._db = sqlite3.connect(path, isolation_level=None)
            self._prepare()
            rows = self._db.execute("SELECT key, value FROM world ORDER BY key")
            self._world: dict[str, Json] = {key: json.loads(value) for key, value in rows}
            states = self._db.execute("SELECT state FROM exchanges").fetchall()
        self.last_ns = max((int(json.loads(state)["now_ns"]) for (state,) in states), default=0)

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise JournalError(
                f"paper store {self._path} has version {version}, this program writes {_VERSION}: "
                "move the file away to begin a new paper market"
            )
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version={_VERSION}")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"paper store {self._path}: {error}") from error

    # --- what happens ---

    def touch(self, exchange: SimExchange, client_id: str) -> None:
        """An order of ours changed (or ended): its state at the next commit is written."""
        self._orders[exchange.instrument.id, client_id] = None
        self.touch_account(exchange)

    def touch_account(self, exchange: SimExchange) -> None:
        """Balances changed without a trade (a deposit): they are written at the next commit."""
        self._exchanges[exchange.instrument.id] = exchange
        self._accounts[exchange.instrument.id] = None
        self.dirty = True

    def trade(self, exchange: SimExchange, fill: Fill) -> None:
        """One of our orders traded."""
        number = int(fill.trade_id.removeprefix("t"))
        money = (str(fill.price), str(fill.quantity), str(fill.fee), fill.fee_currency)
        ours = (fill.instrument, number, fill.venue_ns, fill.client_id, int(fill.side))
        self._trades.append((*ours, *money, fill.maker, fill.origin))
        self.touch_account(exchange)

    def funding(self, exchange: SimExchange, payment: FundingPaid) -> None:
        """A funding payment was booked."""
        money = (payment.rate, str(payment.position), str(payment.usdt))
        self._funding.append((payment.instrument, payment.payment_id, payment.venue_ns, *money))
        self.touch_account(exchange)

    @property
    def world(self) -> Mapping[str, Json]:
        """What the market around the exchanges remembered, by key."""
        return self._world

    def set_world(self, key: str, value: Json) -> None:
        """Remember a JSON value; it is written at the next commit."""
        self._world[key] = value
        self._world_changes[key] = json.dumps(value)
        self.dirty = True

    # --- the file ---

    def commit(self) -> None:
        """Make everything up to now durable, in one transaction. On JournalError all of it stays pending."""
        if not self.dirty:
            return
        with self._readable(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._write()
        for pending in (self._accounts, self._orders, self._trades, self._funding, self._world_changes):
            pending.clear()
        self.dirty = False

    def _write(self) -> None:
        resting: list[tuple[object, ...]] = []
        gone: list[tuple[str, str]] = []
        for instrument, client_id in self._orders:
            order = self._exchanges[instrument].order(client_id)
            if order is None:
                gone.append((instrument, client_id))
            else:
                place = (order.joined, int(order.side), order.ticks, order.lots, order.filled)
                resting.append((instrument, client_id, *place, order.ahead, order.reduce_only))
        many = self._db.executemany
        many("DELETE FROM orders WHERE instrument = ? AND client_id = ?", gone)
        many("INSERT OR REPLACE INTO orders VALUES (?,?,?,?,?,?,?,?,?)", resting)
        many("INSERT INTO trades VALUES (?,?,?,?,?,?,?,?,?,?,?)", self._trades)
        many("INSERT INTO funding VALUES (?,?,?,?,?,?)", self._funding)
        states = [(name, json.dumps(state_of(self._exchanges[name]))) for name in self._accounts]
        many("INSERT OR REPLACE INTO exchanges VALUES (?,?)", states)
        many("INSERT OR REPLACE INTO world VALUES (?,?)", list(self._world_changes.items()))

    def load(self, exchange: SimExchange) -> bool:
        """Put a fresh exchange back as it was left: account, resting orders, trades, funding.

        False when the store does not know it: then its opening state is written instead. JournalError when
        it was written for another tick or lot.
        """
        name = exchange.instrument.id
        with self._readable():
            row = self._db.execute("SELECT state FROM exchanges WHERE instrument = ?", (name,)).fetchone()
            if row is None:
                self.touch_account(exchange)
                return False
            state = json.loads(row[0])
            grid = grid_of(exchange)
            if state["grid"] != grid:
                raise JournalError(
                    f"paper store {self._path}: {name} was left with {state['grid']}, now it has {grid}: "
                    "move the file away to begin a new paper market"
                )
            exchange.restore(
                ExchangeState(
                    account=state["account"],
                    trade_count=state["trade_count"],
                    orders=self._stored_orders(name),
                    trades=self._stored_trades(name),
                    funding_ids=tuple(state["funding_ids"]),
                )
            )
        self._exchanges[name] = exchange
        return True

    def _stored_orders(self, name: str) -> tuple[Resting, ...]:
        rows = self._db.execute(
            "SELECT client_id, side, ticks, lots, filled, ahead, reduce_only FROM orders "
            "WHERE instrument = ? ORDER BY joined",
            (name,),
        )
        orders: list[Resting] = []
        for client_id, side, ticks, lots, filled, ahead, reduce_only in rows:
            order = Resting(client_id, Side(side), ticks, lots, bool(reduce_only))
            order.filled, order.ahead = filled, ahead
            orders.append(order)
        return tuple(orders)

    def _stored_trades(self, name: str) -> tuple[Fill, ...]:
        rows = self._db.execute(
            "SELECT venue_ns, venue_ns, instrument, 't' || number, client_id, side, price, quantity, fee, "
            "fee_currency, maker, origin FROM trades WHERE instrument = ? ORDER BY number DESC LIMIT ?",
            (name, TRADES_KEPT),
        )
        return tuple(reversed([fill_from(row) for row in rows]))

    def payments(self, instrument: str) -> list[FundingPaid]:
        """The last committed funding payments, oldest first."""
        with self._readable():
            rows = self._db.execute(
                "SELECT venue_ns, payment_id, rate, position, usdt FROM funding "
                "WHERE instrument = ? ORDER BY venue_ns DESC, payment_id DESC LIMIT ?",
                (instrument, FUNDING_TOLD_AGAIN),
            ).fetchall()
        return [
            FundingPaid(ns, ns, instrument, name, rate, Decimal(position), Decimal(usdt))
            for ns, name, rate, position, usdt in reversed(rows)
        ]

    def close(self) -> None:
        """Commit and close the file."""
        self.commit()
        self._db.close()
