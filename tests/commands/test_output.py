"""What leaves the program: JSON on stdout alone, notes on stderr."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bot.commands import output


def test_json_is_one_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({"a": 1.5, "b": None, "c": "−", "d": np.float64(2.0), "e": [1, 2]})
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.count("\n") == 1
    assert json.loads(told.out) == {"a": 1.5, "b": None, "c": "−", "d": 2.0, "e": [1, 2]}


def test_not_a_number_becomes_null(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({"a": float("nan"), "b": float("inf")})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": None}


def test_tables_are_plain_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.show(output.table("prices", ("name", "USDT"), [("a", "1.00"), ("b", "22")]), "done")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["prices", "name  USDT", "a     1.00", "b       22", "done"]


def test_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.note("look out\n")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "look out\n")
