"""Reading a journal: replay its facts, verify its chain. Never writes.

Rule 1: nothing is handed out before the digest of its batch was checked.
Rule 2: damage is named by place: the batch, and the last fact before it that can be trusted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from bot.model.errors import JournalError
from bot.model.facts import Fact
from bot.ops.codec import CodecError, Intent, decode
from bot.ops.journal_store import APPLICATION_ID, GENESIS, SCHEMA_VERSION, FactRow, IntentRow, link


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. `trusted_fact` is the last fact before the first damage (all of them if `ok`)."""

    ok: bool
    facts: int
    intents: int
    batches: int
    epoch: int
    ids_upto: int
    trusted_fact: int
    kinds: tuple[tuple[str, int], ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    seq: int
    facts: list[FactRow]
    intents: list[IntentRow]


class JournalReader:
    """A journal opened for reading, also while a daemon writes to it: it sees the state at the first read."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise JournalError(f"{path}: no journal there: give the path of a `journal.db`")
        self.path = path
        try:
            uri = f"file:{quote(str(path.absolute()))}?mode=ro"
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None)
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise JournalError(f"{path}: cannot be read ({error}): no journal, or damaged") from error
        if application != APPLICATION_ID:
            raise JournalError(f"{path}: is a database but no journal of this program")
        if version != SCHEMA_VERSION:
            raise JournalError(
                f"{path}: schema {version}, not {SCHEMA_VERSION}: read it with the program that wrote it"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self) -> dict[str, int]:
        """`epoch` and `ids_upto` as last made durable (0 when never)."""
        rows = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        return {key: int(rows.get(key, 0)) for key in ("epoch", "ids_upto")}

    def facts(self) -> Iterator[Fact]:
        """Every fact in order. Raises `JournalError` at the first damage, after all facts before it."""
        for _, fact in self.numbered():
            yield fact

    def numbered(self) -> Iterator[tuple[int, Fact]]:
        """(sequence number from 1, fact) in order; like `facts`."""
        for batch in self._batches():
            for seq, kind, body in batch.facts:
                yield seq, decode(kind, body)  # type: ignore[misc]

    def intents(self) -> Iterator[tuple[int, Intent]]:
        """(sequence number of the last fact before it, intent) in order."""
        for batch in self._batches():
            for _, after, kind, body in batch.intents:
                yield after, decode(kind, body)  # type: ignore[misc]

    def _batches(self) -> Iterator[_Batch]:
        try:
            yield from self._walk()
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: the file is damaged ({error}): {_REMEDY}") from error

    def _walk(self) -> Iterator[_Batch]:
        db = self._db
        db.execute("BEGIN")  # one snapshot for all three cursors
        try:
            facts = db.execute("SELECT seq, kind, body FROM facts ORDER BY seq")
            intents = db.execute("SELECT seq, after_fact, kind, body FROM intents ORDER BY seq")
            digest, fact, intent, expected = GENESIS, 0, 0, 1
            for seq, last_fact, last_intent, stored in db.execute("SELECT * FROM batches ORDER BY seq"):
                batch = _Batch(
                    seq, list(islice(facts, last_fact - fact)), list(islice(intents, last_intent - intent))
                )
                digest = link(digest, batch.facts, batch.intents)
                whole = seq == expected and _follow(batch.facts, fact) and _follow(batch.intents, intent)
                if not whole or digest != stored:
                    what = "its rows do not give its digest" if whole else "rows are missing or out of order"
                    raise self._damaged(f"batch {expected} is damaged ({what})", fact)
                yield batch
                fact, intent, expected = last_fact, last_intent, expected + 1
            if facts.fetchone() or intents.fetchone():
                raise self._damaged("there are rows after the last batch", fact)
        finally:
            db.execute("ROLLBACK")

    def _damaged(self, what: str, sound: int) -> JournalError:
        return JournalError(f"{self.path}: {what}: facts 1 to {sound} are sound; {_REMEDY}")

    def verify(self) -> Verified:
        """Walk the whole chain, decode every row, and let SQLite check its own structure."""
        problems: list[str] = []
        counts = {"facts": 0, "intents": 0, "batches": 0}
        kinds: dict[str, int] = {}
        try:
            for batch in self._batches():
                for seq, kind, body in batch.facts:
                    decode(kind, body)
                    kinds[kind] = kinds.get(kind, 0) + 1
                    counts["facts"] = seq
                for _, _, kind, body in batch.intents:
                    decode(kind, body)
                    counts["intents"] += 1
                counts["batches"] = batch.seq
        except CodecError as error:
            problems.append(f"{self.path}: fact {counts['facts'] + 1}: {error}")
        except JournalError as error:
            problems.append(str(error))
        problems += self._structure()
        meta = {"epoch": 0, "ids_upto": 0} if problems else self.meta()
        return Verified(
            ok=not problems,
            trusted_fact=counts["facts"],
            kinds=tuple(sorted(kinds.items())),
            problems=tuple(problems),
            **counts,
            **meta,
        )

    def _structure(self) -> list[str]:
        try:
            rows = [row[0] for row in self._db.execute("PRAGMA integrity_check(10)")]
        except sqlite3.Error as error:
            rows = [str(error)]
        return [f"{self.path}: {row}" for row in rows if row != "ok"]


_REMEDY = "move the file aside, keep it, start again (the epoch goes on; positions come from venues)"


def _follow(rows: list[FactRow] | list[IntentRow], before: int) -> bool:
    return all(row[0] == before + offset for offset, row in enumerate(rows, start=1))
