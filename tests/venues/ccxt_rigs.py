"""Real venues over the local exchanges: a market that stands still, a venue at its sockets, and a taker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.clock import SystemClock
from bot.localnet.desk import Desk
from bot.localnet.limits import VenueLimits
from bot.localnet.serve import Localnet, LocalnetParams, serve
from bot.model.instrument import Instrument, Kind
from bot.model.order import Side
from bot.sim.params import InstrumentParams
from bot.venues.binance import Binance
from bot.venues.bitget import Bitget
from bot.venues.bybit import Bybit
from bot.venues.ccxt_client import Access
from bot.venues.ccxt_dialect import Dialect
from bot.venues.ccxt_venue import CcxtTerms, CcxtVenue
from localnet.clients import STILL, LoopResolver
from paper_tools import Heard, ladder, until

FAIR = 10_000
WIDE_LIMITS = VenueLimits(weight_per_minute=100_000, orders_per_window=2_000)
DIALECTS: dict[str, Callable[[Instrument], Dialect]] = {"binance": Binance, "bybit": Bybit, "bitget": Bitget}


class LocalRig:
    """One venue at the local exchanges; ten ticks either side of `FAIR` others stand with 1,000 lots."""

    def __init__(self, net: Localnet, exchange: str, kind: Kind, terms: CcxtTerms | None = None) -> None:
        self.net, self.clock, self.heard = net, SystemClock(), Heard()
        engine = net.engines[exchange]
        self.desk: Desk = engine.spot if kind is Kind.SPOT else engine.perp
        least = net.world.params.instruments.notional_usdt_min
        self.dialect = DIALECTS[exchange](replace(self.desk.instrument, notional_usdt_min=least))
        keys = engine.keys
        resolver = LoopResolver(net.port)
        access = Access(keys.api_key, keys.secret, keys.password, str(net.ca_file), resolver)
        self.venue = CcxtVenue(self.dialect, access, self.clock, terms)
        net.world.step()  # marks are set, margins can be judged
        self.desk.exchange.set_others(*ladder(FAIR), self.clock.now_ns())

    async def takes(self, side: Side, limit_ticks: int, lots: int) -> None:
        """Sweep, then wait for the tape: it has a socket of its own."""
        before, heard = self.desk.tape[-1][0] if self.desk.tape else 0, len(self.heard.trades)
        self.desk.exchange.sweep(side, limit_ticks, lots, self.clock.now_ns())
        printed = len([number for number, _ in self.desk.tape if number > before])
        await until(lambda: not self.venue.ready_to_send or len(self.heard.trades) >= heard + printed)

    def fault(self, kind: str, pattern: str, **more: Any) -> None:
        """A rule of the fault switchboard."""
        venue = self.desk.instrument.exchange
        self.net.faults.add({"venue": venue, "pattern": pattern, "kind": kind, **more})


@asynccontextmanager
async def local_rig(exchange: str, kind: Kind, terms: CcxtTerms | None = None) -> AsyncIterator[LocalRig]:
    """A started venue at exchanges whose market moves only when told to."""
    instruments = InstrumentParams(notional_usdt_min=Decimal("0.5"))
    world = STILL.model_copy(update={"instruments": instruments})
    params = LocalnetParams(
        world=world, book_interval_s=0.0, limits=dict.fromkeys(DIALECTS, WIDE_LIMITS), running=False
    )
    async with serve(params) as net:
        rig = LocalRig(net, exchange, kind, terms)
        await rig.venue.start(rig.heard)
        try:
            yield rig
        finally:
            await rig.venue.stop()
