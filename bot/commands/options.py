"""`bot options`: price and greeks of the deal's call options at a given spot, volatility and date."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.commands import daemon, output

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.pricing.option_grid import Tranche

app = typer.Typer()

YEAR_S = 365 * 86_400
GREEKS = ("price", "delta", "gamma", "vega", "theta")
Style = Literal["american", "european"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the options are valued at: USDT per token, per √year, continuous per year."""

    spot: float
    sigma: float
    rate: float
    carry: float


@app.command(rich_help_panel=output.PRICES)
def options(
    spot: Annotated[float, typer.Option(help="Spot price, USDT per token.")],
    vol: Annotated[
        float | None, typer.Option(help="Volatility per year, 1 = 100 % (default: the limits').")
    ] = None,
    years: Annotated[
        float | None, typer.Option(help="Years of 365 days to expiry (default: from --date).")
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="Day of valuation, e.g. 2026-06-30 (default: the start).")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Interest per year (default: the limits').")] = None,
    funding: Annotated[
        float | None, typer.Option(help="Perp funding per year (default: the limits', else 0).")
    ] = None,
    style: Annotated[Style | None, typer.Option(help="Exercise style (default: the deal's).")] = None,
    config: daemon.Config = daemon.CONFIG,
    json: output.Json = False,
) -> None:
    """Price and greeks of each tranche, and of the option book."""
    from bot.config import load

    settings = load(config)
    limits = settings.limits.options
    inputs = Inputs(
        spot=spot,
        sigma=limits.sigma if vol is None else vol,
        rate=limits.rate if rate is None else rate,
        carry=funding if funding is not None else limits.carry or 0.0,
    )
    try:
        document = value_options(inputs, tranches(settings, years, date, style))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if json:
        output.emit(document)
    else:
        _show(document)


def tranches(settings: Settings, years: float | None, date: str | None, style: Style | None) -> list[Tranche]:
    """The deal's options with the time left that was asked for. Raises ValueError on a bad or double date."""
    terms = settings.terms
    if years is not None and date is not None:
        raise ValueError("give --years or --date, not both")
    calls = terms.open_calls(terms.start_ns if date is None else _utc_ns(date))
    return [
        replace(call, style=style or call.style, years=call.years if years is None else years)
        for call in calls
    ]


def _utc_ns(date: str) -> int:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        raise ValueError(f"--date {date!r}: write a day as 2026-06-30") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000_000


def value_options(inputs: Inputs, calls: Sequence[Tranche]) -> dict[str, Any]:
    """The `options` document: tranches per token, total for the whole book (`price` there is its value).

    Theta per year, vega per 1.00 of volatility. Raises ValueError on nonsensical input.
    """
    from bot.pricing.options import call

    rows: list[dict[str, Any]] = []
    for tranche in calls:
        years, style = tranche.years, tranche.style
        value = call(inputs.spot, tranche.strike, years, inputs.sigma, inputs.rate, inputs.carry, style)
        row = {"name": tranche.name, "strike": tranche.strike, "tokens": tranche.tokens}
        row |= dict(zip(GREEKS, value, strict=True))
        rows.append(row | {"value_usdt": tranche.tokens * value.price, "style": style, "years": years})
    total = {name: math.fsum(row["tokens"] * row[name] for row in rows) for name in GREEKS}
    tokens = math.fsum(row["tokens"] for row in rows)
    asked = {"spot": inputs.spot, "vol": inputs.sigma, "rate": inputs.rate, "funding": inputs.carry}
    return {
        "inputs": asked,
        "tranches": rows,
        "total": {"tokens": tokens, "value_usdt": total["price"], **total},
    }


def _show(document: dict[str, Any]) -> None:
    from bot.ops.figures import plain, share, signed

    asked, total = document["inputs"], document["total"]
    left = max((row["years"] for row in document["tranches"]), default=0.0)
    title = (
        f"call options at {asked['spot']:g} USDT, volatility {share(asked['vol'])}, {left:.3f} years left, "
        f"rate {share(asked['rate'])}, funding {asked['funding']:+.2%}"
    )
    rows = [
        (
            row["name"],
            *(
                plain(row["strike"], 4),
                plain(row["tokens"]),
                plain(row["price"], 6),
                plain(row["value_usdt"]),
            ),
            signed(row["tokens"] * row["delta"]),
            signed(row["tokens"] * row["gamma"]),
            signed(row["tokens"] * row["vega"] / 100),
            signed(row["tokens"] * row["theta"] / 365),
            row["style"],
        )
        for row in document["tranches"]
    ]
    sums = (total["delta"], total["gamma"], total["vega"] / 100, total["theta"] / 365)
    last = ("total", "", plain(total["tokens"]), "", plain(total["value_usdt"]), *map(signed, sums), "")
    columns = (
        "",
        "strike",
        "tokens",
        "price",
        "value USDT",
        "delta",
        "gamma",
        "vega/1%",
        "theta/day",
        "style",
    )
    output.show(output.table(title, columns, [*rows, last]))
