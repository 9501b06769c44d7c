"""The journal's file: whole batches, durable identity, damage moved aside, the same bytes every time."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.model.errors import JournalError
from bot.ops import journal_store
from bot.ops.journal_store import DiskFull, Store, link, quarantined

FACTS = [(1, "Ticked", '{"seen_ns":1}'), (2, "Ticked", '{"seen_ns":2}')]
INTENTS = [(1, 2, "Amend", '{"client_id":"a"}')]


def _written(path: Path) -> None:
    store = Store(path)
    store.write(FACTS, INTENTS)
    store.write([(3, "Ticked", '{"seen_ns":3}')], [])
    store.close()


def _identity(path: Path) -> tuple[int, int]:
    with closing(Store(path)) as store:
        return store.epoch, store.ids_upto


def _last_fact(path: Path) -> int:
    with closing(Store(path)) as store:
        return store.last_fact


def _edit(path: Path, statement: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(statement)
    db.close()


def test_a_new_journal_is_private_and_remembers_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.db"
    _written(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.with_name("journal.db-wal").exists()
    store = Store(path)
    assert (store.last_fact, store.last_intent) == (3, 1)
    store.close()


def test_the_chain_depends_on_every_part_of_every_row() -> None:
    whole = link(b"", FACTS, INTENTS)
    changed = [
        link(b"x", FACTS, INTENTS),
        link(b"", FACTS[:1], INTENTS),
        link(b"", [FACTS[0], (3, *FACTS[1][1:])], INTENTS),
        link(b"", [FACTS[0], (2, "Started", FACTS[1][2])], INTENTS),
        link(b"", FACTS, [(1, 1, *INTENTS[0][2:])]),
        link(b"", FACTS, []),
    ]
    assert len({whole, *changed}) == len(changed) + 1


def test_epoch_and_ids_are_durable_in_two_places(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path)
    assert (store.epoch, store.ids_upto) == (0, 0)
    store.set_identity(4, 100_000)
    store.close()
    assert path.with_name("journal.db.ids").read_text() == '{"epoch":4,"ids_upto":100000}\n'
    path.unlink()
    assert _identity(path) == (4, 100_000)


def test_the_newer_of_both_places_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path)
    store.set_identity(4, 100)
    store.close()
    path.with_name("journal.db.ids").write_text('{"epoch":2,"ids_upto":900}\n')
    assert _identity(path) == (4, 900)


def test_an_unreadable_identity_stops_only_a_new_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path)
    store.set_identity(4, 100)
    store.close()
    path.with_name("journal.db.ids").write_text("{")
    assert _identity(path)[0] == 4
    path.unlink()
    with pytest.raises(JournalError, match=r"journal\.db\.ids: cannot be read.*write into it"):
        Store(path)


DAMAGE = {
    "a changed body in the last batch": "UPDATE facts SET body = '{}' WHERE seq = 3",
    "a lost last fact": "DELETE FROM facts WHERE seq = 3",
    "a fact that belongs to no batch": "INSERT INTO facts VALUES (4, 'Ticked', '{}')",
    "a changed digest": "UPDATE batches SET digest = zeroblob(32) WHERE seq = 2",
    "no batches at all": "DELETE FROM batches",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_tail_is_moved_aside_with_a_remedy(tmp_path: Path, what: str) -> None:
    path = tmp_path / "journal.db"
    _written(path)
    _edit(path, DAMAGE[what])
    with pytest.raises(
        JournalError, match=r"damaged.*moved to .*journal\.db\.damaged-1.*verify.*Starting again"
    ):
        Store(path)
    assert quarantined(path) == (tmp_path / "journal.db.damaged-1",)
    assert _last_fact(path) == 0


@pytest.mark.parametrize("cut", [0.35, 0.6, 0.99])
def test_a_truncated_file_is_moved_aside(tmp_path: Path, cut: float) -> None:
    path = tmp_path / "journal.db"
    store = Store(path)
    store.write([(n, "Ticked", f'{{"seen_ns":{n}}}') for n in range(1, 4_000)], [])
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(JournalError, match="moved to"):
        Store(path)
    assert len(quarantined(path)) == 1


def test_garbage_is_moved_aside_and_numbered(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for number in (1, 2):
        path.write_bytes(b"this is no database at all" * 100)
        with pytest.raises(JournalError, match=f"damaged-{number}"):
            Store(path)
    assert [p.name for p in quarantined(path)] == ["journal.db.damaged-1", "journal.db.damaged-2"]


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    _edit(path, "CREATE TABLE t (x)")
    with pytest.raises(JournalError, match=r"no journal of this program: set another journal\.path"):
        Store(path)
    assert path.exists()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    _written(path)
    _edit(path, f"PRAGMA user_version={journal_store.SCHEMA_VERSION + 1}")
    with pytest.raises(JournalError, match=r"schema 2, but this program knows up to 1: install the newer"):
        Store(path)
    assert path.exists()


def test_an_older_schema_is_lifted_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    _written(path)
    monkeypatch.setattr(journal_store, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(
        journal_store, "MIGRATIONS", {1: ("CREATE TABLE two (x)",), 2: ("CREATE TABLE three (x)",)}
    )
    store = Store(path)
    assert store.last_fact == 3
    store.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    assert {row[0] for row in db.execute("SELECT name FROM sqlite_master")} >= {"two", "three"}
    db.close()


def test_a_schema_without_a_step_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    _written(path)
    monkeypatch.setattr(journal_store, "SCHEMA_VERSION", 2)
    with pytest.raises(JournalError, match="schema 1 is too old"):
        Store(path)


def test_a_full_disk_keeps_the_store_usable(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path)
    db = store._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages + 3}")
    big = [(n, "Ticked", "x" * 4_000) for n in range(1, 50)]
    with pytest.raises(DiskFull, match="the disk is full: free some space"):
        store.write(big, [])
    db.execute("PRAGMA max_page_count=100000")
    store.write(big, [])
    store.close()
    assert _last_fact(path) == 49


def test_other_write_errors_are_final(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db")
    store.write(FACTS, [])
    with pytest.raises(JournalError, match=r"cannot be written.*restarted") as caught:
        store.write(FACTS, [])  # the same numbers again: the file says no
    assert not isinstance(caught.value, DiskFull)
    assert store.last_fact == 2
    store.close()


def test_an_unwritable_directory_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.mkdir()
    with pytest.raises(JournalError, match="check the disk"):
        Store(path)
    assert path.is_dir()
    assert not quarantined(path)


def test_no_space_is_recognised_from_the_system_too(tmp_path: Path) -> None:
    error = journal_store._write_error(tmp_path, OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(error, DiskFull)
