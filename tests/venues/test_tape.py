"""Recordings on disk: plain and gzip, in turn, with faults named."""

import gzip
from pathlib import Path

import pytest

from bot.model.errors import ConfigError
from bot.venues.tape import FileTape


@pytest.fixture
def tape(tmp_path: Path) -> FileTape:
    with gzip.open(tmp_path / "one.gz", "wt") as file:
        file.write('5 {"stream":"x@trade","data":{}}\n6 {"stream":"x@bookTicker","data":{}}\n')
    (tmp_path / "two.txt").write_text('7 {"lastUpdateId":1}\n')
    (tmp_path / "bad.txt").write_text('7 {"lastUpdateId":1}\n8 {"lastUp\n')
    return FileTape(tmp_path)


def test_rows_of_several_files_in_turn(tape: FileTape) -> None:
    assert [row[:2] for row in tape.rows(("one.gz", "two.txt"))] == ["5 ", "6 ", "7 "]


def test_frames_are_stamped_objects(tape: FileTape) -> None:
    assert list(tape.frames(("one.gz", "two.txt"), "@bookTicker")) == [
        (5, {"stream": "x@trade", "data": {}}),
        (7, {"lastUpdateId": 1}),
    ]
    assert len(list(tape.frames(("one.gz",)))) == 2


def test_what_is_missing_is_named_in_full(tape: FileTape, tmp_path: Path) -> None:
    assert tape.missing(("one.gz", "three.gz")) == [str(tmp_path / "three.gz")]


def test_a_broken_line_is_named(tape: FileTape) -> None:
    with pytest.raises(ConfigError, match=r"bad\.txt: line 2 is no frame: '8 \{"):
        list(tape.frames(("bad.txt",)))
