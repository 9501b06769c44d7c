"""`bot status` and `bot pnl` against a daemon that answers on a real socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import cli
from bot.commands import look
from bot.model.errors import NotRunning
from fake_daemon import FakeDaemon, listening


def test_status_as_json_is_what_the_daemon_said(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.call(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == daemon.status


def test_status_for_people(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["status"]) == 0
    out = capsys.readouterr().out
    assert "quoting 3/3" in out
    assert "net −312 of ±15,512 tokens" in out.splitlines()[-1]


def test_what_is_beside_the_total_is_told_apart(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.status["pnl"] = {"funding": 3.0, "total": 3.0, "loan_delta": -70.0, "adverse_5s": -1.0}
    assert cli.call(["pnl"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    at = lines.index("not part of the total:")
    assert lines[at - 2].split() == ["total", "+3.00"]
    assert lines[at + 1].split() == ["loan", "delta", "−70.00"]
    assert lines[at + 2].split() == ["adverse", "5s", "−1.00"]


def test_pnl_names_every_line_and_the_total(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["pnl"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["spread", "capture", "+1,058.69"] in rows
    assert rows[-1] == ["total", "+220.19"]
    assert cli.call(["pnl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pnl"] == daemon.status["pnl"]


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["status", "--watch"], ["pnl"]])
def test_no_daemon_is_exit_3(command: list[str], state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(command) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "start it with `bot run`" in told.err
    assert told.err.count("\n") == 1


def test_watching_a_pipe_gives_a_line_each_time_until_the_daemon_is_gone(
    state_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, daemon: FakeDaemon
) -> None:
    turns = iter([None, None])

    def sleep(_seconds: float) -> None:
        if next(turns, "over") == "over":
            (state_dir / "control.sock").unlink()

    monkeypatch.setattr(look.time, "sleep", sleep)
    assert cli.call(["status", "--watch", "--json"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["fills"] for line in lines] == [1204, 1204, 1204]


def test_watching_a_terminal_keeps_the_last_answer_with_its_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, object]] = []

    class Recorder:
        def show(self, document: dict[str, object]) -> None:
            shown.append(document)
            if len(shown) == 4:
                raise KeyboardInterrupt

    now = [100.0]
    monkeypatch.setattr(look.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(look.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    answers = iter([{"age_s": 0.5, "n": 2}])

    def ask(*_: object) -> dict[str, object]:
        try:
            return next(answers)
        except StopIteration:
            raise NotRunning("gone") from None

    monkeypatch.setattr(look.daemon, "ask", ask)
    with pytest.raises(KeyboardInterrupt):
        look._redraw(tmp_path, Recorder(), {"age_s": 0.2, "n": 1})
    assert [document["n"] for document in shown] == [1, 2, 2, 2]
    assert [document["age_s"] for document in shown] == pytest.approx([0.2, 0.5, 1.5, 2.5])


def test_a_socket_of_another_program_is_no_daemon(
    state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state_dir / "control.sock").write_text("not a socket")
    assert cli.call(["status"]) in (1, 3)
    assert capsys.readouterr().err.startswith("bot: ")


def test_listening_cleans_up(tmp_path: Path) -> None:
    with listening(FakeDaemon({}), tmp_path / "c.sock"):
        assert (tmp_path / "c.sock").is_socket()
    assert not (tmp_path / "c.sock").exists()
