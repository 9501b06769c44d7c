"""Plain, unmodified ccxt.pro clients that find the local exchanges at the venues' own addresses.

Rule 1: the resolver answers every name with the loopback port, so a test can never reach the network.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp
import ccxt.pro
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.localnet.serve import Localnet, LocalnetParams, serve
from bot.model.order import Side
from bot.sim.params import BookParams, FlowParams, PerpParams, PriceParams, WorldParams

T = TypeVar("T")
WAIT_S = 10.0

# Nothing happens by itself: the price stands still and no taker comes.
STILL = WorldParams(
    step_s=0.1,
    price=PriceParams(sigma_annual=0.0, jumps_per_day=0.0),
    flow=FlowParams(
        spot_sweeps_per_side_day=(0.0, 0.0, 0.0),
        perp_sweeps_per_side_day=(0.0, 0.0, 0.0),
        stale_hit_probability_per_s=0.0,
    ),
    book=BookParams(background_print_s=1.0),
    perps=PerpParams(basis_sd_bps=0.0),
)
# The books move with every step, takers come by themselves.
LIVELY = WorldParams(
    step_s=0.05,
    price=PriceParams(sigma_annual=5.0, jumps_per_day=0.0),
    book=BookParams(background_print_s=0.2),
)


class LoopResolver(AbstractResolver):
    """Every host is the loopback port of the local exchanges."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The one answer."""
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing to close."""


OPTIONS: dict[str, dict[str, Any]] = {
    "binance": {"fetchMarkets": {"types": ["spot"]}},
    "binanceusdm": {},
    "bybit": {"fetchMarkets": {"types": ["spot", "linear"]}},
    "bitget": {"fetchMarkets": {"types": ["spot", "swap"]}, "uta": False},
}


@asynccontextmanager
async def client(net: Localnet, name: str, **config: Any) -> AsyncIterator[Any]:
    """A ccxt.pro client of the name, its own keys and CA, everything else as it comes."""
    venue = net.describe()["venues"]["binance" if name == "binanceusdm" else name]
    settings = {
        "apiKey": venue["api_key"],
        "secret": venue["secret"],
        "password": venue["password"],
        "cafile": str(net.ca_file),
        "options": OPTIONS[name],
        "enableRateLimit": False,
    }
    exchange = getattr(ccxt.pro, name)({**settings, **config})
    exchange.open()
    exchange.tcp_connector._resolver = LoopResolver(net.port)
    try:
        yield exchange
    finally:
        await exchange.close()


def still(**changes: Any) -> LocalnetParams:
    """A market where nothing happens by itself."""
    return LocalnetParams(**{"world": STILL, "book_interval_s": 0.02, **changes})


@asynccontextmanager
async def quiet_net(**changes: Any) -> AsyncIterator[Localnet]:
    """Exchanges over a market that stands still."""
    async with serve(still(**changes)) as net:
        yield net


async def soon(waiting: Awaitable[T]) -> T:
    """What comes within the time a test may take."""
    return await asyncio.wait_for(waiting, WAIT_S)


async def listening(net: Localnet, venue: str, watch: Awaitable[T]) -> asyncio.Task[T]:
    """Start to watch; returns once the venue has the (new) subscription."""
    server = net.venues[venue]
    before, task = server.subscriptions(), asyncio.ensure_future(watch)
    await until(lambda: asyncio.sleep(0.005), lambda _: server.subscriptions() > before or task.done())
    return task  # type: ignore[return-value]


async def until(watch: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    """Watch until an update is the one wanted."""

    async def loop() -> Any:
        while True:
            found = await watch()
            if wanted(found):
                return found

    return await soon(loop())


def sweep(net: Localnet, venue: str, kind: str, side: int, tokens: str) -> int:
    """An outside taker takes `tokens` at any price; returns the lots done."""
    desk = getattr(net.engines[venue], "spot" if kind == "spot" else "perp")
    lots = desk.instrument.lots(Decimal(tokens))
    limit = 10**9 if side > 0 else 1

    return int(desk.exchange.sweep(Side(side), limit, lots, desk.now_ms * 1_000_000))


@asynccontextmanager
async def browser(net: Localnet) -> AsyncIterator[aiohttp.ClientSession]:
    """A bare HTTP and WebSocket client with the same resolver and authority."""
    context = ssl.create_default_context(cafile=net.ca_file)
    connector = aiohttp.TCPConnector(ssl=context, resolver=LoopResolver(net.port), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
