"""The three exchanges on this machine: the simulated market behind real sockets.

Rule 1: only loopback addresses are served.
Rule 2: what is started is stopped when the context ends, however it ends.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from bot.clock import Clock, SystemClock
from bot.localnet.binance import Binance
from bot.localnet.bitget import Bitget
from bot.localnet.bybit import Bybit
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, Keys
from bot.localnet.faults import Switchboard
from bot.localnet.limits import VenueLimits
from bot.localnet.reports import Rules
from bot.localnet.server import Server
from bot.localnet.tls import server_context
from bot.localnet.web import Front
from bot.model.errors import ConfigError
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.sim.account import open_account
from bot.sim.events import IgnoreEvents
from bot.sim.exchange import SimExchange
from bot.sim.params import WorldParams, sim_instruments
from bot.sim.world import World

_PUMP_STEPS = 50
LIMITS = {
    "bybit": VenueLimits(weight_per_minute=7_200, orders_per_window=20, order_window_ms=1_000),
    "bitget": VenueLimits(weight_per_minute=6_000, orders_per_window=10, order_window_ms=1_000),
}
_DEPOSIT = {Kind.SPOT: (Decimal(1_000_000), Decimal(1_000_000)), Kind.PERP: (Decimal(0), Decimal(2_000_000))}
WORLD = WorldParams(step_s=0.1)
BOOK_INTERVAL_S = {"binance": 0.1, "bybit": 0.02, "bitget": 0.15}


class Venue(Front, Protocol):
    """A venue as this file drives it."""

    engine: Engine

    def subscriptions(self) -> int:
        """Streams somebody listens to, over all connections."""
        ...

    def tick(self) -> None:
        """Once a second."""
        ...

    def stop(self) -> None:
        """No more timers."""
        ...


VENUES: dict[str, Callable[[Engine, float], Venue]] = {"binance": Binance, "bybit": Bybit, "bitget": Bitget}


@dataclass(frozen=True, slots=True)
class LocalnetParams:
    """The market, who may trade how much on it, and where it is served.

    `deposits` maps `binance.spot` to (tokens, USDT); `book_interval_s` overrides how often depth is
    published per venue (0 = at once); `directory` receives the authority's certificate (None = a temporary
    one); `running` False leaves time to the caller, who steps `Localnet.world`.
    """

    world: WorldParams = WORLD
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    faults_port: int = 0
    directory: Path | None = None
    deposits: Mapping[InstrumentId, tuple[Decimal, Decimal]] = field(default_factory=dict)
    book_interval_s: float | None = None
    limits: Mapping[str, VenueLimits] = field(default_factory=dict)
    running: bool = True


@dataclass(frozen=True, slots=True)
class Localnet:
    """What runs: `describe()` is all a client needs to know."""

    host: str
    port: int
    faults_port: int
    ca_file: Path
    world: World
    venues: Mapping[str, Venue]
    faults: Switchboard

    @property
    def engines(self) -> dict[str, Engine]:
        """What stands behind each venue."""
        return {name: venue.engine for name, venue in self.venues.items()}

    def describe(self) -> dict[str, Any]:
        """`address ca_file venues{name: …} faults_url`."""
        return {
            "address": f"{self.host}:{self.port}",
            "ca_file": str(self.ca_file),
            "venues": {
                name: {
                    "api_key": engine.keys.api_key,
                    "secret": engine.keys.secret,
                    "password": engine.keys.password,
                    "spot_symbol": engine.spot.instrument.symbol,
                    "perp_symbol": engine.perp.instrument.symbol,
                }
                for name, engine in self.engines.items()
            },
            "faults_url": f"http://{self.host}:{self.faults_port}/faults",
        }


@asynccontextmanager
async def serve(params: LocalnetParams, clock: Clock | None = None) -> AsyncIterator[Localnet]:
    """Start the exchanges; they stop when the context ends. ConfigError for an address that is not local."""
    if not ip_address(params.host).is_loopback:
        raise ConfigError(
            [f"{params.host} is not a loopback address: the local network stays on this machine"]
        )
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        directory = params.directory or Path(tempfile.mkdtemp(prefix="localnet-"))
        if params.directory is None:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        world, venues = _market(params, clock)
        for venue in venues:
            stack.callback(venue.stop)
        faults = Switchboard()
        server = Server(venues, faults, clock)
        ca_file = directory / "ca.pem"
        context = server_context(ca_file, clock.now_ns())
        port = await _listen(stack, server.exchanges(), web_options(params.host, params.port, context))
        faults_port = await _listen(stack, server.switchboard(), web_options(params.host, params.faults_port))
        jobs = [asyncio.create_task(_beat(venues))]
        if params.running:
            jobs.append(asyncio.create_task(_pump(world, clock)))
        stack.push_async_callback(_end, jobs)
        named = {venue.name: venue for venue in venues}
        yield Localnet(params.host, port, faults_port, ca_file, world, named, faults)


def web_options(host: str, port: int, context: Any = None) -> dict[str, Any]:
    """Where a site listens, as keyword arguments."""
    return {"host": host, "port": port, "ssl_context": context}


async def _listen(stack: AsyncExitStack, app: web.Application, where: dict[str, Any]) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, **where).start()
    return int(runner.addresses[0][1])


def _market(params: LocalnetParams, clock: Clock) -> tuple[World, list[Venue]]:
    """The world and the venues on it, with keys drawn from the seed."""
    instruments = [one for one in sim_instruments(params.world.instruments) if one.exchange in VENUES]
    exchanges = {one.id: _exchange(params, one) for one in instruments}
    world = World(params.world, params.seed, clock.now_ns(), list(exchanges.values()))
    rng = random.Random(params.seed)
    venues = []
    for name, make in VENUES.items():
        spot, perp = (_desk(params, exchanges[f"{name}.{kind.value}"], clock) for kind in Kind)
        key, secret = (f"{name}{rng.getrandbits(128):032x}" for _ in range(2))
        keys = Keys(key, secret, f"{rng.getrandbits(48):012x}")
        engine = Engine(spot, perp, keys, world, params.limits.get(name) or LIMITS.get(name, VenueLimits()))
        interval = params.book_interval_s
        venues.append(make(engine, BOOK_INTERVAL_S[name] if interval is None else interval))
    return world, venues


def _exchange(params: LocalnetParams, instrument: Instrument) -> SimExchange:
    """Minimum notionals are the desk's to judge: what is left of an order may be smaller."""
    tokens, usdt = params.deposits.get(instrument.id, _DEPOSIT[instrument.kind])
    free = replace(instrument, notional_usdt_min=Decimal(0))
    return SimExchange(free, open_account(free, tokens, usdt), IgnoreEvents())


def _desk(params: LocalnetParams, exchange: SimExchange, clock: Clock) -> Desk:
    return Desk(exchange, clock, Rules(params.world.instruments.notional_usdt_min))


async def _pump(world: World, clock: Clock) -> None:
    """Let the market follow the clock; one that fell behind catches up in small bites."""
    while True:
        wait_s = 0.0
        for _ in range(_PUMP_STEPS):
            wait_s = (world.next_ns() - clock.now_ns()) / 1e9
            if wait_s > 0:
                break
            world.step()
        await asyncio.sleep(max(0.0, wait_s))


async def _beat(venues: list[Venue]) -> None:
    """What venues do once a second."""
    while True:
        await asyncio.sleep(1.0)
        for venue in venues:
            venue.tick()


async def _end(jobs: list[asyncio.Task[None]]) -> None:
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
