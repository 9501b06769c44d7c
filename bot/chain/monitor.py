"""Watch our positions on the chain: one fact per block, sooner when a swap is announced.

Rule 1: absolute readings only. A reorganisation, a gap, a new line need no undoing: the next one replaces.
Rule 2: one pinned multicall per head; a Swap or Sync log moves principal and delta before it, with no call.
Rule 3: no data is never no exposure. A reading in doubt is held back and alarmed, and the last one grows old.
Rule 4: no private key, no transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from bot.chain import decode, fastpath
from bot.chain.abi import AbiError
from bot.chain.aim import aim, filters, widened
from bot.chain.alarms import Alarms, Sink
from bot.chain.decode import Head, Log
from bot.chain.finality import Finality
from bot.chain.gate import GateLimits
from bot.chain.heads import Step
from bot.chain.judge import Judge
from bot.chain.line import Endpoint, Line, LineSetup
from bot.chain.multiread import MultiRead, Targets
from bot.chain.nodes import Nodes
from bot.chain.reading import Told, holdings, observed
from bot.chain.rpc import LineDown, Rpc, RpcError
from bot.chain.state import ChainState, Pair
from bot.chain.verify import Request
from bot.clock import Clock
from bot.model.errors import ConfigError
from bot.model.facts import PoolObserved

RETRIES, RETRY_S = 5, 0.03


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """What to watch and through which nodes. `reference` gives the perp's mark in USDT, None = unknown."""

    endpoints: tuple[Endpoint, ...]
    request: Request
    block_time_s: float = 0.45
    gate: GateLimits = field(default_factory=GateLimits)
    reference: Callable[[], float | None] = lambda: None


class ChainMonitor:
    """The watcher. `run` until cancelled; facts and alarms go to `sink`, in the turn they are known."""

    def __init__(self, config: MonitorConfig, sink: Sink, clock: Clock) -> None:
        self.config, self._sink, self._clock = config, sink, clock
        self.nodes = Nodes([])
        self.last: PoolObserved | None = None
        self._alarms, self._finality = Alarms(sink, clock), Finality()
        self._contested = False
        self._wake = asyncio.Event()
        self._reader: MultiRead | None = None
        self._judge: Judge | None = None
        self._state: ChainState | None = None
        self._read_hash = self._retried = self._minted = ""
        self._retries = 0
        self._fees: dict[str, Pair] = {}
        self._fast: tuple[str, ChainState] | None = None
        self._held: tuple[Line, Head, ChainState] | None = None
        self._widen = False

    async def run(self) -> None:
        """Verify, then watch. Raises `ConfigError` where contracts or positions are not as they should be."""
        async with aiohttp.ClientSession() as session:
            targets = await aim(self.config.request, self.config.endpoints, session, self._alarms.tell)
            self._aim(targets)
            setup = LineSetup(
                session,
                self._clock,
                self.config.block_time_s,
                targets.contracts.chain_id,
                filters(targets),
            )
            self.nodes = Nodes([Line(endpoint, setup, self) for endpoint in self.config.endpoints])
            async with asyncio.TaskGroup() as group:
                for line in self.nodes.lines:
                    group.create_task(line.run())
                group.create_task(self._read_on())

    # What lines report, in the turn of the frame.

    def on_head(self, line: Line, head: Head, step: Step) -> None:
        """A node's top changed: read again."""
        self._alarms.line_is_back(line.name)
        if step.reorganised:
            self._fast = None
            if self.nodes.leads(line):
                words = f"{line.name}: {step.dropped} blocks undone, now at {head.number}"
                self._alarms.tell("lp_reorg", words, "warning" if step.dropped > 2 else "info")
        self._wake.set()

    def on_log(self, line: Line, log: Log) -> None:
        """A log of the pool, the pair or the owner's tokens arrived."""
        targets, state = self._targets, self._state
        if log.kind == decode.TRANSFER:
            if log.address == targets.pair:
                self._minted = log.block_hash  # liquidity was added or taken: the Sync after it is not enough
            else:
                self._widen = True
            return
        if log.removed or state is None or log.block <= state.block or not self.nodes.leads(line):
            return
        if self._contested or (log.address == targets.pair and log.block_hash == self._minted):
            return
        base = self._fast[1] if self._fast is not None and self._fast[1].block > state.block else state
        try:
            moved = fastpath.apply(base, log, targets)
        except AbiError as error:
            self.on_trouble(line, "lp_bad_data", f"{line.name}: {error}")
            return
        if moved is None:
            return
        self._fast = (log.block_hash, moved)
        if self._judge is not None and self._judge.calm(moved, self.config.reference()):
            self._emit(moved, Head(log.block, log.block_hash, "", 0), line.name, self._fees)

    def on_trouble(self, line: Line, code: str, words: str) -> None:
        """A line was dropped or talks nonsense: somebody else is asked."""
        self._alarms.tell(code, words, "warning" if self.nodes.any_live() else "critical", line.name)
        self._wake.set()

    # Reading.

    async def _read_on(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.config.block_time_s):
                    await self._wake.wait()
            self._wake.clear()
            line = self.nodes.choose(0 if self._state is None else self._state.block)
            if line is None or line.rpc is None or line.track.top is None:
                if self.nodes.any_live():
                    words = "every node that talks is behind the last reading, or gives none to believe"
                    self._alarms.tell("lp_no_reading", words, "critical")
                continue
            if self._widen:
                await self._find_more(line.rpc)
            if line.track.top.hash != self._read_hash:
                await self._read(line, line.rpc, line.track.top)
            elif self._held is not None and self._held[0] is line:
                await self._consider(*self._held)  # another node may have come to say the same

    async def _read(self, line: Line, rpc: Rpc, head: Head) -> None:
        assert self._reader is not None
        try:
            state = await self._reader.read(rpc, head.hash)
            if state.block != head.number:
                raise AbiError(f"asked for block {head.number}, answered for {state.block}")
            lag = await self._finality.look(rpc, head)
        except LineDown as error:
            line.drop()
            self.on_trouble(line, "lp_line_down", str(error))
            return
        except RpcError as error:
            await self._refused(line, head, error)
            return
        except AbiError as error:
            line.refused = head.hash
            self._alarms.tell("lp_bad_data", f"{line.name}: {error}", "critical", line.name)
            self._wake.set()
            return
        if lag:
            self._alarms.tell("lp_finality_lag", lag)
        if line.track.hash_at(head.number) == head.hash:
            self._read_hash = head.hash
            await self._consider(line, head, state)

    async def _refused(self, line: Line, head: Head, error: RpcError) -> None:
        """Announced before it can be read, or no longer the chain: ask again, then ask another node."""
        self._retries = self._retries + 1 if self._retried == head.hash else 1
        self._retried = head.hash
        if self._retries > RETRIES:
            line.refused = head.hash
            self._alarms.tell("lp_cannot_read", f"{line.name}: {error}", "warning", line.name)
        await asyncio.sleep(RETRY_S)
        self._wake.set()

    async def _consider(self, line: Line, head: Head, state: ChainState) -> None:
        if self._fast is not None and self._fast[0] == head.hash and self._minted != head.hash:
            wrong = fastpath.differences(self._fast[1], state)
            if wrong:
                self._alarms.tell("lp_fast_path_mismatch", f"block {head.number}: {wrong}", "critical")
        against, believed = self.nodes.contradicting(line)
        if against:
            words = f"{line.name} and {', '.join(against)} tell different chains"
            self._alarms.tell("lp_nodes_disagree", words, "critical")
        self._contested = not believed
        if self._contested:
            return
        assert self._judge is not None
        verdict = await self._judge.judge(state, self.config.reference(), line, self.nodes.lines)
        for code, words, severity in verdict.alarms:
            self._alarms.tell(code, words, severity)
        self._held = None if verdict.accepted else (line, head, state)
        if not verdict.accepted:
            return
        self._alarms.reading_accepted()
        self._state = self._judge.last = state
        self._fees = {holding.position_id: holding.fees for holding in holdings(state)}
        self._emit(state, head, line.name, None)

    def _emit(self, state: ChainState, head: Head, provider: str, fees: dict[str, Pair] | None) -> None:
        told = Told(self._clock.now_ns(), head, provider, self._finality.block)
        self.last = observed(state, self._targets.order, told, fees)
        self._sink(self.last)

    # Aim.

    @property
    def _targets(self) -> Targets:
        assert self._reader is not None
        return self._reader.targets

    def _aim(self, targets: Targets) -> None:
        self._reader = MultiRead(targets)
        judge = Judge(self._reader, self.config.gate, len(self.config.endpoints))
        judge.last = self._judge.last if self._judge is not None else None
        self._judge = judge

    async def _find_more(self, rpc: Rpc) -> None:
        """The owner received a position: take it in."""
        before = self._targets
        try:
            targets = await widened(rpc, self.config.request, before)
        except (LineDown, RpcError, AbiError):
            return  # asked again with the next head
        except ConfigError as error:
            self._widen = False
            self._alarms.tell("lp_position_unclear", str(error), "critical")
            return
        self._widen = False
        if targets is not before:
            self._aim(targets)
            self._read_hash = ""
            fresh = ", ".join(f"v3:{nft.token_id}" for nft in targets.nfts[len(before.nfts) :])
            self._alarms.tell("lp_position_found", fresh, "info")
