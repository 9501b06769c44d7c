"""Reading a journal: everything sound comes out, nothing else; damage is named by its place."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.model.errors import JournalError
from bot.model.facts import Fact, Started, Ticked
from bot.model.order import Amend
from bot.ops.journal import Journal, JournalOptions
from bot.ops.journal_read import JournalReader

FACTS: list[Fact] = [Started(1, 1, "paper", "1"), *(Ticked(n) for n in range(2, 41))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of 40 facts and 4 intents in batches of about 11."""
    journal = Journal(tmp_path / "journal.db", JournalOptions(inline=True, batch_records=11))
    journal.begin_epoch()
    journal.reserve_ids(500)
    for index, fact in enumerate(FACTS):
        journal.append([fact])
        if index % 10 == 0:
            journal.intent(Amend(f"c{index}", "binance.spot", 1, 1))
    journal.close()
    return journal.path


def _edit(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


def test_facts_come_back_in_order_with_their_numbers(path: Path) -> None:
    with JournalReader(path) as reader:
        assert list(reader.facts()) == FACTS
        assert [seq for seq, _ in reader.numbered()] == list(range(1, 41))
        assert [after for after, _ in reader.intents()] == [1, 11, 21, 31]
        assert reader.meta() == {"epoch": 1, "ids_upto": 500}


def test_a_sound_journal_is_verified(path: Path) -> None:
    with JournalReader(path) as reader:
        found = reader.verify()
    assert (found.ok, found.facts, found.intents, found.epoch, found.ids_upto) == (True, 40, 4, 1, 500)
    assert found.kinds == (("Started", 1), ("Ticked", 39))
    assert found.trusted_fact == 40
    assert found.problems == ()


DAMAGE = {
    "a changed body": ["UPDATE facts SET body = '{\"seen_ns\":9}' WHERE seq = 25"],
    "a changed kind": ["UPDATE facts SET kind = 'Started' WHERE seq = 25"],
    "a lost fact": ["DELETE FROM facts WHERE seq = 25"],
    "a moved fact": ["DELETE FROM facts WHERE seq = 25", "UPDATE facts SET seq = 25 WHERE seq = 40"],
    "a changed intent": ["UPDATE intents SET after_fact = 22 WHERE seq = 3"],
    "a lost batch": ["DELETE FROM batches WHERE seq = 3"],
    "two swapped bodies": [
        "UPDATE facts SET body = (SELECT body FROM facts WHERE seq = 26) WHERE seq = 25",
    ],
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found_and_placed(path: Path, what: str) -> None:
    _edit(path, *DAMAGE[what])
    with JournalReader(path) as reader:
        found = reader.verify()
        sound: list[Fact] = []

        def read_on() -> None:
            for fact in reader.facts():
                sound.append(fact)  # noqa: PERF402

        with pytest.raises(JournalError, match=r"batch 3 is damaged .*facts 1 to 20 are sound; "):
            read_on()
    assert sound == FACTS[:20]
    assert not found.ok
    assert found.trusted_fact == 20
    assert "batch 3" in found.problems[0]


def test_rows_after_the_last_batch_are_named(path: Path) -> None:
    _edit(path, "INSERT INTO facts VALUES (41, 'Ticked', '{\"seen_ns\":41}')")
    with (
        JournalReader(path) as reader,
        pytest.raises(JournalError, match="rows after the last batch: facts 1 to 40"),
    ):
        list(reader.facts())


def test_a_fact_of_another_version_is_named(path: Path) -> None:
    journal = Journal(path, JournalOptions(inline=True))
    journal._facts.append((journal.last_fact + 1, "Dreamt", "{}"))
    journal._next_fact += 1
    journal.close()
    with JournalReader(path) as reader:
        found = reader.verify()
    assert not found.ok
    assert "fact 41: unknown kind 'Dreamt'" in found.problems[0]


def test_a_damaged_page_is_reported_not_raised(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    path.write_bytes(data)
    with JournalReader(path) as reader:
        found = reader.verify()
    assert not found.ok
    assert found.problems


def test_reading_while_a_daemon_writes_sees_whole_batches(path: Path) -> None:
    journal = Journal(path)
    journal.begin_epoch()
    journal.append([Ticked(100), Ticked(101)])
    with JournalReader(path) as reader:
        seen = sum(1 for _ in reader.facts())
        assert seen in (40, 42)
        assert reader.verify().ok
    journal.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no journal there"), (b"plain text, nothing else" * 200, "no journal, or damaged")],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        JournalReader(path)


def test_a_foreign_database_and_another_schema_are_refused(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    _edit(other, "CREATE TABLE t (x)")
    with pytest.raises(JournalError, match="no journal of this program"):
        JournalReader(other)
    _edit(path, "PRAGMA user_version=7")
    with pytest.raises(JournalError, match="schema 7, not 1"):
        JournalReader(path)
