"""The journal's file: one SQLite database in WAL mode, and a small file beside it that holds the epoch.

Rule 1: a batch of facts and intents is one transaction and one link of a hash chain: whole or not there.
Rule 2: epoch and reserved ids are durable (fsync) before they are used, and kept twice: a journal that must
be moved aside never takes the fencing token with it.
Rule 3: same input, same bytes: no time, no randomness, fixed page size, checkpoint on close.
Rule 4: a damaged file is moved aside, never repaired in place and never deleted.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import orjson

from bot.model.errors import JournalError

SCHEMA_VERSION = 1
APPLICATION_ID = 0x424A524E
GENESIS = b"\0" * 32
_PAGE_BYTES = 4096

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE intents (seq INTEGER PRIMARY KEY, after_fact INTEGER NOT NULL, kind TEXT NOT NULL,
                      body TEXT NOT NULL);
CREATE TABLE batches (seq INTEGER PRIMARY KEY, last_fact INTEGER NOT NULL, last_intent INTEGER NOT NULL,
                      digest BLOB NOT NULL);
"""

# Statements that lift a journal from version n to n + 1. A version missing here cannot be opened.
MIGRATIONS: dict[int, tuple[str, ...]] = {}

FactRow = tuple[int, str, str]  # seq, kind, body
IntentRow = tuple[int, int, str, str]  # seq, after_fact, kind, body


def link(previous: bytes, facts: Sequence[FactRow], intents: Sequence[IntentRow]) -> bytes:
    """The chain's next digest: blake2b-256 over the previous one and every row of the batch.

    Bodies are compact JSON and hold no line break, so joining rows by line breaks is unambiguous.
    """
    lines = [f"f {seq} {kind} {body}" for seq, kind, body in facts]
    lines += [f"i {seq} {after} {kind} {body}" for seq, after, kind, body in intents]
    return blake2b(previous + "\n".join(lines).encode(), digest_size=32).digest()


class DiskFull(JournalError):
    """No space: the batch is kept and may be written later."""


class Store:
    """The open journal file. One writer; not safe for use from two threads at once."""

    def __init__(self, path: Path, durable: bool = True) -> None:
        """Open or create. `durable` False skips every fsync (simulated runs). Raises `JournalError`.

        A file that is not a sound journal is moved aside first; the error says where to.
        """
        self.path, self._durable = path, durable
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._open()
            self.last_fact, self.last_intent, self._batches, self._digest = self._check_tail()
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        self._ids_path = path.with_name(path.name + ".ids")
        self.epoch, self.ids_upto = self._identity()

    # ------------------------------------------------------------ open

    def _open(self) -> sqlite3.Connection:
        fresh = not self.path.exists()
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
        db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        db.execute(f"PRAGMA journal_mode={'WAL' if self._durable else 'MEMORY'}")
        db.execute(f"PRAGMA synchronous={'NORMAL' if self._durable else 'OFF'}")
        version, application = _pragma(db, "user_version"), _pragma(db, "application_id")
        if version == 0 and application == 0 and not _tables(db):
            create_or_migrate(db, _SCHEMA.split(";"), SCHEMA_VERSION)
            if fresh:
                os.chmod(self.path, 0o600)
                self._sync_folder()
        else:
            migrate(db, self.path)
        return db

    def _check_tail(self) -> tuple[int, int, int, bytes]:
        """The last batch must be whole: its rows, and nothing after them, give its digest."""
        db = self._db
        rows = db.execute("SELECT * FROM batches ORDER BY seq DESC LIMIT 2").fetchall()
        last_fact = db.execute("SELECT COALESCE(MAX(seq), 0) FROM facts").fetchone()[0]
        last_intent = db.execute("SELECT COALESCE(MAX(seq), 0) FROM intents").fetchone()[0]
        if not rows:
            if last_fact or last_intent:
                raise sqlite3.DatabaseError("rows without a batch")
            return 0, 0, 0, GENESIS
        seq, batch_fact, batch_intent, digest = rows[0]
        _, before_fact, before_intent, before = rows[1] if len(rows) > 1 else (0, 0, 0, GENESIS)
        facts = db.execute("SELECT * FROM facts WHERE seq > ? ORDER BY seq", (before_fact,)).fetchall()
        intents = db.execute("SELECT * FROM intents WHERE seq > ? ORDER BY seq", (before_intent,)).fetchall()
        if (last_fact, last_intent) != (batch_fact, batch_intent) or link(before, facts, intents) != digest:
            raise sqlite3.DatabaseError(f"the last batch ({seq}) does not match its digest")
        return last_fact, last_intent, seq, digest

    def _unusable(self, error: sqlite3.DatabaseError) -> JournalError:
        if _passing(error):
            return JournalError(
                f"{self.path}: {error}: check the disk, its space and the owner, then start again"
            )
        moved = quarantine(self.path)
        return JournalError(
            f"{self.path}: damaged ({error}); moved to {moved}: look at it with `bot journal verify`. "
            "Starting again begins a new journal: the epoch goes on, positions are rebuilt from the venues, "
            "opening balances are booked anew; check both deltas before you resume"
        )

    # ------------------------------------------------------------ epoch and ids

    def _identity(self) -> tuple[int, int]:
        rows = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        epoch, ids_upto = int(rows.get("epoch", 0)), int(rows.get("ids_upto", 0))
        if self._ids_path.exists():
            try:
                kept = orjson.loads(self._ids_path.read_bytes())
                epoch, ids_upto = max(epoch, int(kept["epoch"])), max(ids_upto, int(kept["ids_upto"]))
            except (ValueError, KeyError, TypeError) as error:
                if not epoch:
                    raise JournalError(
                        f"{self._ids_path}: cannot be read ({error}) and the journal is new: write into it "
                        '{"epoch": N, "ids_upto": M} with N above the epoch of every order on the venues'
                    ) from error
        return epoch, ids_upto

    def set_identity(self, epoch: int, ids_upto: int) -> None:
        """Make epoch and reserved ids durable, in both places, before returning."""
        try:
            self._write_ids_file(epoch, ids_upto)
            if self._durable:
                self._db.execute("PRAGMA synchronous=FULL")
            rows = [("epoch", str(epoch)), ("ids_upto", str(ids_upto)), ("schema", str(SCHEMA_VERSION))]
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
            self._db.execute("COMMIT")
            if self._durable:
                self._db.execute("PRAGMA synchronous=NORMAL")
        except (sqlite3.Error, OSError) as error:
            self._rollback()
            raise _write_error(self.path, error) from error
        self.epoch, self.ids_upto = epoch, ids_upto

    def _write_ids_file(self, epoch: int, ids_upto: int) -> None:
        fresh = self._ids_path.with_name(self._ids_path.name + ".new")
        with open(fresh, "wb") as file:
            file.write(orjson.dumps({"epoch": epoch, "ids_upto": ids_upto}) + b"\n")
            if self._durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(self._ids_path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        if self._durable:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    # ------------------------------------------------------------ write

    def write(self, facts: Sequence[FactRow], intents: Sequence[IntentRow]) -> None:
        """Commit one batch, numbered on from the last. Raises `DiskFull` or `JournalError`."""
        digest = link(self._digest, facts, intents)
        last_fact = facts[-1][0] if facts else self.last_fact
        last_intent = intents[-1][0] if intents else self.last_intent
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO facts VALUES (?, ?, ?)", facts)
            db.executemany("INSERT INTO intents VALUES (?, ?, ?, ?)", intents)
            db.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?)", (self._batches + 1, last_fact, last_intent, digest)
            )
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise _write_error(self.path, error) from error
        self._batches += 1
        self._digest, self.last_fact, self.last_intent = digest, last_fact, last_intent

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Move everything into the main file and close it."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise _write_error(self.path, error) from error
        finally:
            self._db.close()


def create_or_migrate(db: sqlite3.Connection, statements: Sequence[str], version: int) -> None:
    """Run schema statements and stamp the version, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for statement in statements:
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={version}")
    db.execute("COMMIT")


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Lift an older journal to this version, step by step; refuse what is not ours or is newer."""
    if _pragma(db, "application_id") != APPLICATION_ID:
        db.close()
        raise JournalError(f"{path}: is a database but no journal of this program: set another journal.path")
    version = _pragma(db, "user_version")
    while version < SCHEMA_VERSION:
        if version not in MIGRATIONS:
            raise JournalError(f"{path}: schema {version} is too old: open it with the program that wrote it")
        create_or_migrate(db, MIGRATIONS[version], version + 1)
        version += 1
    if version > SCHEMA_VERSION:
        db.close()
        raise JournalError(
            f"{path}: schema {version}, but this program knows up to {SCHEMA_VERSION}: "
            "install the newer program again, or set another journal.path"
        )


def quarantine(path: Path) -> Path:
    """Move a damaged journal and its WAL aside as the first free `<name>.damaged-N`; returns that path."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
    return target


def quarantined(path: Path) -> tuple[Path, ...]:
    """Damaged journals that were moved aside here, oldest first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return tuple(sorted(p for p in found if not p.name.endswith(("-wal", "-shm"))))


_PASSING = (
    *("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR"),
    *("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY", "SQLITE_AUTH"),
)


def _passing(error: sqlite3.DatabaseError) -> bool:
    """Not the file's fault: locked, no space, no right, an I/O error of the device."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return name.startswith(_PASSING)


def _write_error(path: Path, error: Exception) -> JournalError:
    full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "errno", 0) == 28
    if full:
        return DiskFull(f"{path}: the disk is full: free some space; until then no new risk is taken")
    return JournalError(f"{path}: cannot be written ({error}): check the disk; the daemon must be restarted")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _tables(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0])
