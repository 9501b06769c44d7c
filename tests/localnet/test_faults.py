"""Fault rules: what they match, how often, what is refused."""

from __future__ import annotations

import pytest

from bot.localnet.faults import Switchboard


def test_the_first_fitting_rule_strikes_and_is_counted() -> None:
    board = Switchboard()
    board.add({"venue": "bybit", "pattern": "POST *", "kind": "503", "count": 2})
    assert board.request("binance", "POST /api/v3/order") is None
    assert board.request("bybit", "GET /v5/order/realtime") is None
    hits = [board.request("bybit", "POST /v5/order/create") for _ in range(3)]
    assert [rule is not None for rule in hits] == [True, True, False]
    assert board.rules[0].row()["hits"] == 2


def test_request_rules_do_not_touch_streams() -> None:
    board = Switchboard()
    board.add({"kind": "500"})
    board.add({"kind": "drop frame", "pattern": "spot *@depth*"})
    assert board.frame("binance", "spot tokenusdt@trade") is None
    rule = board.frame("binance", "spot tokenusdt@depth@100ms")
    assert rule is not None
    assert rule.kind == "drop_frame"
    assert board.remove(rule.id) == 1
    assert board.remove() == 1
    assert board.rules == []


@pytest.mark.parametrize(
    ("text", "words"),
    [({"kind": "gremlin"}, "unknown kind"), ({"kind": "500", "count": 0}, "count"),
     ({"kind": "500", "seconds": -1}, "seconds"), ({"kind": "500", "host": "x"}, "unknown keys: host"),
     ({}, "unknown kind"), ({"kind": "500", "count": True}, "count")],
)  # fmt: skip
def test_bad_rules_say_why(text: dict[str, object], words: str) -> None:
    board = Switchboard()
    with pytest.raises(ValueError, match=words):
        board.add(text)
    assert board.rules == []


def test_spellings() -> None:
    board = Switchboard()
    for word, kind in (
        ("truncated body", "truncated"),
        ("html body", "html"),
        ("drop answer", "drop_answer"),
    ):
        assert board.add({"kind": word}).kind == kind
