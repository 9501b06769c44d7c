"""A paper market in a process of its own that is meant to be killed: prints all it is told, line by line.

Run with the path of a store. Lines: `fill <trade id>`, `order <client id> <state> <filled lots>`.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from decimal import Decimal
from pathlib import Path

from bot.clock import SystemClock
from bot.model.facts import Fill, OrderUpdated
from bot.model.order import Side
from bot.sim.account import open_account
from bot.sim.exchange import IgnoreEvents, SimExchange
from bot.venues.paper import PaperTerms, PaperVenue
from bot.venues.paper_store import PaperStore
from paper_tools import Heard, amended, instrument, ladder, quote

OPENING = Decimal(1_000_000)


class Printing(Heard):
    """Writes each private report to standard output in one system call."""

    def on_fill(self, fill: Fill) -> None:
        os.write(1, f"fill {fill.trade_id}\n".encode())

    def on_order(self, update: OrderUpdated) -> None:
        os.write(1, f"order {update.client_id} {update.state.value} {update.filled_lots}\n".encode())


async def trade(path: Path) -> None:
    """Place, move, trade and cancel without end."""
    made, draws = instrument(maker="0.0002"), random.Random(11)
    exchange = SimExchange(made, open_account(made, OPENING, OPENING), IgnoreEvents())
    store = PaperStore(path)
    store.load(exchange)
    store.commit()
    clock = SystemClock()
    exchange.set_others(*ladder(10_000), clock.now_ns())
    venue = PaperVenue(exchange, clock, draws, PaperTerms(0.001, 0.001), store)
    await venue.start(Printing())
    for n in range(10**6):
        side = Side.BUY if n % 2 else Side.SELL
        venue.place(quote(f"o{n}", side, 10_000 - side * draws.randint(1, 9), 200))
        if n > 5:
            venue.amend(amended(f"o{n - 4}", 10_000 + side * draws.randint(1, 9), 150))
            venue.cancel(f"o{n - 6}")
        await asyncio.sleep(0.001)
        exchange.sweep(side, 10_000 + side * 12, draws.randint(1, 900), clock.now_ns())
        exchange.set_others(*ladder(10_000), clock.now_ns())
        store.set_world("step", n)


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1])))
