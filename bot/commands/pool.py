"""`bot lp`: what pool positions hold and how they move with the price. Needs no daemon.

Two sources: positions described on the command line, or (with --rpc) those that stand on a chain. With a node
`--v3` is a position's id and `--v2` the pair's address; without one they are liquidities.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import output

if TYPE_CHECKING:
    from bot.chain.valuation import ValueRequest
    from bot.pricing.lp_position import LpValue

_AMOUNTS = ("token_amount", "usdt_amount", "value_usdt", "delta_tokens", "gamma_tokens_per_usdt")
_UNKNOWN_HERE = (
    "fees_token",
    "fees_usdt",
    "staked",
    "block",
    "age_s",
)  # a node would know; a formula does not
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


app = typer.Typer()


@app.command(rich_help_panel=output.PRICES)
def lp(
    price: Annotated[
        float | None,
        typer.Option(help="USDT per token; with --rpc the default is the pool's own.", min=0.0),
    ] = None,
    v2: Annotated[
        list[str] | None,
        typer.Option(
            "--v2", metavar="L|PAIR", help="A V2 position: L = √(tokens·USDT), or with --rpc the pair."
        ),
    ] = None,
    v3: Annotated[
        list[str] | None,
        typer.Option(
            "--v3",
            metavar="L:LOWER:UPPER|ID",
            help="A V3 position: liquidity and bounds in USDT per token, or with --rpc its id. May repeat.",
        ),
    ] = None,
    rpc: Annotated[
        str | None, typer.Option(metavar="URL", help="Read real positions from this node (http or ws).")
    ] = None,
    token: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The token's contract.")] = None,
    quote: Annotated[str | None, typer.Option(metavar="ADDRESS", help="USDT's contract.")] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Whose positions; finds them without ids.")
    ] = None,
    contracts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PancakeSwap's addresses, if not BSC's own.")
    ] = None,
    json: output.Json = False,
) -> None:
    """Amounts, value, delta and gamma of pool positions, at a price or as they stand on a chain.

    Examples: bot lp --price 1.05 --v2 500000 --v3 2000000:0.8:1.25
    · bot lp --rpc http://127.0.0.1:8545 --token 0x… --quote 0x… --owner 0x… --v3 7 --v2 0x…
    """
    if rpc is None:
        named = {"--token": token, "--quote": quote, "--owner": owner, "--contracts": contracts}
        _refuse_without_rpc([name for name, value in named.items() if value is not None])
        document, title = _from_formulas(price, v2 or [], v3 or [])
    else:
        request = _request(rpc, (token, quote), v3 or [], v2 or [], owner)
        document, title = _from_chain(request, price, contracts)
    if json:
        output.emit(document)
    else:
        _show(document, title)


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


# Positions described on the command line.


def _refuse_without_rpc(given: list[str]) -> None:
    if given:
        raise typer.BadParameter(f"{', '.join(given)}: needs --rpc URL, the node to ask")


def _from_formulas(price: float | None, v2: list[str], v3: list[str]) -> tuple[dict[str, Any], str]:
    if price is None:
        raise typer.BadParameter("give --price, or --rpc URL to take the pool's own")
    if not (v2 or v3):
        raise typer.BadParameter("give at least one --v2 L or --v3 L:LOWER:UPPER")
    try:
        document = value_positions(price, [_liquidity(text) for text in v2], [_range(text) for text in v3])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return document, f"pool positions at {price:g} USDT per token"


def _liquidity(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        hint = "; a pair's address needs --rpc URL" if text.startswith("0x") else ""
        raise ValueError(f"--v2 {text!r}: write a liquidity, e.g. 500000{hint}") from None


def _range(text: str) -> tuple[float, float, float]:
    try:
        liquidity, lower, upper = (float(part) for part in text.split(":"))
    except ValueError:
        hint = "; a position's id needs --rpc URL" if text.isdigit() else ""
        raise ValueError(f"--v3 {text!r}: write L:LOWER:UPPER, e.g. 2000000:0.8:1.25{hint}") from None
    return liquidity, lower, upper


# Positions on a chain.


def _address(name: str, value: str | None) -> str:
    if value is None:
        raise typer.BadParameter(f"--rpc needs {name} ADDRESS as well")
    if not _ADDRESS.fullmatch(value):
        raise typer.BadParameter(f"{name} {value!r}: an address is 0x and 40 hex digits")
    return value


def _request(
    rpc: str, coins: tuple[str | None, str | None], v3: list[str], v2: list[str], owner: str | None
) -> ValueRequest:
    from bot.chain.valuation import ValueRequest

    if not rpc.startswith(("http://", "https://", "ws://", "wss://")):
        raise typer.BadParameter(f"--rpc {rpc!r}: a node's address begins with http:// or ws://")
    for text in v3:
        if not text.isdigit():
            raise typer.BadParameter(f"--v3 {text!r}: with --rpc this is a position's id, e.g. 12345")
    if len(v2) > 1:
        raise typer.BadParameter("--v2: one pair at a time with --rpc")
    return ValueRequest(
        rpc,
        _address("--token", coins[0]),
        _address("--quote", coins[1]),
        v3_ids=tuple(dict.fromkeys(int(text) for text in v3)),
        v2_pair=_address("--v2", v2[0]) if v2 else None,
        owner=None if owner is None else _address("--owner", owner),
    )


def _from_chain(
    request: ValueRequest, price: float | None, contracts: Path | None
) -> tuple[dict[str, Any], str]:
    from dataclasses import replace

    from bot.chain.setup import read_contracts
    from bot.chain.valuation import value_positions as value_on_chain

    book = None if contracts is None else read_contracts(contracts)
    found = value_on_chain(replace(request, price=price, contracts=book))
    at = f"chain {found['chain_id']}, block {found['block']}, pool at {found['pool_price_usdt']:.6g} USDT"
    valued = "" if price is None else f", valued at {price:g}"
    return found, f"{found['symbols']['token'] or 'token'} positions on {at}{valued}"


# For people.


def _show(document: dict[str, Any], title: str) -> None:
    from bot.ops.figures import plain, signed

    known = document["total"]["fees_token"] is not None
    head = ("", "tokens", "USDT", *(("fee tokens", "fee USDT") if known else ()), "value USDT", "delta")
    rows = [(_name(row), row) for row in document["positions"]] + [("total", document["total"])]
    table = output.table(
        title,
        (*head, "gamma", "in range", *(("staked",) if known else ())),
        (
            (
                name,
                plain(row["token_amount"], 2),
                plain(row["usdt_amount"], 2),
                *((plain(row["fees_token"], 2), plain(row["fees_usdt"], 2)) if known else ()),
                plain(row["value_usdt"], 2),
                signed(row["delta_tokens"], 2),
                signed(row["gamma_tokens_per_usdt"], 2),
                _YES_NO[row.get("in_range")],
                *((_YES_NO[row.get("staked")],) if known else ()),
            )
            for name, row in rows
        ),
    )
    output.show(table, _foot(document) if known else _WITHOUT_FEES)


_YES_NO = {True: "yes", False: "no", None: ""}
_WITHOUT_FEES = "uncollected fees are not included: `bot status` shows those of the watched positions"


def _foot(document: dict[str, Any]) -> str:
    cake = document["total"]["cake"]
    reward = f"; {cake:,.4f} CAKE to harvest, counted in neither" if cake else ""
    age_s = document["positions"][0]["age_s"]
    return f"value and delta include uncollected fees{reward}; the block is {age_s:.1f} s old"


def _name(row: dict[str, Any]) -> str:
    name = str(row["id"])
    return f"{name[:6]}…{name[-4:]}" if name.startswith("0x") else name
