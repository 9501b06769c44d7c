"""The paper deal scaled to another price: same USDT obligations, tokens and strikes in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.config import Settings, load
from bot.config.settings import OpeningSettings
from bot.sim.recording import RecordingParams, ReplayParams, ThinBookParams

ROOT = Path(__file__).parents[1]


def recorded(
    price: float, tick: str, lot: str, recordings: tuple[RecordingParams, ...], **more: Any
) -> Settings:
    """Paper settings that replay `recordings` with the deal scaled from $1 to `price`.

    `more`: `day` (the deal's first day), `spreads_bps` (first level), `thin` (ThinBookParams).
    """
    base = load(ROOT / "config" / "paper.toml", env={})
    day: datetime = more.get("day", datetime(2025, 1, 1, tzinfo=UTC))
    feed = base.feed.model_copy(
        update={
            "kind": "replay",
            "replay": ReplayParams(recordings=recordings, thin_book=more.get("thin", ThinBookParams())),
        }
    )
    return base.model_copy(
        update={
            "feed": feed,
            "terms": _terms(base, price, day),
            "opening": _opening(base, price, lot),
            "exchanges": _exchanges(base, tick, lot),
            "limits": _limits(base, price, more),
        }
    )


def _terms(base: Settings, price: float, day: datetime) -> Any:
    terms = base.terms
    tranches = [
        {"name": t.name, "strike_usdt": t.strike_usdt * price, "tokens": t.tokens / price}
        for t in terms.tranches
    ]
    changes = {
        "start": day,
        "expiry": day.replace(year=day.year + 1),
        "loan_tokens": terms.loan_tokens / price,
        "tranches": tranches,
        "pool": terms.pool.model_dump() | {"tokens": terms.pool.tokens / price},
    }
    return type(terms).model_validate(terms.model_dump() | changes)


def _opening(base: Settings, price: float, lot: str) -> OpeningSettings:
    def scaled(one: Any) -> Any:
        tokens = (one.tokens / Decimal(repr(price))).quantize(Decimal(lot))
        return one.model_copy(update={"tokens": tokens})

    opening = base.opening
    accounts = {name: scaled(one) for name, one in opening.accounts.items()}
    return opening.model_copy(update={"price_usdt": price, "accounts": accounts, "lp": scaled(opening.lp)})


def _exchanges(base: Settings, tick: str, lot: str) -> Mapping[str, Any]:
    steps = {"tick": Decimal(tick), "lot": Decimal(lot)}
    return {
        name: one.model_copy(
            update={"spot": one.spot.model_copy(update=steps), "perp": one.perp.model_copy(update=steps)}
        )
        for name, one in base.exchanges.items()
    }


def _limits(base: Settings, price: float, more: Mapping[str, Any]) -> Any:
    limits = base.limits
    hedge = limits.hedge.model_copy(update={"band_tokens_min": limits.hedge.band_tokens_min / price})
    quote = limits.quote.model_copy(update={"skew_scale_tokens": limits.quote.skew_scale_tokens / price})
    return limits.model_copy(update={"hedge": hedge, "quote": quote})
