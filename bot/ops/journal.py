"""The journal: every fact and every order intent, in order, on disk within 10 ms; nobody waits for it.

Rule 1: `append` and `intent` only queue. Live, one writer thread commits groups; on a virtual clock batches
are written inline by count, so that the same run gives the same bytes.
Rule 2: the epoch and the block of client ids are durable before they are used; everything else may lose its
last 10 ms in a crash, and the start-up reconcile does not lean on it.
Rule 3: a journal that cannot write says so once (`on_health`) and keeps what it was given: the daemon takes
no new risk, but fills are still booked and cancels still sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.model.errors import JournalError
from bot.model.facts import Fact
from bot.ops.codec import Intent, encode, kind_of
from bot.ops.journal_read import JournalReader
from bot.ops.journal_store import DiskFull, FactRow, IntentRow, Store

__all__ = ["FactLog", "IntentLog", "Journal", "JournalOptions", "NoJournal"]


class FactLog(Protocol):
    """Where the aggregator writes facts before it applies them."""

    def append(self, facts: Sequence[Fact]) -> None:
        """Queue facts in this order."""
        ...


class IntentLog(Protocol):
    """Where the guard writes an order before it is sent."""

    def intent(self, intent: Intent) -> None:
        """Queue an intent."""
        ...


class NoJournal:
    """Keeps nothing (sweeps and benchmarks)."""

    def append(self, facts: Sequence[Fact]) -> None:
        """Drop the facts."""

    def intent(self, intent: Intent) -> None:
        """Drop the intent."""


def _ignore(problem: str | None) -> None:
    return None


@dataclass(frozen=True, slots=True)
class JournalOptions:
    """How to write.

    `inline`: no thread and no fsync, batches of `batch_records` (virtual clock). `group_commit_s`: how long
    the writer gathers a group. `on_health(text | None)`: called when writing starts to fail (what and the
    remedy) and when it works again (None); live it is called in the writer's thread. `backlog_max`: records
    kept in memory while the disk refuses them; beyond it they are counted in `lost`.
    """

    inline: bool = False
    group_commit_s: float = 0.004
    batch_records: int = 512
    retry_s: float = 1.0
    backlog_max: int = 1_000_000
    on_health: Callable[[str | None], None] = _ignore


_IDS_AHEAD = 200_000  # client ids reserved in the background before they are asked for
_RESERVE_WAIT_S = 10.0
_YIELD_EVERY = 16  # intents encoded before the writer lets the event loop run …
_YIELD_S = 50e-6  # … for at least this long


class Journal:
    """One deal's journal. Call `begin_epoch` once before writing, `close` at the end."""

    def __init__(self, path: Path, options: JournalOptions | None = None) -> None:
        self.path, self._options = path, options or JournalOptions()
        self._store = Store(path, durable=not self._options.inline)
        self._next_fact = self._store.last_fact + 1
        self._next_intent = self._store.last_intent + 1
        self._facts: list[FactRow] = []
        self._intents: list[tuple[int, int, Intent]] = []
        self._lock = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._reserved = threading.Condition()
        self._ids_wanted = 0
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        self.lost = 0
        self._fatal = False

    # ------------------------------------------------------------ start

    @property
    def last_fact(self) -> int:
        """Sequence number of the last fact queued (0 = none)."""
        return self._next_fact - 1

    @property
    def epoch(self) -> int:
        """The epoch last made durable."""
        return self._store.epoch

    @property
    def first_id(self) -> int:
        """The first client-id sequence number that no earlier run can have used."""
        return self._store.ids_upto

    def replay(self) -> Iterator[Fact]:
        """Every committed fact, oldest first, chain checked on the way. Raises `JournalError` at damage."""
        with JournalReader(self.path) as reader:
            yield from reader.facts()

    def begin_epoch(self) -> int:
        """Bump the fencing token durably, start writing, and return the new epoch."""
        epoch = self._store.epoch + 1
        self._store.set_identity(epoch, self._store.ids_upto)
        if not self._options.inline:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        return epoch

    def reserve_ids(self, upto: int) -> None:
        """Make every id below `upto` durable before returning.

        Live, the writer keeps a margin ahead, so that only the first call of a run waits for the disk.
        Raises `JournalError` when it cannot be done.
        """
        if self._thread is None:
            self._store.set_identity(self._store.epoch, max(upto, self._store.ids_upto))
            return
        with self._reserved:
            self._ids_wanted = max(self._ids_wanted, upto + _IDS_AHEAD)
            self._wake.set()
            done = self._reserved.wait_for(
                lambda: self._store.ids_upto >= upto or self.problem is not None, _RESERVE_WAIT_S
            )
        if self._store.ids_upto < upto:
            slow = f"{self.path}: the disk did not answer in {_RESERVE_WAIT_S:g} s"
            reason = self.problem if done else slow
            raise JournalError(f"cannot reserve client ids: {reason}")

    # ------------------------------------------------------------ write

    def append(self, facts: Sequence[Fact]) -> None:
        """Queue facts in this order. Raises `CodecError` for one that holds a non-finite number."""
        rows = [(kind_of(fact), encode(fact).decode()) for fact in facts]
        with self._lock:
            seq = self._next_fact
            for kind, body in rows:
                self._facts.append((seq, kind, body))
                seq += 1
            self._next_fact = seq
        self._queued()

    def intent(self, intent: Intent) -> None:
        """Queue an order intent; it is turned into bytes later, off the order path."""
        with self._lock:
            self._intents.append((self._next_intent, self._next_fact - 1, intent))
            self._next_intent += 1
        self._queued()

    @property
    def behind(self) -> int:
        """Records queued and not yet committed."""
        return len(self._facts) + len(self._intents)

    def _queued(self) -> None:
        if self._thread is not None:
            if not self._wake.is_set():
                self._wake.set()
        elif len(self._facts) + len(self._intents) >= self._options.batch_records:
            self._write_pending()

    def flush(self) -> None:
        """Write what is queued now (inline mode; live the writer does it by itself)."""
        if self._thread is None:
            self._write_pending()

    def close(self) -> None:
        """Write the rest, stop the writer, move everything into the main file. Raises `JournalError`."""
        self._stop_writer()
        self._write_pending()
        self._store.close()
        if self.behind:
            raise JournalError(f"{self.behind} records were not written: {self.problem}")

    def abandon(self) -> None:
        """Drop what is queued and close: what a crash would leave (scenarios)."""
        with self._lock:
            self._facts, self._intents = [], []
        self._stop_writer()
        self._store.close()

    def _stop_writer(self) -> None:
        if self._thread is not None:
            self._closing.set()
            self._wake.set()
            self._thread.join()
            self._thread = None

    # ------------------------------------------------------------ the writer

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            pause = self._options.retry_s if self.problem else self._options.group_commit_s
            if self._ids_wanted <= self._store.ids_upto:
                self._closing.wait(pause)
            self._wake.clear()
            self._reserve_ahead()
            self._write_pending()
            if self.problem and not self._fatal:
                self._wake.set()  # try again after the pause

    def _reserve_ahead(self) -> None:
        if self._ids_wanted <= self._store.ids_upto or self._fatal:
            return
        with self._reserved:
            try:
                self._store.set_identity(self._store.epoch, self._ids_wanted)
            except JournalError as error:
                self._failed(error)
            self._reserved.notify_all()

    def _write_pending(self) -> None:
        with self._lock:
            facts, queued = self._facts, self._intents
            if self._fatal or not (facts or queued):
                self._drop_excess()
                return
            self._facts, self._intents = [], []
        intents = self._encoded(queued)
        try:
            self._store.write(facts, intents)
        except JournalError as error:
            with self._lock:
                self._facts, self._intents = facts + self._facts, queued + self._intents
                self._drop_excess()
            self._failed(error)
        else:
            if self.problem is not None:
                self.problem = None
                self._options.on_health(None)

    def _encoded(self, queued: list[tuple[int, int, Intent]]) -> list[IntentRow]:
        rows: list[IntentRow] = []
        for index, (seq, after, intent) in enumerate(queued, start=1):
            rows.append((seq, after, kind_of(intent), encode(intent).decode()))
            if index % _YIELD_EVERY == 0 and self._thread is not None:
                self._closing.wait(_YIELD_S)  # hand the interpreter to the event loop between small chunks
        return rows

    def _drop_excess(self) -> None:
        excess = len(self._facts) + len(self._intents) - self._options.backlog_max
        if excess > 0:
            # The chain must stay gapless on disk, so nothing may be written after a loss: it is fatal.
            self._fatal = True
            self.lost += excess
            del self._intents[: min(excess, len(self._intents))]
            del self._facts[self._options.backlog_max :]

    def _failed(self, error: JournalError) -> None:
        self._fatal = self._fatal or not isinstance(error, DiskFull)
        if self.problem is None:
            self.problem = str(error)
            self._options.on_health(self.problem)
