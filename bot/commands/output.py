"""Facts to the outside: JSON for scripts, a quiet table for people, one line on stderr when all is not well.

Rule 1: facts go to stdout, everything else to stderr: a pipe never sees a warning.
Rule 2: JSON is one document on one line, and nothing else stands on stdout beside it.
Rule 3: an error is one line that says what is wrong and what to do; a traceback is for a broken program only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
RUNNING, LOOKING, ACTING, PRICES, HISTORY = "Run", "Look", "Act", "Price", "Simulate and replay"
WIDTH_PIPED = 120


def emit(document: object) -> None:
    """Print one JSON document on one line."""
    import orjson

    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")
    sys.stdout.flush()


def show(*parts: RenderableType) -> None:
    """Print tables or text to stdout; without a terminal in plain text of fixed width."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH_PIPED, color_system=None)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))


def note(text: str) -> None:
    """Say something on stderr."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    """A titled table without a frame: the first column is text, all others are figures."""
    from rich.console import Group
    from rich.text import Text

    return Group(Text(title, style="bold"), grid(columns, rows))


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """The table alone."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=any(columns))
    for index, column in enumerate(columns):
        made.add_column(
            column, justify="right" if index else "left", no_wrap=True, header_style="bright_black"
        )
    for row in rows:
        made.add_row(*row)
    return made
