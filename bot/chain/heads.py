"""The chain as one node tells it: which hash stands at which height, and what a new head means. Pure.

Rule 1: a reorganisation is known by a height not above the known top or a parent that is not its hash;
`removed` logs are never needed for it, because not every node sends them.
Rule 2: bounded memory: the last 128 heights.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.chain.decode import Head

KEPT = 128


@dataclass(frozen=True, slots=True)
class Step:
    """What a head did: nothing (`known`), one block, a gap of `missed` blocks, or `dropped` blocks undone."""

    known: bool = False
    missed: int = 0
    dropped: int = 0

    @property
    def reorganised(self) -> bool:
        """Whether blocks we had seen are no longer in the chain."""
        return self.dropped > 0


class HeadTrack:
    """The heads one node has told."""

    def __init__(self) -> None:
        self.top: Head | None = None
        self._hashes: dict[int, str] = {}

    def hash_at(self, number: int) -> str | None:
        """The hash this node last told for a height, if still kept."""
        return self._hashes.get(number)

    def observe(self, head: Head) -> Step:
        """Take a head in; says what it means against what was known."""
        top = self.top
        if top is None:
            self._append(head)
            return Step()
        if head.hash == top.hash:
            return Step(known=True)
        if head.number > top.number and self._hashes.get(head.number - 1, head.parent) == head.parent:
            missed = head.number - top.number - 1
            self._append(head)
            return Step(missed=missed)
        dropped = self._drop(head)
        self._append(head)
        return Step(dropped=dropped)

    def _append(self, head: Head) -> None:
        self.top = head
        self._hashes[head.number] = head.hash
        self._hashes[head.number - 1] = head.parent
        for old in [n for n in self._hashes if n <= head.number - KEPT]:
            del self._hashes[old]

    def _drop(self, head: Head) -> int:
        """Forget every height the new head contradicts: its own and above, and its parent's if it differs."""
        kept = head.number if self._hashes.get(head.number) == head.hash else head.number - 1
        if self._hashes.get(head.number - 1, head.parent) != head.parent:
            kept = head.number - 2
        gone = [n for n in self._hashes if n > kept]
        for number in gone:
            del self._hashes[number]
        return len(gone)


def disagree(ours: HeadTrack, theirs: HeadTrack, settled: int = 2) -> bool:
    """Whether two nodes tell different hashes for a height `settled` blocks below both tops.

    Nearer to the top a difference is an ordinary race; a height one of them does not know decides nothing.
    """
    if ours.top is None or theirs.top is None:
        return False
    number = min(ours.top.number, theirs.top.number) - settled
    mine, other = ours.hash_at(number), theirs.hash_at(number)
    return mine is not None and other is not None and mine != other
