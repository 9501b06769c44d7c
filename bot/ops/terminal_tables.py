"""Tables of the live terminal view: exchanges, profit and loss by source, pool, options, sale of the loan.

Rule: each takes its own part of the status document and keeps to 100 columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.ops.figures import UNKNOWN, money, old, owed, plain, price, share, signed, span, times

Status = Mapping[str, Any]

# Lines of the PnL statement as an operator thinks of them; what is not named here is in `other`.
_SOURCES: dict[str, tuple[str, ...]] = {
    "spread": ("spread_capture",),
    "delta": ("inventory_delta", "perp_delta", "perp_basis", "lp_delta", "option_delta"),
    "LP": ("lp_fees", "lp_swap_value"),
    "options": ("option_gamma", "option_theta", "option_vega", "option_residual", "exercise"),
    "funding": ("funding",),
    "hedging": ("hedge_slippage", "hedge_fees"),
    "sale": ("sale_slippage",),
    "fees": ("spot_fees",),
}
_COLUMNS = (
    *("bid/owed k", "ask/owed k", "spread bp", "met", "uptime"),
    *("perp", "→ target", "fund %/y", "age s"),
)


def exchanges(status: Status) -> Table:
    """One row per exchange: depth against what is owed, spread, uptime, perp against its target, funding."""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bright_black")
    table.add_column("", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, venue in status["venues"].items():
        table.add_row(*_exchange(name, venue, status["book_age_s_max"]))
    orders = status["orders"]
    table.caption = (
        f"orders {orders['open']} open, {orders['unknown']} unknown · fills {status['fills']:,} · "
        f"hedges {status['hedges']:,} · fair {price(status.get('fair_price_usdt'))} USDT"
    )
    table.caption_justify, table.caption_style = "left", "bright_black"
    return table


def _exchange(name: str, venue: Status, age_s_max: float) -> list[Text]:
    spot, perp = venue["spot"], venue["perp"]
    ages = [age for age in (spot["feed_age_s"], perp["feed_age_s"]) if age is not None]
    late = not ages or old(max(ages), age_s_max)
    base = "bright_black" if late else ""
    met = spot["compliant"]
    mark = Text("–") if met is None else Text("✓", "green") if met else Text("✗", "bold red")
    health = "" if venue["health"] == "up" else f" {venue['health']}"
    label = Text(name, base or "bold").append(health, "bold red")
    unsure = "?" if perp["unknown"] else ""
    return [
        label,
        Text(owed(spot["bid_depth_usdt"], spot["owed_bid_usdt"]), base),
        Text(owed(spot["ask_depth_usdt"], spot["owed_ask_usdt"]), base),
        Text(plain(spot["spread_bps"], 1), base),
        mark,
        Text(share(spot["uptime"]), base),
        Text(signed(perp["position"]) + unsure, base),
        Text(signed(perp["target"]), base),
        Text(signed(times(perp["funding_annual"], 100), 1), base),
        Text(plain(max(ages) if ages else None, 1), "bold yellow" if late else "bright_black"),
    ]


def pnl_by_source(pnl: Status) -> Table:
    """Two lines of five: the sources, what no source explains (`other`), and the total."""
    groups = {name: _sum(pnl, lines) for name, lines in _SOURCES.items()}
    known = [value for value in groups.values() if value is not None]
    total = pnl["total"]
    groups["other"] = total - sum(known) if total is not None and len(known) == len(groups) else None
    table = Table.grid(expand=True, padding=(0, 1))
    for _ in range(5):
        table.add_column(ratio=1, no_wrap=True)
    cells = [Text(f"{name:<8}", "bright_black").append(money(value)) for name, value in groups.items()]
    cells.append(Text("total   ", "bold").append(money(total, "bold ")))
    table.add_row(*cells[:5])
    table.add_row(*cells[5:])
    return table


def _sum(pnl: Status, lines: tuple[str, ...]) -> float | None:
    values = [pnl[line] for line in lines if line in pnl]
    return None if None in values else sum(values)


def pool(lp: Status) -> Group:
    """The LP book: what it is worth, its delta after moves of the pool's price, where the reading is from.

    What lies beside the positions has a line of its own: CAKE is a third asset and no part of the delta.
    """
    late = old(lp["age_s"], lp["age_s_max"])
    text = Text(style="bright_black" if late else "")
    text.append("pool     ", "bold")
    text.append(f"{plain(lp['value_usdt'])} USDT · {plain(lp['token_amount'])} tokens")
    text.append(f" · fees {plain(lp['fees_usdt'], 2)} · delta {signed(lp['delta_tokens'])}")
    age = f" · block {lp['block'] or '–'}, {span(lp['age_s'])}"
    lines = [text.append(age, "bold yellow" if late else "bright_black")]
    if lp["value_usdt"] is not None:
        lines += [_ahead(lp), _source(lp)]
    beside = [f"{plain(lp['cake'], 4)} CAKE to harvest (in no delta)"] if lp["cake"] else []
    if lp["wallet_token"] or lp["wallet_usdt"]:
        beside.append(f"wallet {plain(lp['wallet_token'], 2)} tokens, {plain(lp['wallet_usdt'], 2)} USDT")
    if beside:
        lines.append(Text.assemble(("beside   ", "bold"), " · ".join(beside)))
    return Group(*lines)


def _ahead(lp: Status) -> Text:
    """Delta in thousands of tokens at each foreseen move."""
    text = Text("         delta k at", "bright_black", no_wrap=True, overflow="ellipsis")
    for at in lp["delta_at"]:
        text.append(f"  {signed(at['move_pct'])}% ", "bright_black")
        text.append(signed(times(at["delta_tokens"], 1e-3), 1), "")
    return text


def _source(lp: Status) -> Text:
    """Distance to the bounds, fees of the day, and the node and block it all is from."""
    bounds = [lp["to_lower_pct"], lp["to_upper_pct"]]
    near = any(bound is not None and bound < 2 for bound in bounds)
    text = Text("         ", "bright_black", no_wrap=True, overflow="ellipsis")
    if lp["in_range"] is False:
        text.append("OUT OF RANGE · ", "bold yellow")
    if bounds == [None, None]:
        text.append("full range")
    else:
        low, high = (UNKNOWN if bound is None else f"{plain(bound, 1)}%" for bound in bounds)
        text.append(f"to bounds ↓ {low} ↑ {high}", "bold yellow" if near else "")
    text.append(f" · fees today {signed(lp['fees_today_usdt'], 2)}")
    final = lp["finalized_block"]
    behind = "" if final is None or lp["block"] is None else f", final −{max(0, lp['block'] - final)}"
    return text.append(f" · {lp['provider'] or UNKNOWN} {_short(lp['block_hash'])}{behind}")


def _short(block_hash: str | None) -> str:
    if block_hash is None:
        return UNKNOWN
    return f"{block_hash[:6]}…{block_hash[-4:]}" if len(block_hash) > 24 else block_hash


def option_book(options: Status) -> Text:
    """The option book in one line."""
    text = Text.assemble(("options  ", "bold"), f"{plain(options['value_usdt'])} USDT")
    text.append(f" · delta {signed(options['delta'])} · gamma {signed(options['gamma'])}")
    text.append(f" · theta {signed(times(options['theta'], 1 / 365))}/day")
    text.append(f" · vol {share(options['sigma'], 0)} · {span(options['age_s'])}", "bright_black")
    return text


def sale(sell: Status) -> Text:
    """Progress of the sale of the loan."""
    text = Text.assemble(("sale     ", "bold"))
    progress = sell["progress"]
    if progress is None:
        return text.append("nothing to sell", "bright_black")
    done = max(0, min(24, round(progress * 24)))
    text.append("█" * done, "green").append("░" * (24 - done), "bright_black")
    text.append(f" {share(progress)} · {plain(sell['sold_tokens'])} of {plain(sell['total_tokens'])} tokens")
    text.append(f" at {price(sell['average_price'])} USDT")
    return text.append("" if sell["active"] or progress >= 1 else " · waiting", "yellow")
