"""Decide whether a reading is passed on, asking a second node where it looks wrong.

Rule 1: suspicion costs at most one call per other node and block; an ordinary reading costs none.
Rule 2: an only node cannot confirm itself: then the perp's mark may confirm that a range was left, and
nothing confirms that a position vanished or was drained.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.chain import gate
from bot.chain.abi import AbiError
from bot.chain.alarms import Severity
from bot.chain.gate import GateLimits
from bot.chain.line import Line
from bot.chain.multiread import MultiRead
from bot.chain.rpc import LineDown, RpcError
from bot.chain.state import ChainState

Alarm = tuple[str, str, Severity]
"""Code, words, severity."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the reading counts, and what an operator must see."""

    accepted: bool
    alarms: tuple[Alarm, ...] = field(default=())


class Judge:
    """`last` is the last accepted state, against which all is judged; None accepts the next as it is."""

    def __init__(self, reader: MultiRead, limits: GateLimits, nodes: int) -> None:
        self._reader, self._limits, self._nodes = reader, limits, nodes
        self._order = reader.targets.order
        self.last: ChainState | None = None
        self._doubted: dict[str, int] = {}
        self._held = False

    def calm(self, state: ChainState, reference: float | None) -> bool:
        """Whether nothing about it needs a second look (for what comes before the full reading)."""
        if self.last is None or self._held:
            return False
        if gate.suspicions(self.last, state, self._order, self._limits):
            return False
        return not gate.jump(self.last, state, self._order, reference, self._limits)

    async def judge(
        self, state: ChainState, reference: float | None, line: Line, lines: list[Line]
    ) -> Verdict:
        """Judge a full reading from `line`."""
        if self.last is None:
            if state.gone:
                return Verdict(False, (("lp_position_gone", "; ".join(state.gone), "critical"),))
            return Verdict(True)
        found = gate.suspicions(self.last, state, self._order, self._limits)
        jumped = gate.jump(self.last, state, self._order, reference, self._limits)
        if jumped:
            found["lp_price_jump"] = jumped
        self._doubted = {code: self._doubted.get(code, state.block) for code in found}
        if not found:
            return self._release()
        open_points = await self._open(found, state, reference, [x for x in lines if x is not line])
        if open_points:
            self._held = True
            since = f"exposure frozen at block {self.last.block}"
            held: list[Alarm] = [(code, f"{found[code]}: {since}", "critical") for code in open_points]
            return Verdict(False, tuple(held))
        confirmed: list[Alarm] = [
            (c, f"{words}: confirmed, followed", "warning") for c, words in found.items()
        ]
        self._doubted, self._held = {}, False
        return Verdict(True, tuple(confirmed))

    def _release(self) -> Verdict:
        if not self._held:
            return Verdict(True)
        self._held = False
        return Verdict(True, (("lp_released", "the chain is believed again", "info"),))

    async def _open(
        self, found: dict[str, str], state: ChainState, reference: float | None, others: list[Line]
    ) -> list[str]:
        """The suspicions that stay unconfirmed."""
        assert self.last is not None
        unconfirmed = dict(found)
        jumped = unconfirmed.pop("lp_price_jump", "")
        alone = self._nodes < self._limits.confirm_nodes
        marked = alone and gate.agrees(state, self._order, reference, self._limits)
        if marked and set(unconfirmed) == {gate.OUT_OF_RANGE}:
            unconfirmed.clear()
        if unconfirmed and await self._witnesses(set(unconfirmed), others) >= self._limits.confirm_nodes - 1:
            for code in [*unconfirmed]:
                waited = state.block - self._doubted[code]
                if code == gate.OUT_OF_RANGE or waited >= self._limits.confirm_blocks - 1:
                    del unconfirmed[code]
        stood = jumped and reference is None and state.block - self._doubted["lp_price_jump"]
        if jumped and not (stood and stood >= self._limits.stand_blocks):
            unconfirmed["lp_price_jump"] = jumped
        return list(unconfirmed)

    async def _witnesses(self, codes: set[str], others: list[Line]) -> int:
        """How many other nodes say the same, each at its own top."""
        answers = await asyncio.gather(*(self._also_says(line, codes) for line in others))
        return sum(answers)

    async def _also_says(self, line: Line, codes: set[str]) -> bool:
        rpc, top = line.rpc, line.track.top
        if self.last is None or rpc is None or top is None or not line.live:
            return False
        try:
            state = await self._reader.read(rpc, top.hash)
        except (LineDown, RpcError, AbiError):
            return False
        return codes <= set(gate.suspicions(self.last, state, self._order, self._limits))
