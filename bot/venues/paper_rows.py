"""What the paper store writes: its tables, and rows turned into facts.

Rule 1: money is text, exactly as the Decimal prints; ticks, lots and times are integers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.model.facts import Fill
from bot.model.order import Side
from bot.sim.exchange import SimExchange

Json = Any
"""None, bool, int, float, str, and lists and dicts of these."""

_FUNDING_IDS_KEPT = 50

SCHEMA = """
CREATE TABLE IF NOT EXISTS exchanges (instrument TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
  instrument TEXT, client_id TEXT, joined INTEGER, side INTEGER, ticks INTEGER, lots INTEGER, filled INTEGER,
  ahead INTEGER, reduce_only INTEGER, PRIMARY KEY (instrument, client_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trades (
  instrument TEXT, number INTEGER, venue_ns INTEGER, client_id TEXT, side INTEGER, price TEXT, quantity TEXT,
  fee TEXT, fee_currency TEXT, maker INTEGER, origin TEXT, PRIMARY KEY (instrument, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS funding (
  instrument TEXT, payment_id TEXT, venue_ns INTEGER, rate REAL, position TEXT, usdt TEXT,
  PRIMARY KEY (instrument, payment_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS world (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def grid_of(exchange: SimExchange) -> str:
    """The price and quantity steps that stored ticks and lots are counted in."""
    return f"tick {exchange.instrument.tick}, lot {exchange.instrument.lot}"


def state_of(exchange: SimExchange) -> dict[str, Json]:
    """What is stored of an exchange besides its orders, trades and payments."""
    return {
        "grid": grid_of(exchange),
        "account": exchange.account.state(),
        "trade_count": exchange.trade_count,
        "now_ns": exchange.now_ns,
        "funding_ids": list(exchange.funding_ids)[-_FUNDING_IDS_KEPT:],
    }


def fill_from(row: tuple[Any, ...]) -> Fill:
    """A stored trade: (seen_ns, venue_ns, instrument, trade_id, client_id, side, price, ... , origin)."""
    seen, at, instrument, trade_id, client_id, side, price, quantity, fee, currency, maker, origin = row
    return Fill(
        seen_ns=seen,
        venue_ns=at,
        instrument=instrument,
        trade_id=trade_id,
        client_id=client_id,
        side=Side(side),
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=currency,
        maker=bool(maker),
        origin=origin,
    )
