"""Several nodes, one of them believed: who leads, and whether the others contradict.

Rule 1: the leader stays while it lives and is not a block time behind the highest node.
Rule 2: a new leader must not take us back in height; only the leader itself may (it saw the chain undone).
Rule 3: where nodes tell different chains below the race at the top, the majority counts; a tie holds all.
"""

from __future__ import annotations

from bot.chain.heads import disagree
from bot.chain.line import Line

BEHIND_BLOCKS = 2


class Nodes:
    """The lines to all nodes."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self._leader: Line | None = None

    def choose(self, floor: int) -> Line | None:
        """The line to read from; None when none is live and at height `floor` or nearly so."""
        tops = [(line, line.track.top) for line in self.lines if line.live]
        live = [(line, top.number) for line, top in tops if top is not None and top.hash != line.refused]
        if not live:
            return None
        highest, top = max(live, key=lambda pair: pair[1])
        setup = highest.setup
        racing = setup.clock.monotonic() - highest.moved_s <= setup.block_time_s
        for line, number in live:
            if line is self._leader and (number == top or (racing and number >= top - BEHIND_BLOCKS)):
                return line
        ready = [(line, number) for line, number in live if number >= floor - BEHIND_BLOCKS]
        if not ready:
            return None
        self._leader = max(ready, key=lambda pair: pair[1])[0]
        return self._leader

    def leads(self, line: Line) -> bool:
        """Whether this line is the one believed."""
        return line is self._leader

    def any_live(self) -> bool:
        """Whether at least one node talks."""
        return any(line.live for line in self.lines)

    def contradicting(self, line: Line) -> tuple[list[str], bool]:
        """(names of nodes that tell another chain than `line`, whether `line` may be believed anyway).

        A line that a majority contradicts is dropped.
        """
        others = [other for other in self.lines if other is not line and other.live]
        against = [other.name for other in others if disagree(line.track, other.track)]
        if 2 * len(against) > len(others) + 1:
            line.drop()
            self._leader = None
        return against, 2 * len(against) < len(others) + 1
