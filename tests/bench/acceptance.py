"""The daemon on the reference market against the reference simulator: ten acceptance points, as a report.

    python tests/bench/acceptance.py run OUT --days 10 --seeds 1 2 3 4 --columns base H1k …
    python tests/bench/acceptance.py report OUT > tests/bench/acceptance.md

`run` writes one JSON per column and seed, so it may be stopped and continued; `report` judges what is there.
The reference figures are USDT per day of 48 paths × 10 days of the specification's simulator.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.backtest import PERP_LINES, BacktestOptions, backtest, daily_changes
from bot.config import Settings, load

ROOT = Path(__file__).parents[2]
Change = Callable[[Settings], Settings]


def changed(settings: Settings, path: str, value: Any) -> Settings:
    """A copy with one dotted key replaced; works for frozen pydantic models of any depth."""
    name, _, rest = path.partition(".")
    inner = getattr(settings, name)
    return settings.model_copy(update={name: changed(inner, rest, value) if rest else value})


def reference() -> Settings:
    """The reference deal after day one: 200k of asks with a 30 % buffer, the pool, no sale under way."""
    settings = load(ROOT / "config" / "paper.toml", env={})
    accounts = {
        name: one.model_copy(update={"tokens": tokens, "usdt": usdt, "borrowed": False})
        for (name, one), (tokens, usdt) in zip(settings.opening.accounts.items(), _BALANCES, strict=True)
    }
    for path, value in {
        "opening.accounts": accounts,
        "terms.loan_tokens": 760_000.0,  # what is held: nothing is left to sell
        "limits.sell.enabled": False,
        "limits.options.rate": 0.0,
        "limits.options.carry": 0.0,
        "limits.quote.depth_buffer_share": 0.10,
        "limits.hedge.band_tokens_fixed": 10_000.0,
        "limits.risk.loss_from_peak_usdt_max": 1e7,  # a path must run to its end
    }.items():
        settings = changed(settings, path, value)
    return settings


_BALANCES = [
    (Decimal(130_000), Decimal(160_000)),
    (Decimal(65_000), Decimal(80_000)),
    (Decimal(65_000), Decimal(80_000)),
    (Decimal(0), Decimal(400_000)),
    (Decimal(0), Decimal(400_000)),
    (Decimal(0), Decimal(400_000)),
    (Decimal(0), Decimal(0)),
]


def _set(**changes: Any) -> Change:
    def apply(settings: Settings) -> Settings:
        for path, value in changes.items():
            settings = changed(settings, path.replace("__", "."), value)
        return settings

    return apply


def _no_buffer(settings: Settings) -> Settings:
    accounts = dict(settings.opening.accounts)
    for name, one in accounts.items():
        accounts[name] = one.model_copy(update={"tokens": one.tokens / Decimal("1.3")})
    return changed(changed(settings, "opening.accounts", accounts), "terms.loan_tokens", 700_000.0)


COLUMNS: dict[str, Change] = {
    "base": _set(),
    "H1k": _set(limits__hedge__band_tokens_fixed=1_000.0),
    "H3k": _set(limits__hedge__band_tokens_fixed=3_000.0),
    "H30k": _set(limits__hedge__band_tokens_fixed=30_000.0),
    "no_skew": _set(limits__quote__skew_bps_max=0.0),
    "flat": _set(limits__quote__level_weights=(0.1,) * 10),
    "toxic": _set(paper__world__flow__impact_share=0.6, paper__world__price__sigma_annual=0.80),
    "tol3": _set(limits__quote__refresh_tolerance_bps=3.0),
    "beta0": _no_buffer,
    "f-50": _set(
        paper__world__perps__funding_mean_annual=-0.5, paper__world__perps__funding_start_annual=-0.5
    ),
    "vol1.3": _set(paper__world__price__realised_multiplier=1.3),
}

REFERENCE: dict[str, dict[str, float]] = {
    "spread": dict(
        zip(COLUMNS, (1059, 1059, 1059, 1058, 1059, 1000, 1068, 1024, 1058, 1059, 1021), strict=True)
    ),
    "adverse": dict(
        zip(COLUMNS, (-913, -890, -898, -915, -884, -1137, -1693, -1051, -907, -913, -1072), strict=True)
    ),
    "perp cost": dict(
        zip(COLUMNS, (-110, -881, -452, -51, -216, -506, -133, -108, -105, -110, -116), strict=True)
    ),
    "LP swap": dict(
        zip(COLUMNS, (-345, -340, -344, -345, -340, -344, -405, -340, -345, -345, -574), strict=True)
    ),
    "LP fees": dict(zip(COLUMNS, (528, 527, 529, 528, 528, 528, 559, 532, 528, 528, 673), strict=True)),
    "option": dict(zip(COLUMNS, (0, -1, 0, 0, -2, 0, 30, -1, 0, 0, 108), strict=True)),
    "hedges/day": dict(zip(COLUMNS, (18, 1184, 313, 0.1, 52, 106, 26, 18, 17, 18, 21), strict=True)),
    "rms X": dict(
        zip(COLUMNS, (3905, 524, 1496, 4679, 4845, 4502, 4308, 3568, 3886, 3905, 3610), strict=True)
    ),
    "uptime worst": dict(
        zip(
            COLUMNS,
            (99.94, 99.94, 99.94, 99.94, 99.94, 99.98, 99.997, 96.3, 99.57, 99.94, 99.95),
            strict=True,
        )
    ),
}


def run(out: Path, columns: list[str], seeds: list[int], days: float) -> None:
    """Run every column and seed that has no result yet."""
    out.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for column in columns:
            target = out / f"{column}-{seed}-{days:g}.json"
            if not target.exists():
                target.write_text(json.dumps(path(column, seed, days)))
                print(target.name, file=sys.stderr, flush=True)


def path(column: str, seed: int, days: float) -> dict[str, Any]:
    """One path: its daily figures."""
    settings = COLUMNS[column](reference())
    result = backtest(settings, BacktestOptions(days=days, seed=seed), lambda _share, _events: None)
    document, track = result.as_dict, result.track
    band = settings.limits.hedge.band_tokens_fixed or 1.0
    return {
        "column": column,
        "days": days,
        "pnl": document["pnl"],
        "opening": track.opening,
        "daily": daily_changes(track),
        "daily_unhedged": daily_changes(track, PERP_LINES),
        "identity": track.identity_error,
        "x": [round(x / band, 3) for x in track.net],
        "band": band,
        "uptime": document["uptime"],
        "hedges": document["hedges"],
        "fills": document["fills"],
        "turnover": document["turnover_tokens"],
        "events": document["events"],
        "seconds": document["seconds"],
        "levels": document["levels"],
    }


def lines_of(paths: list[dict[str, Any]]) -> dict[str, float]:
    """A column's figures per day, averaged over its paths."""
    days = math.fsum(p["days"] for p in paths)

    def per_day(*names: str) -> float:
        changes = (p["pnl"].get(n, 0.0) - p["opening"].get(n, 0.0) for p in paths for n in names)
        return math.fsum(changes) / days

    xs = [x * p["band"] for p in paths for x in p["x"]]
    spread = per_day("spread_capture")
    return {
        "days": days,
        "spread": spread,
        "adverse": per_day("inventory_delta", "lp_delta", "perp_delta", "option_delta"),
        "adverse 30s": -per_day("adverse_30s") if any("adverse_30s" in p["pnl"] for p in paths) else 0.0,
        "perp cost": per_day("hedge_slippage", "hedge_fees"),
        "LP swap": per_day("lp_swap_value"),
        "LP fees": per_day("lp_fees"),
        "option": per_day("option_gamma", "option_theta", "option_residual"),
        "funding": per_day("funding"),
        "total": per_day("total"),
        "hedges/day": math.fsum(p["hedges"] for p in paths) / days,
        "rms X": math.sqrt(math.fsum(x * x for x in xs) / len(xs)) if xs else math.nan,
        "uptime worst": 100 * min(min(p["uptime"].values()) for p in paths),
        "fills/day": math.fsum(p["fills"] for p in paths) / days,
    }


def deviation(values: list[float]) -> float:
    """Sample standard deviation."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))


def report(out: Path) -> str:
    """The table of ours against the reference, and the verdicts."""
    by_column: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    for file in sorted(out.glob("*.json")):
        one = json.loads(file.read_text())
        by_column[one["column"]].append(one)
    figures = {name: lines_of(paths) for name, paths in by_column.items() if paths}
    rows = ["| line | " + " | ".join(figures) + " |", "|---|" + "---|" * len(figures)]
    for line in next(iter(figures.values())):
        cells = []
        for name in figures:
            ours, theirs = figures[name][line], REFERENCE.get(line, {}).get(name)
            digits = {"uptime worst": ".2f", "days": ".1f"}.get(line, ",.0f")
            cells.append(format(ours, digits) + (f" ({theirs:g})" if theirs is not None else ""))
        rows.append(f"| {line} | " + " | ".join(cells) + " |")
    head = (
        "# The daemon on the reference market\n\nUSDT per market day (reference simulator in brackets); "
        "`adverse` is everything that the price moved, hedges included. Ours leaves the opening hedge out "
        "(15 minutes); the reference has it in, 47 a day. Orders of the opening are counted as hedges.\n"
    )
    return "\n".join([head, *rows, "", "## Acceptance", "", *verdicts(by_column, figures), ""])


def verdicts(by_column: dict[str, list[dict[str, Any]]], figures: dict[str, dict[str, float]]) -> list[str]:
    """One line per acceptance point that the runs at hand can judge."""
    base = by_column["base"]
    unhedged, hedged = ([d for p in base for d in p[key]] for key in ("daily_unhedged", "daily"))
    ratio = deviation(unhedged) / deviation(hedged) if len(hedged) > 1 else math.nan
    xs = sorted(x for p in base for x in p["x"])
    inside = sum(abs(x) <= 1.0 for x in xs) / len(xs)
    quantiles = ", ".join(
        f"{q:g}: {xs[int(q * (len(xs) - 1))]:+.2f}" for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    )
    cost = {name: figures[name]["perp cost"] for name in ("H1k", "H3k", "base", "H30k") if name in figures}
    ordered = list(cost.values()) == sorted(cost.values())
    identity = max(p["identity"] for p in base)
    found = [
        f"1. identity error {identity:.1e} USDT (at most 1e-6)",
        f"2. daily std unhedged/hedged {ratio:.1f} (at least 20; reference 59)",
        f"3. |X| ≤ H in {inside:.2%} of minutes; quantiles of X/H {quantiles}",
        f"4. hedge cost by band {', '.join(f'{n} {v:,.0f}' for n, v in cost.items())}: monotone {ordered}",
        f"5. worst uptime {figures['base']['uptime worst']:.2f} % (at least 99.5)",
    ]
    if "beta0" in figures:
        found[-1] += f", without buffer {figures['beta0']['uptime worst']:.2f} %"
    sigma = 1.0
    lvr = -1e6 * sigma**2 / 8 / 365
    found.append(f"7. LP swap value {figures['base']['LP swap']:,.0f} per day against −LVR {lvr:,.0f}")
    if "vol1.3" in figures:
        found.append(
            f"8. option line at realised 1.3: {figures['vol1.3']['option']:,.0f} per day (formula 101)"
        )
    return found


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS))
    chosen = parser.parse_args()
    if chosen.what == "run":
        run(chosen.out, chosen.columns, chosen.seeds, chosen.days)
    else:
        print(report(chosen.out))


if __name__ == "__main__":
    main()
