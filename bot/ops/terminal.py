"""The live terminal view: one screen of 100 × 30 that answers four questions at a glance.

Are we neutral? Are we quoting? Are we making money? Is anything wrong?

Rule 1: drawn from the status document alone, so that the daemon's own view and a remote one look the same.
Rule 2: unknown is a dash, never zero; what is older than it may be is grey and carries its age.
Rule 3: colour only repeats what a word or a sign already says.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.styled import Styled
from rich.table import Table
from rich.text import Text

from bot.ops.figures import lamp, money, old, plain, signed, span, two_sides
from bot.ops.terminal_tables import Status, exchanges, option_book, pnl_by_source, pool, sale

LEVEL_STYLE = {
    "NORMAL": "bold green",
    "CAUTIOUS": "bold yellow",
    "PULLED": "bold dark_orange",
    "REDUCING": "bold magenta",
    "HALTED": "bold white on red",
    "FLATTEN": "bold white on red",
}
VIEW_AGE_S_MAX = 5.0
ALERT_AGE_S_MAX = 300.0  # older ones are history: still shown, no longer asked to be looked at
_BAR = 41
_ALERTS = 3


def render(status: Status) -> RenderableType:
    """The whole screen from one status document (see `bot.ops.status.status`)."""
    screen = Group(
        _headline(status),
        *_reason(status),
        _answers(status),
        *_trouble_lines(status),
        _title("net delta, tokens"),
        *_delta(status),
        _title("exchanges"),
        exchanges(status),
        _title("profit and loss by source, USDT"),
        pnl_by_source(status["pnl"]),
        _title("pool, options, sale of the loan"),
        pool(status["lp"]),
        option_book(status["options"]),
        sale(status["sell"]),
        _title("alerts"),
        *_alerts(status["alerts"]),
    )
    return Styled(screen, "dim") if _stale(status) else screen


def summary(status: Status) -> str:
    """One plain line for logs and pipes."""
    delta, orders = status["delta"], status["orders"]
    met, of = _met(status)
    clock = (status["time"] or "")[11:19] or "--:--:--"
    parts = [
        f"{clock}Z {status['mode']} {status['level']} {status['state']}",
        f"net {signed(delta['net'])} of ±{plain(delta['band'])} tokens",
        f"quoting {met}/{of}",
        f"pnl {signed(status['pnl'].get('total'), 2)} USDT",
        f"orders {orders['open']} open {orders['unknown']} unknown",
        f"fills {status['fills']} hedges {status['hedges']}",
        f"alerts {len(status['alerts'])}",
    ]
    if status["level"] != "NORMAL" and status["level_reason"]:
        parts.append(f"because {status['level_reason']}")
    return " · ".join(parts)


def _title(text: str) -> Rule:
    return Rule(Text(text, style="bold cyan"), align="left", style="bright_black", characters="─")


def _headline(status: Status) -> Table:
    left = Text.assemble(
        (f" {status['mode'].upper()} ", "bold reverse"),
        " ",
        (f" {status['level']} ", LEVEL_STYLE.get(status["level"], "bold")),
        f" {status['state']}",
    )
    clock = (status["time"] or "")[11:19] or "--:--:--"
    right = f"up {span(status['run_s'])} · limits v{status['limits_version']} · {clock} UTC"
    return two_sides(left, Text(right, "bright_black"))


def _reason(status: Status) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if _stale(status):
        lines.append(
            Text(f"STALE: this view is {span(status['age_s'])} old; is the daemon stuck?", "bold red")
        )
    if status["level"] != "NORMAL" and status["level_reason"]:
        lines.append(Text(f"because {status['level_reason']}", "yellow", no_wrap=True, overflow="ellipsis"))
    return lines


def _stale(status: Status) -> bool:
    return status["age_s"] is not None and status["age_s"] > VIEW_AGE_S_MAX


def _answers(status: Status) -> Table:
    """Neutral? Quoting? Earning? Anything wrong? One cell each."""
    delta = status["delta"]
    neutral = _inside(delta)
    met, of = _met(status)
    total = status["pnl"].get("total")
    troubles = _troubles(status)
    row = Table.grid(expand=True, padding=(0, 1))
    for ratio in (3, 2, 3, 3):
        row.add_column(ratio=ratio, no_wrap=True)
    row.add_row(
        lamp(neutral, {True: "neutral", False: "OUTSIDE BAND", None: "delta unknown"}),
        lamp(met == of if of else None, {True: "quoting", False: "QUOTING", None: "no quotes"}).append(
            f" {met}/{of}"
        ),
        lamp(None if total is None else total >= 0, {True: "earning", False: "losing", None: "PnL unknown"})
        .append(" ")
        .append(money(total)),
        lamp(not troubles, {True: "nothing wrong", False: f"{len(troubles)} to look at"}),
    )
    return row


def _trouble_lines(status: Status) -> list[RenderableType]:
    troubles = _troubles(status)
    text = Text("look at: " + " · ".join(troubles), "yellow", no_wrap=True, overflow="ellipsis")
    return [text] if troubles else []


def _troubles(status: Status) -> list[str]:
    found = [
        f"{name} {venue['health']}" for name, venue in status["venues"].items() if venue["health"] != "up"
    ]
    stale = [key for key, age in status["feeds"].items() if old(age, status["book_age_s_max"])]
    found += [f"{key} silent for {span(status['feeds'][key])}" for key in stale]
    if old(status["lp"]["age_s"], status["lp"]["age_s_max"]) and status["lp"]["value_usdt"] is not None:
        found.append(f"pool last read {span(status['lp']['age_s'])} ago")
    found += [] if status["delta"]["complete"] else ["delta incomplete"]
    recent = [alert for alert in status["alerts"] if not old(alert["age_s"], ALERT_AGE_S_MAX)]
    counts = {"unknown order": status["orders"]["unknown"], "new alert": len(recent)}
    return found + [f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items() if count]


def _met(status: Status) -> tuple[int, int]:
    spots = [venue["spot"] for venue in status["venues"].values()]
    met = [spot["compliant"] for spot in spots if spot["owed_bid_usdt"] is not None]
    return sum(1 for one in met if one), len(met)


def _inside(delta: Status) -> bool | None:
    if delta["net"] is None or not delta["complete"]:
        return None
    return bool(abs(delta["net"]) <= delta["band"])


def _delta(status: Status) -> list[RenderableType]:
    delta = status["delta"]
    net = Text.assemble(("net ", "bold"), (f"{signed(delta['net']):>11} ", "bold"))
    inside = _inside(delta)
    net.append(_band_bar(delta["net"], delta["band"], inside))
    net.append(f"  band ±{plain(delta['band'])}")
    net.append(f"  unhedged {span(status['unhedged_age_s'])}", "bright_black" if inside else "yellow")
    parts = ("spot", "perp", "lp", "option", "working")
    components = Text("    ")
    for name in parts:
        components.append(f"{name} ", "bright_black").append(f"{signed(delta[name])}   ")
    sums = Text("    ")
    for name in ("source", "target", "economic", "loan"):
        sums.append(f"{name} ", "bright_black").append(f"{signed(delta[name])}   ")
    if not delta["complete"]:
        sums.append("a part is unknown: last value used", "bold yellow")
    return [net, components, sums]


def _band_bar(net: float | None, band: float | None, inside: bool | None) -> Text:
    """A ruler of twice the band each way: the band in brackets, net delta as a dot."""
    half = _BAR // 2
    cells = ["·"] * _BAR
    cells[half - half // 2], cells[half + half // 2], cells[half] = "[", "]", "│"
    if net is None or not band:
        return Text("".join(cells), style="bright_black")
    place = max(-half, min(half, round(net / band * (half // 2))))
    text = Text("".join(cells), style="bright_black")
    at = half + place
    return Text.assemble(text[:at], ("●", "bold green" if inside else "bold red"), text[at + 1 :])


def _alerts(alerts: list[Status]) -> list[RenderableType]:
    if not alerts:
        return [Text("none", "bright_black")]
    lines: list[RenderableType] = []
    for alert in alerts[-_ALERTS:]:
        line = Text((alert["time"] or "")[11:19] + " ", "bright_black", no_wrap=True, overflow="ellipsis")
        late = old(alert["age_s"], ALERT_AGE_S_MAX)
        line.append(f"{alert['code']} ", "bright_black" if late else "bold yellow")
        lines.append(line.append(alert["message"], "bright_black" if late else ""))
    return lines
