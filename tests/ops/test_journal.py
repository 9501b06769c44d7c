"""The journal: order kept, committed in groups, the same bytes, whole after a crash at any moment."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bot.model.errors import JournalError
from bot.model.facts import Fact, Fill, Ticked
from bot.model.order import Amend, ClientIds, OrderIntent, Purpose, Side
from bot.ops.codec import CodecError
from bot.ops.journal import Journal, JournalOptions, NoJournal
from bot.ops.journal_read import JournalReader
from bot.ops.journal_store import DiskFull

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 10.0


def _fill(number: int) -> Fill:
    price, quantity = Decimal("1.01"), Decimal(number) / 10
    return Fill(
        *(number, number, "binance.spot", f"t{number}", None),
        *(Side.BUY, price, quantity, Decimal(0), "USDT", True),
    )


def _intent(number: int) -> OrderIntent:
    return OrderIntent(f"tkn-0001q{number:08d}", "binance.spot", Side.SELL, 10_001, 5, Purpose.QUOTE)


def _until(condition: Callable[[], bool]) -> None:
    """Wait for the writer thread without sleeping."""
    with (changed := threading.Condition()):
        for _ in range(int(WAIT_S / 0.002)):
            if condition():
                return
            changed.wait(0.002)
    raise AssertionError("the writer did not get there")


def _inline(path: Path, facts: int = 1_300) -> None:
    journal = Journal(path, JournalOptions(inline=True))
    journal.begin_epoch()
    journal.reserve_ids(100_000)
    for number in range(facts):
        journal.append([_fill(number), Ticked(number)])
        journal.intent(_intent(number))
    journal.close()


def test_inline_writes_by_count_and_the_rest_at_close(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", JournalOptions(inline=True, batch_records=4))
    journal.begin_epoch()
    for number in range(1, 4):
        journal.append([Ticked(number)])
    assert journal.behind == 3
    assert list(journal.replay()) == []
    journal.intent(_intent(1))
    assert journal.behind == 0
    journal.append([Ticked(9)])
    journal.close()
    with JournalReader(journal.path) as reader:
        assert list(reader.facts()) == [Ticked(1), Ticked(2), Ticked(3), Ticked(9)]
        assert list(reader.intents()) == [(3, _intent(1))]


def test_the_same_run_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    _inline(tmp_path / "a.db")
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code += f"from pathlib import Path; import test_journal as t; t._inline(Path({str(tmp_path / 'b.db')!r}))"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.db", "b.db")}
    assert len(digests) == 1
    assert {p.name for p in tmp_path.iterdir()} == {"a.db", "b.db", "a.db.ids", "b.db.ids"}
    _inline(tmp_path / "c.db", facts=1_299)
    assert hashlib.sha256((tmp_path / "c.db").read_bytes()).hexdigest() not in digests


def test_live_commits_by_itself_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    journal.begin_epoch()
    for number in range(200):
        journal.append([_fill(number)])
        journal.intent(_intent(number))
    _until(lambda: len(list(journal.replay())) == 200)
    assert list(journal.replay()) == [_fill(number) for number in range(200)]
    journal.append([Ticked(1)])
    journal.close()
    with JournalReader(journal.path) as reader:
        found = reader.verify()
        assert (found.ok, found.facts, found.intents) == (True, 201, 200)
        assert [after for after, _ in reader.intents()] == list(range(1, 201))


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    for run in (1, 2, 3):
        journal = Journal(tmp_path / "j.db")
        assert journal.last_fact == 2 * (run - 1)
        assert journal.begin_epoch() == run == journal.epoch
        journal.append([Ticked(run), Ticked(run * 10)])
        journal.close()
    with JournalReader(tmp_path / "j.db") as reader:
        assert [fact.seen_ns for fact in reader.facts()] == [1, 10, 2, 20, 3, 30]
        assert reader.verify().ok


def test_ids_are_never_drawn_twice_across_crashes(tmp_path: Path) -> None:
    drawn: list[str] = []
    for _ in range(3):
        journal = Journal(tmp_path / "j.db")
        epoch = journal.begin_epoch()
        ids = ClientIds("tkn", epoch, journal.first_id, journal.reserve_ids)
        drawn += [ids.draw(Purpose.QUOTE)[9:] for _ in range(100)]  # the sequence alone, without the epoch
        journal.abandon()
    assert len(set(drawn)) == len(drawn)


def test_ids_are_durable_before_reserve_returns_and_ahead_of_use(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    journal.begin_epoch()
    journal.reserve_ids(100_000)
    with JournalReader(journal.path) as reader:
        assert reader.meta()["ids_upto"] >= 100_000
    ahead = journal.first_id
    assert ahead > 100_000
    journal.reserve_ids(ahead)  # inside the margin: no wait, and the next margin is begun
    _until(lambda: journal.first_id > ahead)
    journal.close()


class _BrokenStore:
    """Wraps a store whose disk refuses to write for a while."""

    def __init__(self, store: object, error: JournalError) -> None:
        self._store, self.error = store, error
        self.broken = True

    def write(self, *rows: object) -> None:
        if self.broken:
            raise self.error
        self._store.write(*rows)  # type: ignore[attr-defined]

    def set_identity(self, *values: int) -> None:
        self.write() if self.broken else self._store.set_identity(*values)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def _breaking(
    path: Path, error: JournalError, inline: bool, **changes: int
) -> tuple[Journal, _BrokenStore, list[str | None]]:
    told: list[str | None] = []
    options = JournalOptions(inline=inline, batch_records=2, retry_s=0.01, on_health=told.append, **changes)
    journal = Journal(path, options)
    journal.begin_epoch()
    broken = _BrokenStore(journal._store, error)
    journal._store = broken  # type: ignore[assignment]
    return journal, broken, told


@pytest.mark.parametrize("inline", [True, False])
def test_a_full_disk_is_told_once_and_nothing_is_lost_when_space_returns(
    tmp_path: Path, inline: bool
) -> None:
    journal, broken, told = _breaking(tmp_path / "j.db", DiskFull("the disk is full"), inline)
    facts: list[Fact] = [Ticked(number) for number in range(1, 7)]
    for fact in facts[:4]:
        journal.append([fact])
    _until(lambda: told == ["the disk is full"])
    assert journal.problem == "the disk is full"
    assert journal.behind == 4
    broken.broken = False
    journal.append(facts[4:])
    _until(lambda: told[-1] is None)
    journal.close()
    assert told == ["the disk is full", None]
    with JournalReader(journal.path) as reader:
        assert list(reader.facts()) == facts


def test_any_other_error_is_final_but_fills_are_still_taken(tmp_path: Path) -> None:
    journal, broken, told = _breaking(tmp_path / "j.db", JournalError("input/output error"), inline=False)
    journal.append([Ticked(1)])
    _until(lambda: told == ["input/output error"])
    broken.broken = False
    journal.append([_fill(1)])
    with pytest.raises(JournalError, match="cannot reserve client ids: input/output error"):
        journal.reserve_ids(10**9)
    with pytest.raises(JournalError, match="2 records were not written: input/output error"):
        journal.close()
    assert told == ["input/output error"]


def test_a_backlog_has_an_end(tmp_path: Path) -> None:
    journal, broken, _ = _breaking(tmp_path / "j.db", DiskFull("full"), inline=True, backlog_max=5)
    journal.append([Ticked(number) for number in range(9)])
    assert journal.behind == 5
    assert journal.lost == 4
    broken.broken = False
    journal.append([Ticked(10)])  # a chain with a hole would be worse than none
    with pytest.raises(JournalError, match="were not written"):
        journal.close()


def test_a_number_that_is_not_finite_is_refused_before_anything_is_queued(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", JournalOptions(inline=True))
    bad = _fill(1)
    object.__setattr__(bad, "price", Decimal("NaN"))
    with pytest.raises(CodecError):
        journal.append([Ticked(1), bad])
    assert journal.behind == 0
    assert journal.last_fact == 0
    journal.close()


def test_abandon_leaves_what_was_committed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", JournalOptions(inline=True, batch_records=2))
    journal.begin_epoch()
    journal.append([Ticked(1), Ticked(2)])
    journal.append([Ticked(3)])
    journal.abandon()
    with JournalReader(journal.path) as reader:
        assert list(reader.facts()) == [Ticked(1), Ticked(2)]


def test_no_journal_keeps_nothing() -> None:
    log = NoJournal()
    log.append([Ticked(1)])
    log.intent(Amend("a", "binance.spot", 1, 1))


CHILD = """
import sys
from pathlib import Path
from bot.model.facts import Ticked
from bot.ops.journal import Journal
journal = Journal(Path(sys.argv[1]))
epoch = journal.begin_epoch()
journal.reserve_ids(epoch * 1_000_000)
number = journal.last_fact
while True:
    journal.append([Ticked(number + 1), Ticked(number + 2)])
    number += 2
    if number % 2_000 == 0:
        print(epoch, number, flush=True)
"""


def test_killed_at_any_moment_the_prefix_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    before = 0
    for run, lines in ((1, 3), (2, 1), (3, 6)):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        assert child.stdout is not None
        told = [child.stdout.readline().split() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        child.wait(WAIT_S)
        child.stdout.close()
        assert {line[0] for line in told} == {str(run)}
        with JournalReader(path) as reader:
            found = reader.verify()
            facts = [fact.seen_ns for fact in reader.facts()]
        assert found.ok, found.problems
        assert found.epoch == run
        assert found.ids_upto >= run * 1_000_000
        assert facts == list(range(1, len(facts) + 1))
        assert len(facts) >= before
        before = len(facts)
    assert before > 0
