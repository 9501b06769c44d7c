"""Spans of time as typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.durations import SECONDS, parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60.0),
        ("5m", 300.0),
        ("2h", 7_200.0),
        ("1d", 86_400.0),
        ("1w", 604_800.0),
        ("1h30m", 5_400.0),
        (" 1H 30M ", 5_400.0),
        ("250ms", 0.25),
        ("1.5h", 5_400.0),
        ("90", 90.0),
    ],
)
def test_what_it_understands(text: str, seconds: float) -> None:
    assert parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "1x", "h1", "-5s", "1e3", "5 minutes", "1h-30m", "nan", "inf"])
def test_what_it_does_not_is_told_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="60s, 5m, 2h, 1d or 1h30m"):
        parse(text)


@pytest.mark.parametrize("text", ["0", "0s", "0h0m"])
def test_nothing_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        parse(text)


@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(sorted(SECONDS))), min_size=1, max_size=4))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse(text) == pytest.approx(sum(number * SECONDS[unit] for number, unit in parts))
