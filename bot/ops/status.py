"""The view as JSON: what `status`, the control API and the last line of a run say.

Rule 1: unknown is null, never zero; a number that is not finite is unknown.
Rule 2: keys may be added, never renamed: scripts rely on them.
Rule 3: everything comes from the view and the arguments; nothing here reads a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.clock import NS
from bot.model.limits import ObligationLimits
from bot.model.view import (
    Exposure,
    Level,
    LpView,
    ObligationView,
    OptionView,
    PerpView,
    SellView,
    SpotView,
    View,
)

FUNDINGS_PER_YEAR = 3 * 365  # periods of eight hours, the unit in which the venues quote funding

_GREEKS = ("name", "strike", "tokens", "price", "delta", "gamma", "vega", "theta")


def status(
    view: View, now_ns: int = 0, *, started_ns: int = 0, state: str = "", left_open: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything an operator or a script asks for, as plain JSON values.

    `now_ns` and `started_ns` (0 = not said) give the ages of view and run; `state` overrides the one
    word for what the daemon does, `left_open` says what a stop left behind. Tokens, USDT and seconds are
    numbers; `funding_rate` is per eight hours, `funding_annual` per year; `uptime` and `margin_ratio` are
    shares (1 = 100 %); `time` is ISO 8601 in UTC.
    """
    others = sorted(key.partition(".")[0] for key in (*view.obligations, *view.spots, *view.perps))
    exchanges = dict.fromkeys((*view.limits.obligations, *others))  # in the operator's order
    return {
        "state": state or _state(view),
        "mode": view.mode,
        "level": view.level.name,
        "level_reason": view.level_reason,
        "paused": view.paused,
        "ready": view.ready,
        "limits_version": view.limits_version,
        "version": view.version,
        "time": _iso(view.time_ns),
        "age_s": _age(now_ns, view.time_ns) if now_ns else None,
        "run_s": _age(now_ns or view.time_ns, started_ns),
        "fair_price_usdt": _number(view.marks.fair),
        "delta": _delta(view.exposure),
        "venues": {name: _venue(view, name) for name in exchanges},
        "orders": {
            "open": sum(o.open_orders for o in view.obligations.values()),
            "unknown": view.unknown_orders,
        },
        "unhedged_age_s": _number(view.unhedged_age_s),
        "pnl": _pnl(view.pnl),
        "lp": _lp(view.lp, view.limits.risk.lp_age_s_max),
        "options": _options(view.options),
        "sell": _sell(view.sell),
        "fills": view.fills,
        "hedges": view.hedges,
        "feeds": {key: _age(view.time_ns, top.seen_ns) for key, top in sorted(view.marks.tops.items())},
        "book_age_s_max": view.limits.risk.book_age_s_max,
        "alerts": [_alert(alert, now_ns or view.time_ns) for alert in view.alerts],
        "left_open": list(left_open),
    }


def _state(view: View) -> str:
    if view.level is Level.FLATTEN:
        return "flattening"
    if view.level is Level.HALTED:
        return "halted"
    if not view.ready:
        return "starting"
    return "paused" if view.paused else "running"


def _alert(alert: tuple[int, str, str], now_ns: int) -> dict[str, Any]:
    at_ns, code, message = alert
    return {"time": _iso(at_ns), "age_s": _age(now_ns, at_ns), "code": code, "message": message}


def _number(value: float | None) -> float | None:
    """A finite number, or None: JSON has no NaN, and a reader must not compute with one."""
    return float(value) if value is not None and math.isfinite(value) else None


def _iso(time_ns: int) -> str | None:
    if time_ns <= 0:
        return None
    whole, rest = divmod(time_ns, NS)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def _age(now_ns: int, seen_ns: int) -> float | None:
    return max(0.0, (now_ns - seen_ns) / NS) if seen_ns else None


def _delta(exposure: Exposure) -> dict[str, Any]:
    names = ("spot", "perp", "lp", "option", "working", "source", "loan", "economic", "target", "net", "band")
    numbers: dict[str, Any] = {name: _number(getattr(exposure, name)) for name in names}
    return numbers | {
        "hedged_net": _number(exposure.hedged_net),
        "gamma": _number(exposure.gamma),
        "complete": exposure.complete,
    }


def _venue(view: View, name: str) -> dict[str, Any]:
    spot_key, perp_key = f"{name}.spot", f"{name}.perp"
    spot, perp = view.spots.get(spot_key), view.perps.get(perp_key)
    return {
        "health": _health(spot, perp),
        "spot": {
            "healthy": spot.healthy if spot else None,
            "tokens": _number(spot.tokens) if spot else None,
            "usdt": _number(spot.usdt) if spot else None,
            "feed_age_s": _feed_age(view, spot_key),
            **_obligation(view.obligations.get(name), view.limits.obligations.get(name)),
        },
        "perp": _perp(perp, view.marks.funding_annual.get(perp_key), _feed_age(view, perp_key)),
    }


def _health(spot: SpotView | None, perp: PerpView | None) -> str:
    known = [part.healthy for part in (spot, perp) if part is not None]
    if not known:
        return "unknown"
    if all(known):
        return "up"
    return "degraded" if any(known) else "down"


def _feed_age(view: View, key: str) -> float | None:
    top = view.marks.tops.get(key)
    return _age(view.time_ns, top.seen_ns) if top else None


def _obligation(seen: ObligationView | None, owed: ObligationLimits | None) -> dict[str, Any]:
    return {
        "bid_depth_usdt": _number(seen.bid_depth_usdt) if seen else None,
        "ask_depth_usdt": _number(seen.ask_depth_usdt) if seen else None,
        "owed_bid_usdt": owed.bid_usdt if owed else None,
        "owed_ask_usdt": owed.ask_usdt if owed else None,
        "spread_bps": _number(seen.spread_bps) if seen else None,
        "spread_bps_max": owed.spread_bps_max if owed else None,
        "compliant": seen.compliant if seen else None,
        "uptime": _number(seen.uptime) if seen else None,
        "uptime_bid": _number(seen.uptime_bid) if seen else None,
        "uptime_ask": _number(seen.uptime_ask) if seen else None,
        "uptime_target": owed.uptime_target if owed else None,
        "slack_minutes": _number(seen.slack_minutes) if seen else None,
        "open_orders": seen.open_orders if seen else None,
        "unknown_orders": seen.unknown_orders if seen else None,
        "cause": seen.cause if seen else None,
    }


def _perp(perp: PerpView | None, funding_annual: float | None, age_s: float | None) -> dict[str, Any]:
    annual = _number(funding_annual)
    return {
        "healthy": perp.healthy if perp else None,
        "position": _number(perp.position) if perp else None,
        "target": _number(perp.target) if perp else None,
        "working": _number(perp.working) if perp else None,
        "unknown": perp.unknown if perp else None,
        "wallet_usdt": _number(perp.wallet_usdt) if perp else None,
        "margin_ratio": _number(perp.margin_ratio) if perp else None,
        "liquidation_price": _number(perp.liquidation_price) if perp else None,
        "funding_rate": annual / FUNDINGS_PER_YEAR if annual is not None else None,
        "funding_annual": annual,
        "feed_age_s": age_s,
    }


def _pnl(lines: Mapping[str, float]) -> dict[str, float | None]:
    """Every source and their total (the loan's own delta belongs to the economic view, not to the total)."""
    numbers = {name: _number(value) for name, value in lines.items()}
    if "total" not in numbers:
        lines_of_total = [value for name, value in numbers.items() if name != "loan_delta"]
        known = [value for value in lines_of_total if value is not None]
        numbers["total"] = math.fsum(known) if len(known) == len(lines_of_total) else None
    return numbers


def _lp(lp: LpView, age_s_max: float) -> dict[str, Any]:
    return {
        "value_usdt": _number(lp.value_usdt),
        "token_amount": _number(lp.tokens),
        "usdt_amount": _number(lp.usdt),
        "delta_tokens": _number(lp.delta),
        "gamma_tokens_per_usdt": _number(lp.gamma),
        "fees_usdt": _number(lp.fees_usdt),
        "fees_today_usdt": _number(lp.fees_today_usdt),
        "wallet_token": _number(lp.wallet_token),
        "wallet_usdt": _number(lp.wallet_usdt),
        "cake": _number(lp.cake),
        "in_range": lp.in_range,
        "to_lower_pct": _percent(lp.to_lower),
        "to_upper_pct": _percent(lp.to_upper),
        "delta_at": [{"move_pct": _percent(m), "delta_tokens": _number(d)} for m, d in lp.deltas],
        "pool_price": _number(lp.pool_price),
        "block": lp.block or None,
        "block_hash": lp.block_hash or None,
        "finalized_block": lp.finalized_block or None,
        "provider": lp.provider or None,
        "age_s": _number(lp.age_s),
        "age_s_max": age_s_max,
    }


def _percent(share: float | None) -> float | None:
    return _number(None if share is None else 100 * share)


def _options(options: OptionView) -> dict[str, Any]:
    names = ("value_usdt", "delta", "gamma", "vega", "theta", "sigma", "carry", "age_s")
    numbers: dict[str, Any] = {name: _number(getattr(options, name)) for name in names}
    rows = [(name, *map(_number, numbers_of)) for name, *numbers_of in options.tranches]
    return numbers | {"tranches": [dict(zip(_GREEKS, row, strict=True)) for row in rows]}


def _sell(sell: SellView) -> dict[str, Any]:
    return {
        "total_tokens": _number(sell.total_tokens),
        "sold_tokens": _number(sell.sold_tokens),
        "progress": sell.sold_tokens / sell.total_tokens if sell.total_tokens > 0 else None,
        "proceeds_usdt": _number(sell.proceeds_usdt),
        "average_price": _number(sell.average_price),
        "active": sell.active,
    }
