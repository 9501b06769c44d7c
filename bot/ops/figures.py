"""How figures are written for people: one way in every table, unknown always a dash.

Rule 1: None is "–", never 0.
Rule 2: a share is never rounded up to a promise that was not kept (99.96 % reads 99.9%).
"""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

UNKNOWN = "–"


def signed(value: float | None, digits: int = 0) -> str:
    """`+1,234`, `−1,234`, `0`: a true minus, a sign on everything that is not zero."""
    if value is None:
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return ("−" if value < 0 else "+") + text


def plain(value: float | None, digits: int = 0) -> str:
    """`1,234` of a quantity that has no direction."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}".replace("-", "−")


def price(value: float | None) -> str:
    """A price in USDT with six decimals, fewer above 1,000."""
    return UNKNOWN if value is None else f"{value:,.{2 if value >= 1000 else 6}f}"


def share(value: float | None, digits: int = 1) -> str:
    """A share (1 = 100 %) as percent, rounded down."""
    if value is None:
        return UNKNOWN
    scale = 10**digits
    return f"{math.floor(value * 100 * scale + 1e-9) / scale:.{digits}f}%"


def span(seconds: float | None) -> str:
    """A time span in its largest two units: `0.4 s`, `12 s`, `3m 05s`, `2h 10m`, `4d 03h`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3_600}h {whole % 3_600 // 60:02d}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3_600:02d}h"


def owed(have_usdt: float | None, owed_usdt: float | None) -> str:
    """Depth against what is owed, both in thousands of USDT: `108/100`."""
    have = UNKNOWN if have_usdt is None else f"{math.floor(have_usdt / 1_000 + 1e-9):,}"
    return have if owed_usdt is None else f"{have}/{owed_usdt / 1_000:,.0f}"


def money(value: float | None, style: str = "") -> Text:
    """Signed USDT, green or red by its sign; cents only below 100,000."""
    digits = 2 if value is None or abs(value) < 100_000 else 0
    colour = "" if value is None or value == 0 else "green" if value > 0 else "red"
    return Text(signed(value, digits), style=f"{style}{colour}".strip())


def times(value: float | None, factor: float) -> float | None:
    """Unknown stays unknown."""
    return None if value is None else value * factor


def old(age_s: float | None, age_s_max: float) -> bool:
    """Whether a number is past its age, or has none at all."""
    return age_s is None or age_s > age_s_max


def lamp(good: bool | None, words: dict[bool | None, str]) -> Text:
    """A coloured dot with the word for good, bad or unknown."""
    style = {True: "green", False: "bold red", None: "yellow"}[good]
    return Text.assemble(("● ", style), (words[good], f"bold {style}" if good is False else "bold"))


def two_sides(left: Text, right: Text) -> Table:
    """One line with text at both ends."""
    table = Table.grid(expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    table.add_row(left, right)
    return table
