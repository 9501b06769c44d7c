"""One node, kept in view: its WebSocket while that lives, HTTP polling while it does not.

Rule 1: silence is judged by us, not by the socket: after three block times without a head the node is asked,
and one that does not answer within the fourth is dropped. A frozen line looks like a quiet chain otherwise.
Rule 2: after every (re)connect the newest head is read: subscriptions and the blocks between are gone.
Rule 3: a node on another chain is never listened to.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from bot.chain import decode
from bot.chain.abi import AbiError
from bot.chain.decode import Head, Log
from bot.chain.heads import HeadTrack, Step
from bot.chain.rpc import HttpRpc, LineDown, Rpc, RpcError, WsRpc, host_of
from bot.clock import Clock
from bot.model.errors import ConfigError

QUIET_BLOCKS, PROBE_BLOCKS, DEAD_BLOCKS = 3.0, 0.8, 4.0
BACKOFF_S = (0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One node by its addresses; either may be absent, not both."""

    ws_url: str | None = None
    http_url: str | None = None

    @property
    def name(self) -> str:
        """Host and port: what may be shown."""
        return host_of(self.ws_url or self.http_url or "")


def endpoints(rpc_urls: Sequence[str], ws_urls: Sequence[str] = ()) -> tuple[Endpoint, ...]:
    """Pair WebSocket and HTTP addresses of the same host into one node each, in order."""
    by_host: dict[str, Endpoint] = {}
    for url in ws_urls:
        by_host.setdefault(host_of(url), Endpoint(ws_url=url))
    for url in rpc_urls:
        known = by_host.get(host_of(url))
        by_host[host_of(url)] = Endpoint(known.ws_url if known else None, url)
    if not by_host:
        raise ConfigError(["chain: no node is configured"])
    return tuple(by_host.values())


class LineEvents(Protocol):
    """Where a line reports. Every method is synchronous and quick."""

    def on_head(self, line: Line, head: Head, step: Step) -> None:
        """The node's top changed."""
        ...

    def on_log(self, line: Line, log: Log) -> None:
        """A subscribed log arrived, or was taken back (`removed`)."""
        ...

    def on_trouble(self, line: Line, code: str, words: str) -> None:
        """The line was dropped, or talks nonsense."""
        ...


@dataclass(frozen=True, slots=True)
class LineSetup:
    """What every line needs to know. `filters` are eth_subscribe log filters."""

    session: aiohttp.ClientSession
    clock: Clock
    block_time_s: float
    chain_id: int
    filters: tuple[dict[str, Any], ...] = ()


class Line:
    """A node and what it last told. `rpc` is the line to ask now, None while there is none.

    `moved_s` is when its top last changed; `refused` the hash of a block it
    announced but would not or could not rightly read.
    """

    def __init__(self, endpoint: Endpoint, setup: LineSetup, events: LineEvents) -> None:
        self.endpoint, self.setup, self._events = endpoint, setup, events
        self.name = endpoint.name
        self.track = HeadTrack()
        self.seen_s = self.moved_s = 0.0
        self.refused = ""
        self.calls = 0
        self._ws: WsRpc | None = None
        self._http = HttpRpc(endpoint.http_url, setup.session) if endpoint.http_url is not None else None
        self._chain_checked = False
        self._up = False

    @property
    def rpc(self) -> Rpc | None:
        """The way to ask the node now."""
        if not self._up:
            return None
        return self._ws if self._ws is not None else self._http

    @property
    def live(self) -> bool:
        """Whether the node spoke within four block times."""
        quiet_s = self.setup.clock.monotonic() - self.seen_s
        return self._up and self.track.top is not None and quiet_s <= DEAD_BLOCKS * self.setup.block_time_s

    def drop(self) -> None:
        """Somebody found the line dead: start over."""
        if self._ws is not None:
            self._ws.closed.set()
        self._up = False

    async def run(self) -> None:
        """Keep the node in view until cancelled."""
        pause, longest = BACKOFF_S
        while True:
            started = self.setup.clock.monotonic()
            if self.endpoint.ws_url is not None:
                await self._attempt(self._stream(self.endpoint.ws_url))
            if self.setup.clock.monotonic() - started > longest:
                pause = BACKOFF_S[0]
            if self._http is None:
                await asyncio.sleep(pause)
            else:
                until = None if self.endpoint.ws_url is None else self.setup.clock.monotonic() + pause
                await self._attempt(self._poll(self._http, until))
                if not self._up:
                    await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _attempt(self, work: Any) -> None:
        try:
            await work
        except (LineDown, RpcError, AbiError) as error:
            self._up = False
            self._events.on_trouble(self, "lp_line_down", str(error))

    async def _stream(self, url: str) -> None:
        ws = WsRpc(url, self.setup.session)
        try:
            await ws.open()
            await self._check_chain(ws)
            await ws.subscribe(["newHeads"], self._take_head)
            for item in self.setup.filters:
                await ws.subscribe(["logs", item], self._take_log)
            self._ws, self._up = ws, True
            self._take_head(await ws.call("eth_getBlockByNumber", ["latest", False]))
            await self._watch(ws)
        finally:
            self._ws, self._up = None, False
            self.calls += ws.calls
            await ws.close()

    async def _watch(self, ws: WsRpc) -> None:
        """Return by `LineDown` once the line is dead."""
        block_s, clock, unheard = self.setup.block_time_s, self.setup.clock, 0
        while True:
            wait_s = self.seen_s + QUIET_BLOCKS * block_s - clock.monotonic()
            if wait_s > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await ws.closed.wait()
                        raise LineDown(f"{self.name}: the line was cut")
                continue
            top = self.track.top
            raw = await ws.call("eth_getBlockByNumber", ["latest", False], timeout_s=PROBE_BLOCKS * block_s)
            self._take_head(raw)
            moved = top is not None and self.track.top is not None and self.track.top.number > top.number
            unheard = unheard + 1 if moved else 0
            if unheard > 1:
                raise LineDown(f"{self.name}: blocks come but are not announced")

    async def _poll(self, http: HttpRpc, until: float | None) -> None:
        """Ask for the newest head once per block time, until `until` (monotonic seconds; None = for ever)."""
        clock = self.setup.clock
        await self._check_chain(http)
        self._up = True
        while until is None or clock.monotonic() < until:
            block_s = self.setup.block_time_s
            raw = await http.call("eth_getBlockByNumber", ["latest", False], timeout_s=max(1.0, 2 * block_s))
            self._take_head(raw)
            await asyncio.sleep(block_s)
            if not self._up:
                return

    async def _check_chain(self, rpc: Rpc) -> None:
        if self._chain_checked:
            return
        raw = await rpc.call("eth_chainId", [])
        if not isinstance(raw, str) or int(raw, 16) != self.setup.chain_id:
            raise AbiError(
                f"{self.name} is on another chain ({raw}), not on {self.setup.chain_id}: not listened to"
            )
        self._chain_checked = True

    def _take_head(self, raw: Any) -> None:
        try:
            head = decode.head_from(raw)
        except AbiError as error:
            self._events.on_trouble(self, "lp_bad_data", f"{self.name}: {error}")
            return
        self.seen_s = self.setup.clock.monotonic()
        step = self.track.observe(head)
        if not step.known:
            self.moved_s = self.seen_s
            self._events.on_head(self, head, step)

    def _take_log(self, raw: Any) -> None:
        try:
            log = decode.log_from(raw)
        except AbiError as error:
            self._events.on_trouble(self, "lp_bad_data", f"{self.name}: {error}")
            return
        self._events.on_log(self, log)
