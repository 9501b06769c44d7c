"""The tables of the live view, one by one."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console, RenderableType

from bot.model.view import SellView
from bot.ops import terminal_tables as tables
from bot.ops.status import status
from sample_views import busy, unborn


def text(part: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(part)
    return out.getvalue()


def test_exchanges_are_in_the_operators_order() -> None:
    rows = text(tables.exchanges(status(busy()))).splitlines()
    assert [row.split()[0] for row in rows[1:4]] == ["binance", "bybit", "bitget"]
    assert rows[4].startswith("orders 60 open, 0 unknown · fills 1,204 · hedges 310 · fair 0.999830 USDT")


def test_an_unknown_line_makes_its_group_unknown() -> None:
    shown = text(tables.pnl_by_source({"funding": None, "spread_capture": 1.0, "total": None}))
    assert "funding –" in shown
    assert "spread  +1.00" in shown
    assert "total   –" in shown


def test_pool_and_options_in_one_line_each() -> None:
    document = status(busy())
    pool = text(tables.pool(document["lp"]))
    assert pool.count("\n") == 1
    assert "delta +499,900 · block 45123456, 0.8 s" in pool
    options = text(tables.option_book(document["options"]))
    assert options.count("\n") == 1
    assert "theta −68/day" in options
    out = replace(busy(), lp=replace(busy().lp, in_range=False))
    assert "OUT OF RANGE" in text(tables.pool(status(out)["lp"]))
    assert "block –, –" in text(tables.pool(status(unborn())["lp"]))


def test_sale_of_the_loan() -> None:
    def shown(sell: SellView) -> str:
        return text(tables.sale(status(replace(busy(), sell=sell))["sell"]))

    half = shown(SellView(1000.0, 500.0, 500.0, 1.0, True))
    assert half.count("█") == half.count("░") == 12
    assert "50.0% · 500 of 1,000 tokens at 1.000000 USDT" in half
    assert "waiting" in shown(SellView(1000.0, 500.0, 500.0, 1.0, False))
    assert "waiting" not in shown(SellView(1000.0, 1000.0, 900.0, 0.9, False))
    assert "nothing to sell" in shown(SellView())
