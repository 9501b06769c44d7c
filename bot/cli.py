"""The command line: which commands there are, and how an error leaves the program.

Exit codes: 0 ok · 1 error · 2 usage · 3 daemon not running · 4 configuration refused · 5 timeout ·
75 fail-safe stop (do not restart by itself).
Rule: heavy packages are imported inside the commands that need them; `bot --help` must answer at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bot import __version__
from bot.commands import act, check, localnet, look, options, output, plan, pool, records, run, simulate
from bot.model.errors import BotError

app = typer.Typer(
    name="bot",
    help="Delta-neutral market making for one token's loan + call option deal.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for group in (run, localnet, check, plan, look, act, options, pool, simulate, records):
    app.add_typer(group.app)


def _version(asked: bool) -> None:
    if asked:
        output.show(f"bot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Delta-neutral market making for one token's loan + call option deal."""


def call(arguments: list[str] | None = None) -> int:
    """Run one command (default: the process's own arguments); returns the exit code, tells errors."""
    try:
        code = app(args=arguments, prog_name="bot", standalone_mode=False)
    except BotError as error:
        return _tell(str(error) or type(error).__name__, error.exit_code)
    except typer.exceptions.TyperException as error:
        return _tell(_usage(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _tell("stopped by the operator", 130)
    except BrokenPipeError:
        # The reader went away (`bot status | head`): nothing more to say, and no complaint at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(code or 0)


def _tell(message: str, code: int) -> int:
    for line in message.splitlines():
        output.note(f"bot: {line}")
    return code


def _usage(error: typer.exceptions.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "bot"
    return f"{error.format_message().rstrip('.')}; see `{path} --help`"


def main() -> None:
    """Run a command and leave with its exit code; never returns."""
    sys.exit(call())
