"""The live view, read as an operator reads it: printed at 100 columns."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from bot.model.view import Level, View
from bot.ops.status import status
from bot.ops.terminal import render, summary
from sample_views import NS, ON_CHAIN, TIME_NS, busy, troubled, unborn


def screen(view: View, now_ns: int = TIME_NS + NS) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, height=30, force_terminal=False, color_system=None)
    console.print(render(status(view, now_ns, started_ns=TIME_NS - 3723 * NS)))
    return out.getvalue()


def worst() -> View:
    """All that can stand on the screen at once."""
    lp = replace(ON_CHAIN, age_s=120.0, in_range=False, value_usdt=10_000_512.0, to_upper=-0.5)
    return replace(troubled(), lp=lp, alerts=troubled().alerts * 4)


@pytest.mark.parametrize(
    "view", [busy(), troubled(), unborn(), worst()], ids=["busy", "troubled", "unborn", "worst"]
)
def test_it_fits_one_small_screen(view: View) -> None:
    lines = screen(view).splitlines()
    assert len(lines) <= 29
    assert max(map(len, lines)) <= 100
    assert not any(word in ("nan", "None", "inf") for line in lines for word in line.split())


def test_the_four_answers_of_a_good_day() -> None:
    lines = screen(busy()).splitlines()
    assert lines[0].split() == [
        "PAPER",
        "NORMAL",
        "running",
        "up",
        "1h",
        "02m",
        "·",
        "limits",
        "v3",
        "·",
        "00:04:05",
        "UTC",
    ]
    answers = [part.strip() for part in lines[1].split("●")[1:]]
    assert answers == ["neutral", "quoting 3/3", "earning +220.19", "nothing wrong"]


def test_one_row_per_exchange() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in screen(busy()).splitlines() if line.strip()}
    assert " ".join(rows["binance"]) == "108/100 108/100 9.0 ✓ 99.9% −1,350,256 −1,350,000 +10.9 0.3"
    assert " ".join(rows["bitget"]) == "53/50 53/50 9.0 ✓ 99.9% −587,412 −588,000 −2.2 0.3"


def test_trouble_is_named() -> None:
    text = screen(troubled())
    assert "because bitget.spot: order book is 14 s old" in text
    assert "QUOTING 2/3" in text
    assert "delta unknown" in text
    look = next(line for line in text.splitlines() if line.startswith("look at:"))
    assert "bitget degraded" in look
    assert "bitget.spot silent for 14 s" in look
    assert "bitget degraded" in text
    assert "−587,412?" in text
    assert "00:04:01 stale_book bitget.spot has been silent for 10 s: quotes pulled" in text


def test_an_alert_ages_into_history() -> None:
    view = replace(busy(), alerts=((TIME_NS - 400 * NS, "lp_refused", "pool reading refused"),))
    text = screen(view)
    assert "lp_refused pool reading refused" in text
    assert "nothing wrong" in text
    new = replace(busy(), alerts=((TIME_NS - 20 * NS, "lp_refused", "pool reading refused"),))
    assert "look at: 1 new alert" in screen(new)


def test_unknown_is_a_dash_before_the_first_fact() -> None:
    text = screen(unborn())
    assert "no quotes" in text or "QUOTING 0/3" in text
    assert "delta unknown" in text
    assert "lp –" in text
    assert "nothing to sell" in text


def test_net_delta_moves_along_the_bar() -> None:
    def bar(net: float) -> tuple[str, int]:
        view = replace(busy(), exposure=replace(busy().exposure, net=net))
        line = next(row for row in screen(view).splitlines() if row.startswith("net ") and "●" in row)
        return line, line.index("●")

    middle = bar(0.0)[1]
    assert bar(-15_000.0)[1] < middle < bar(15_000.0)[1]
    assert bar(40_000.0)[1] == bar(99_000.0)[1]  # off the ruler: pinned to its end
    assert "OUTSIDE BAND" in screen(replace(busy(), exposure=replace(busy().exposure, net=15_600.0)))


def test_an_old_view_says_so() -> None:
    assert "STALE: this view is 12 s old" in screen(busy(), now_ns=TIME_NS + 12 * NS)
    assert "STALE" not in screen(busy())


def test_what_is_late_is_grey() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system="standard")
    console.print(render(status(troubled())))
    rows = out.getvalue().splitlines()
    late = next(row for row in rows if "−587,412?" in row)
    fresh = next(row for row in rows if "−560,000" in row)
    assert re.search(r"\x1b\[90m *−587,412", late)
    assert not re.search(r"\x1b\[90m *−560,000", fresh)


def test_summary_is_one_plain_line() -> None:
    line = summary(status(troubled()))
    assert line.startswith("00:04:05Z paper CAUTIOUS running · net −312 of ±15,512 tokens · quoting 2/3 · ")
    assert line.endswith("because bitget.spot: order book is 14 s old")
    assert "\n" not in line
    halted = replace(busy(), level=Level.HALTED, level_reason="operator: test")
    assert "HALTED halted" in summary(status(halted))
    assert "net 0 of" in summary(status(unborn()))


def test_pnl_groups_add_up_to_the_total() -> None:
    lines = screen(
        replace(busy(), pnl={**busy().pnl, "gas": -3.0, "loan_delta": 1e6, "residual": 5.0, "total": 217.19})
    ).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("profit and loss"))
    words = " ".join(lines[at + 1 : at + 3]).replace("−", "-").replace(",", "").split()
    figures = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    total = figures.pop("total")
    assert figures["other"] == -3.0
    assert sum(figures.values()) == pytest.approx(220.19 - 3.0, abs=0.01)
    assert total == pytest.approx(220.19 - 3.0, abs=0.01)
