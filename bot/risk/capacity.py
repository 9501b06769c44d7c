"""How much each perp may still carry, and therefore how much the quotes may trade and still be hedged.

Rule 1: room is measured from the target, not the position: what is already promised is not promised again.
Rule 2: an unhealthy perp has no room; one whose venue reports too little distance to liquidation may only
shrink.
Rule 3: gains on tokens, LP and options are no margin on a perp's venue: only its own wallet and open profit
count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.model.instrument import InstrumentId
from bot.model.limits import Limits

MAINTENANCE_RATE = 0.025  # share of notional kept as maintenance margin; venues' first tiers are below it


@dataclass(slots=True)
class Perp:
    """One perp as the hedge sees it. Tokens, USDT; `a`, `k` are the cost of selling / buying (see `Route`).
    """

    key: InstrumentId
    lot: float
    notional_usdt_min: float
    taker_fee: float
    position: float = 0.0
    target: float = 0.0
    working: float = 0.0
    unknown: bool = False
    known: bool = False
    up: bool = False
    penalised: bool = False
    wallet_usdt: float = 0.0
    cost_usdt: float | None = 0.0
    equity_usdt: float = 0.0
    mark: float | None = None
    margin_ratio: float | None = None
    liquidation_price: float | None = None
    half_spread: float = 2e-4
    top_tokens: float = 0.0
    funding_annual: float = 0.0
    basis: float = 0.0

    @property
    def usable(self) -> bool:
        """May take a new hedge: streams up, position known, not set aside for failing to fill."""
        return self.up and self.known and not self.penalised


def margin_per_token(side: int, limits: Limits) -> float:
    """Equity that a position of one token must have, as a share of its price, on `side` (+1 long, −1
    short).

    With equity E and maintenance rate m, liquidation of a short N stands at (E + N·F)/(N·(1+m)) and of a
    long at (N·F − E)/(N·(1−m)); asking for a distance d from the mark F gives E ≥ N·F·((1+d)(1+m) − 1) and
    E ≥ N·F·(1 − (1−d)(1−m)). Only the share `margin_use_max` of the equity is used.
    """
    distance, rate = limits.hedge.liquidation_distance_min, MAINTENANCE_RATE
    share = (1 + distance) * (1 + rate) - 1 if side < 0 else 1 - (1 - distance) * (1 - rate)
    return share / limits.hedge.margin_use_max


def position_max(perp: Perp, side: int, limits: Limits) -> float:
    """Largest position in tokens (≥ 0) the account's margin carries on `side`; 0 while the mark is unknown.
    """
    if perp.mark is None or perp.equity_usdt <= 0:
        return 0.0
    return perp.equity_usdt / (perp.mark * margin_per_token(side, limits))


def may_grow(perp: Perp, limits: Limits) -> bool:
    """Whether the venue's own figures leave room for a larger position."""
    if not perp.usable or perp.mark is None:
        return False
    if perp.margin_ratio is not None and perp.margin_ratio >= limits.hedge.margin_use_max:
        return False
    price = perp.liquidation_price
    return price is None or price <= 0 or abs(price / perp.mark - 1) >= limits.hedge.liquidation_distance_min


def growth_room(perp: Perp, side: int, limits: Limits) -> float:
    """Tokens the target may still move on `side` beyond flat, by margin alone (≥ 0)."""
    if not may_grow(perp, limits):
        return 0.0
    return max(0.0, position_max(perp, side, limits) - max(0.0, side * perp.target))


def closing_room(perp: Perp, side: int) -> float:
    """Tokens the target can move on `side` by closing what is open the other way (≥ 0)."""
    return max(0.0, -side * perp.target) if perp.usable else 0.0


def gross_room(perps: Iterable[Perp], price: float, limits: Limits) -> float:
    """Tokens by which Σ|target| may still grow under `gross_perp_usdt_max`."""
    return max(0.0, limits.risk.gross_perp_usdt_max / price - sum(abs(p.target) for p in perps))


def rooms(
    perps: Mapping[InstrumentId, Perp], price: float, limits: Limits
) -> dict[InstrumentId, tuple[float, float]]:
    """(room to sell, room to buy) in tokens of every perp: what closes the position, then what margin
    carries.
    """
    gross = gross_room(perps.values(), price, limits)
    short, long = margin_per_token(-1, limits), margin_per_token(1, limits)
    found: dict[InstrumentId, tuple[float, float]] = {}
    for key, perp in perps.items():
        if not perp.usable:
            found[key] = (0.0, 0.0)
            continue
        target, sell, buy = perp.target, 0.0, 0.0
        if perp.mark is not None and perp.equity_usdt > 0 and may_grow(perp, limits):
            carried = perp.equity_usdt / perp.mark
            sell = min(gross, max(0.0, carried / short + min(0.0, target)))
            buy = min(gross, max(0.0, carried / long - max(0.0, target)))
        found[key] = (sell + max(0.0, target), buy + max(0.0, -target))
    return found


def quote_rooms(
    by_perp: Mapping[InstrumentId, tuple[float, float]], net: float, price: float, limits: Limits
) -> tuple[float, float]:
    """(buy, sell) tokens the quotes may trade and still be hedged.

    What quotes buy is hedged by selling perps: the share `headroom_use_max` of the perps' room, and never
    more than what keeps |net|·price under `net_delta_usdt_max`.
    """
    share, cap = limits.hedge.headroom_use_max, limits.risk.net_delta_usdt_max / price
    sell = share * sum(room[0] for room in by_perp.values())
    buy = share * sum(room[1] for room in by_perp.values())
    return max(0.0, min(sell, cap - net)), max(0.0, min(buy, cap + net))
