"""`bot lp`: what given pool positions hold and how they move with the price. Needs no daemon and no node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import output

if TYPE_CHECKING:
    from bot.pricing.lp_position import LpValue

_AMOUNTS = ("token_amount", "usdt_amount", "value_usdt", "delta_tokens", "gamma_tokens_per_usdt")
_UNKNOWN_HERE = (
    "fees_token",
    "fees_usdt",
    "staked",
    "block",
    "age_s",
)  # a node would know; a formula does not


app = typer.Typer()


@app.command(rich_help_panel=output.PRICES)
def lp(
    price: Annotated[float, typer.Option(help="Pool price, USDT per token.", min=0.0)],
    v2: Annotated[
        list[float] | None,
        typer.Option("--v2", metavar="L", help="A V2 position of liquidity L = √(tokens·USDT); may repeat."),
    ] = None,
    v3: Annotated[
        list[str] | None,
        typer.Option(
            "--v3", metavar="L:LOWER:UPPER", help="A V3 position, bounds in USDT per token; may repeat."
        ),
    ] = None,
    json: output.Json = False,
) -> None:
    """Amounts, value, delta and gamma of pool positions at a price.

    Example: bot lp --price 1.05 --v2 500000 --v3 2000000:0.8:1.25
    """
    if not (v2 or v3):
        raise typer.BadParameter("give at least one --v2 L or --v3 L:LOWER:UPPER")
    try:
        document = value_positions(price, v2 or [], [_range(text) for text in v3 or []])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if json:
        output.emit(document)
    else:
        _show(document, price)


def value_positions(price: float, v2: list[float], v3: list[tuple[float, float, float]]) -> dict[str, Any]:
    """The `lp` document; raises ValueError on nonsensical input. What only a node knows is null."""
    from bot.pricing import lp_position

    rows = [
        _row(f"v2-{number}", "v2", lp_position.v2(liquidity, price), price > 0)
        for number, liquidity in enumerate(v2, 1)
    ]
    rows += [
        _row(f"v3-{number}", "v3", lp_position.v3(liquidity, price, lower, upper), lower <= price < upper)
        for number, (liquidity, lower, upper) in enumerate(v3, 1)
    ]
    total: dict[str, Any] = {name: math.fsum(row[name] for row in rows) for name in _AMOUNTS}
    return {"positions": rows, "total": total | dict.fromkeys(("fees_token", "fees_usdt"))}


def _row(name: str, kind: str, value: LpValue, in_range: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "kind": kind, **dict(zip(_AMOUNTS, value, strict=True))}
    return row | {"in_range": in_range} | dict.fromkeys(_UNKNOWN_HERE)


def _range(text: str) -> tuple[float, float, float]:
    try:
        liquidity, lower, upper = (float(part) for part in text.split(":"))
    except ValueError:
        raise ValueError(f"--v3 {text!r}: write L:LOWER:UPPER, e.g. 2000000:0.8:1.25") from None
    return liquidity, lower, upper


def _show(document: dict[str, Any], price: float) -> None:
    from bot.ops.figures import plain, signed

    rows = [(row["id"], row) for row in document["positions"]] + [("total", document["total"])]
    output.show(
        output.table(
            f"pool positions at {price:g} USDT per token",
            ("", "tokens", "USDT", "value USDT", "delta", "gamma", "in range"),
            (
                (
                    name,
                    plain(row["token_amount"], 2),
                    plain(row["usdt_amount"], 2),
                    plain(row["value_usdt"], 2),
                    signed(row["delta_tokens"], 2),
                    signed(row["gamma_tokens_per_usdt"], 2),
                    {True: "yes", False: "no", None: ""}[row.get("in_range")],
                )
                for name, row in rows
            ),
        ),
        "uncollected fees are not included: `bot status` shows those of the watched positions",
    )
