"""`bot replay` and `bot journal verify`: reading what a daemon wrote down."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bot.commands import daemon, output
from bot.model.errors import JournalError

if TYPE_CHECKING:
    from bot.model.facts import Fact
    from bot.model.view import View

app = typer.Typer()
journal = typer.Typer(help="Look after the journal.", rich_markup_mode="rich")
app.add_typer(journal, name="journal", rich_help_panel=output.HISTORY)

File = Annotated[Path, typer.Argument(metavar="JOURNAL", help="A journal.db, in use or not.")]


@journal.command()
def verify(path: File, json: output.Json = False) -> None:
    """Walk the hash chain, decode every record, check the file's own structure."""
    from dataclasses import asdict

    from bot.ops.journal_read import JournalReader

    with JournalReader(path) as reader:
        found = reader.verify()
    if json:
        output.emit(asdict(found) | {"kinds": dict(found.kinds)})
    else:
        rows = [(kind, f"{count:,}") for kind, count in found.kinds]
        title = f"{path}: {found.facts:,} facts, {found.intents:,} intents in {found.batches:,} batches"
        output.show(output.table(title, ("kind", "facts"), rows))
        output.show(f"epoch {found.epoch}, client ids reserved up to {found.ids_upto:,}")
        output.show("sound" if found.ok else "DAMAGED")
    if not found.ok:
        raise JournalError("\n".join((*found.problems, f"{path}: facts 1 to {found.trusted_fact} are sound")))


@app.command(rich_help_panel=output.HISTORY)
def replay(
    path: File,
    config: daemon.Config = daemon.CONFIG,
    upto: Annotated[int | None, typer.Option(metavar="N", help="Stop after fact number N.", min=1)] = None,
    json: output.Json = False,
) -> None:
    """Fold a journal again; equal digests mean equal views, byte for byte."""
    document = fold(path, config, upto)
    if json:
        output.emit(document)
    else:
        from bot.ops.terminal import render

        output.show(render(document["status"]))
        told = (
            f"{document['facts']:,} facts in {document['seconds']:.2f} s = {document['facts_per_s']:,.0f}/s"
        )
        output.show(told, f"view {document['view_digest']}")


def fold(path: Path, config: Path, upto: int | None = None) -> dict[str, Any]:
    """Apply the facts of a journal to an empty state; the view they give, and how long it took."""
    from bot.config import load
    from bot.ops.journal_read import JournalReader
    from bot.ops.status import status
    from bot.risk.state import RiskState
    from bot.wiring import risk_setup

    state = RiskState(risk_setup(load(config)))
    began, facts = time.perf_counter(), 0
    # The stream is closed before its file: it may be left in the middle.
    with (
        JournalReader(path) as reader,
        contextlib.closing(cast("Generator[Fact, None, None]", reader.facts())) as stream,
    ):
        for facts, fact in enumerate(itertools.islice(stream, upto), 1):  # noqa: B007 - the last one is told
            state.apply(fact)
    seconds, view = time.perf_counter() - began, state.view()
    return {
        "journal": str(path),
        "facts": facts,
        "seconds": seconds,
        "facts_per_s": facts / seconds if seconds > 0 else 0.0,
        "view_version": view.version,
        "view_digest": digest(view),
        "status": status(view),
    }


def digest(view: View) -> str:
    """sha256 over every field of a view, keys in order."""
    import orjson

    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return hashlib.sha256(orjson.dumps(view, default=_plain, option=options)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value.model_dump(mode="json")
