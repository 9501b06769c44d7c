"""How figures are written for people."""

from __future__ import annotations

import pytest

from bot.ops import figures


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.0, "0"), (-0.4, "0"), (1234.4, "+1,234"), (-1234.6, "−1,235")]
)
def test_signed(value: float | None, text: str) -> None:
    assert figures.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.9996, "99.9%"), (1.0, "100.0%"), (0.95, "95.0%"), (0.999, "99.9%")]
)
def test_a_share_is_never_rounded_up(value: float | None, text: str) -> None:
    assert figures.share(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.44, "0.4 s"),
        (12.9, "12 s"),
        (185.0, "3m 05s"),
        (7_800.0, "2h 10m"),
        (356_400.0, "4d 03h"),
    ],
)
def test_span(seconds: float | None, text: str) -> None:
    assert figures.span(seconds) == text


def test_depth_against_what_is_owed_is_never_rounded_up() -> None:
    assert figures.owed(99_999.0, 100_000.0) == "99/100"
    assert figures.owed(100_000.0, 100_000.0) == "100/100"
    assert figures.owed(None, 50_000.0) == "–/50"
    assert figures.owed(1_000.0, None) == "1"


def test_prices_and_money() -> None:
    assert figures.price(0.99983) == "0.999830"
    assert figures.price(60_123.456) == "60,123.46"
    assert figures.price(None) == figures.UNKNOWN
    assert figures.plain(-1234.5, 1) == "−1,234.5"
    assert figures.money(-2.0).plain == "−2.00"
    assert figures.money(-2.0).style == "red"
    assert figures.money(2.0, "bold ").style == "bold green"
    assert figures.times(None, 3.0) is None
    assert figures.times(2.0, 3.0) == 6.0


def test_no_age_is_old() -> None:
    assert figures.old(None, 5.0)
    assert figures.old(5.1, 5.0)
    assert not figures.old(5.0, 5.0)


def test_a_lamp_says_its_word() -> None:
    words = {True: "yes", False: "no", None: "unknown"}
    assert [figures.lamp(good, words).plain for good in (True, False, None)] == ["● yes", "● no", "● unknown"]
