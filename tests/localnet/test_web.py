"""Requests and answers."""

from __future__ import annotations

from bot.localnet.web import Ask, Refused, reply


def test_parameters_come_from_query_and_body() -> None:
    asked = Ask("POST", "h", "/p", "a=1&b=%40x", "c=&d=2", {}, 0)
    assert asked.params() == {"a": "1", "b": "@x", "c": "", "d": "2"}
    assert asked.target == "POST /p"


def test_json_bodies_that_are_none_are_empty() -> None:
    for body in ("", "[1]", "{", "null"):
        assert Ask("POST", "h", "/p", "", body, {}, 0).json() == {}
    assert Ask("POST", "h", "/p", "", '{"a":1}', {}, 0).json() == {"a": 1}


def test_answers_are_json() -> None:
    assert reply({"a": [1]}, 201).body == b'{"a":[1]}'
    refused = Refused(-1, "no", 403)
    assert (refused.code, refused.message, refused.status) == (-1, "no", 403)
