"""`bot plan`: the first day before it happens. Needs no daemon."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.commands import daemon, output

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.deal.day_one import Assumptions, Plan, Variant
    from bot.deal.terms import DealTerms

app = typer.Typer()

Row = tuple[str, ...]


@app.command(rich_help_panel=output.PRICES)
def plan(
    spot: Annotated[float | None, typer.Option(help="Spot price in USDT (default: the opening's).")] = None,
    vol: Annotated[float | None, typer.Option(help="Volatility, 1 = 100 % (default: the limits').")] = None,
    years: Annotated[float | None, typer.Option(help="Term of the options (default: the deal's).")] = None,
    rate: Annotated[float | None, typer.Option(help="Interest per year (default: the limits').")] = None,
    funding: Annotated[
        float | None, typer.Option(help="Perp funding per year (default: the limits').")
    ] = None,
    style: Annotated[Literal["american", "european"] | None, typer.Option(help="Exercise style.")] = None,
    phi: Annotated[
        float | None, typer.Option(help="Share of the loan to hedge (default: the limits').")
    ] = None,
    sale_price: Annotated[float | None, typer.Option(help="Average sale price (default: spot).")] = None,
    capital: Annotated[float, typer.Option(help="Own capital in USDT, for solvency.", min=0.0)] = 0.0,
    config: daemon.Config = daemon.CONFIG,
    json: output.Json = False,
) -> None:
    """The day-one plan: what is kept, sold and hedged, both deltas, stress, margin, warnings."""
    from bot.config import load
    from bot.deal.day_one import to_json
    from bot.deal.plan import plan as make_plan

    settings = load(config)
    used = assumptions(settings, {"sigma": vol, "rate": rate, "carry": funding, "phi": phi})
    used = replace(used, sale_price_usdt=sale_price, own_capital_usdt=capital)
    price = settings.opening.price_usdt if spot is None else spot
    try:
        terms = adjusted(settings.terms, years, style)
        made = make_plan(terms, settings.limits.obligations, price, used)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if json:
        output.emit(to_json(made))
    else:
        _show(made, used)


def assumptions(settings: Settings, given: dict[str, float | None]) -> Assumptions:
    """What the limits say, overridden by what was asked for."""
    from bot.deal.day_one import Assumptions

    limits = settings.limits
    base = Assumptions(
        phi=limits.risk.phi,
        sigma=limits.options.sigma,
        rate=limits.options.rate,
        carry=limits.options.carry or 0.0,
        depth_buffer_share=limits.quote.depth_buffer_share,
    )
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return replace(base, **asked)


def adjusted(terms: DealTerms, years: float | None, style: str | None) -> DealTerms:
    """The deal with another term or exercise style. Raises ValueError for a term without length."""
    changes: dict[str, Any] = {} if style is None else {"style": style}
    if years is not None:
        if not 0 < years <= 100:
            raise ValueError(f"years: must lie above 0 and up to 100, got {years:g}")
        changes["expiry"] = terms.start + timedelta(days=365 * years)
    return terms.model_copy(update=changes)


def _show(made: Plan, used: Assumptions) -> None:
    from rich.text import Text

    title = f"day one at {made.spot_price:g} USDT, phi {made.phi:g}"
    columns = ("", "as written", "as configured")
    output.show(
        output.table(title, columns, _quantities(made.as_written, made.as_configured)),
        "",
        output.table(
            "quotes owed, USDT", ("", "bids", "asks", "bids configured", "asks configured"), _quotes(made)
        ),
        "",
        _stress(made.as_configured),
        "",
        _margins(made.as_configured, used),
        *(Text(f"! {warning}", style="yellow") for warning in made.warnings),
    )


def _quantities(written: Variant, configured: Variant) -> list[Row]:
    from bot.ops.figures import plain, price, signed

    both = (written, configured)
    rows: list[Row] = [
        (f"{name}, tokens", *(plain(getattr(variant, f"{name}_tokens")) for variant in both))
        for name in ("loan", "keep", "fund", "residual", "sell")
    ]
    deltas = [
        (f"delta {name}", *(signed(getattr(variant.delta, name)) for variant in both))
        for name in ("spot", "lp", "option", "perp", "source", "economic")
    ]
    return [
        *rows,
        ("USDT needed", *(plain(variant.usdt_needed) for variant in both)),
        *deltas,
        ("gamma, tokens per USDT", *(signed(variant.gamma_tokens_per_usdt) for variant in both)),
        ("option value, USDT", *(plain(variant.option_value_usdt) for variant in both)),
        ("solvent up to, USDT", *(price(variant.solvency_price) for variant in both)),
    ]


def _quotes(made: Plan) -> list[Row]:
    from bot.ops.figures import plain

    return [
        (name, plain(bid), plain(ask), *map(plain, made.as_configured.venues[name]))
        for name, (bid, ask) in made.as_written.venues.items()
    ]


def _stress(variant: Variant) -> Any:
    from bot.ops.figures import signed

    columns = ("price", "in force", "phi 0", "phi 0.5", "phi 1", "hedged book", "no perps")
    names = ("pnl", "phi_0", "phi_half", "phi_1", "hedged", "no_perp_total")
    rows = [
        (f"{row.spot_price:g}", *(signed(getattr(row, f"{name}_usdt")) for name in names))
        for row in variant.stress
    ]
    return output.table("an instant move, PnL in USDT (as configured)", columns, rows)


def _margins(variant: Variant, used: Assumptions) -> Any:
    from bot.ops.figures import plain

    rows = [(f"{move:.0%}", plain(usdt)) for move, usdt in variant.margins]
    title = f"perp margin that survives an adverse move (needed: {used.margin_move:.0%}), USDT"
    return output.table(title, ("move", "USDT"), rows)
