"""The tables of the live view, one by one."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console, RenderableType

from bot.model.view import LpView, SellView
from bot.ops import terminal_tables as tables
from bot.ops.status import status
from sample_views import ON_CHAIN, busy, unborn


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


def shown_pool(lp: LpView) -> list[str]:
    return text(tables.pool(status(replace(busy(), lp=lp))["lp"])).splitlines()


def test_pool_and_options() -> None:
    lines = shown_pool(busy().lp)
    assert "delta +499,900 · block 45123456, 0.8 s" in lines[0]
    assert len(lines) == 3
    options = text(tables.option_book(status(busy())["options"]))
    assert options.count("\n") == 1
    assert "theta −68/day" in options
    unknown = text(tables.pool(status(unborn())["lp"]))
    assert "block –, –" in unknown
    assert unknown.count("\n") == 1


def test_what_is_ahead_of_the_pool() -> None:
    lines = shown_pool(ON_CHAIN)
    assert len(lines) == 4
    assert max(map(len, lines)) <= 100
    assert lines[1].split("at  ")[1].split("  ") == ["−5% +512.4", "−2% +504.9", "+2% +494.9", "+5% +487.4"]
    assert lines[2].strip() == (
        "to bounds ↓ 20.0% ↑ 1.9% · fees today +31.20 · 127.0.0.1:8545 0xab12…ab12, final −4"
    )
    assert lines[3] == "beside   1.2500 CAKE to harvest (in no delta) · wallet 12.00 tokens, 0.50 USDT"
    out = shown_pool(replace(ON_CHAIN, in_range=False, to_lower=None, to_upper=-0.031))
    assert "OUT OF RANGE · to bounds ↓ – ↑ −3.1%" in out[2]
    assert "full range" in shown_pool(busy().lp)[2]


def test_sale_of_the_loan() -> None:
    def shown(sell: SellView) -> str:
        return text(tables.sale(status(replace(busy(), sell=sell))["sell"]))

    half = shown(SellView(1000.0, 500.0, 500.0, 1.0, True))
    assert half.count("█") == half.count("░") == 12
    assert "50.0% · 500 of 1,000 tokens at 1.000000 USDT" in half
    assert "waiting" in shown(SellView(1000.0, 500.0, 500.0, 1.0, False))
    assert "waiting" not in shown(SellView(1000.0, 1000.0, 900.0, 0.9, False))
    assert "nothing to sell" in shown(SellView())
