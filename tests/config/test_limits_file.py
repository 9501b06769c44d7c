"""The limits file alone: strict, and whole where money is at stake."""

from __future__ import annotations

import re

import pytest

from bot.config.limits_file import limits_problems, missing_limits, parse_limits
from bot.config.read import Text, parse_toml
from bot.model.errors import ConfigError
from bot.model.limits import Limits
from limits_text import shipped_limits, without


def _text(text: str) -> Text:
    return parse_toml("limits.toml", text.encode())


def test_the_shipped_file_holds_every_key_with_its_default() -> None:
    text = _text(shipped_limits())
    assert parse_limits(text) == Limits()
    assert limits_problems(text, complete=True) == []


def test_keys_that_may_be_absent_are_mentioned_in_the_file() -> None:
    for section in ("hedge", "options"):
        for name, value in getattr(Limits(), section):
            if value is None:
                assert re.search(rf"(?m)^# {name} = ", shipped_limits())


@pytest.mark.parametrize("key", ["hedge.collar_bps", "risk.phi", "quote.level_weights", "sell.enabled"])
def test_a_lost_line_is_named_with_the_line_to_add(key: str) -> None:
    text = _text(without(shipped_limits(), key))
    assert limits_problems(text, complete=False) == []
    (line,) = map(str, limits_problems(text, complete=True))
    assert line.startswith(
        f"limits.toml: {key}: is missing: no limit is left to a default in this mode; add "
    )
    addition = line.partition("; add ")[2]
    section = key.partition(".")[0]
    repaired = without(shipped_limits(), key).replace(f"[{section}]\n", f"[{section}]\n{addition}\n")
    assert parse_limits(_text(repaired)) == Limits()
    assert limits_problems(_text(repaired), complete=True) == []


def test_a_lost_section_is_named_key_by_key() -> None:
    text = _text(shipped_limits().split("[obligations")[0])
    keys = [problem.key for problem in missing_limits(text, Limits())]
    assert keys == ["obligations"]


def test_a_faulty_file_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"limits\.toml: hedge\.collar_bps = -1: must be > 0; set e\.g\. 50"
    ):
        parse_limits(_text("[hedge]\ncollar_bps = -1\n"))
