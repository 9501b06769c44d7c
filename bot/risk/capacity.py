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
from typing import NamedTuple

from bot.model.instrument import InstrumentId
from bot.model.limits import Limits

MAINTENANCE_RATE = 0.025  # share of notional kept as maintenance margin; venues' first tiers are below it


@dataclass(slots=True)
class Perp:
    """One perp as the hedge sees it: tokens, USDT; fees, spreads and basis as fractions of notional."""

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


class Margin(NamedTuple):
    """What the limits ask of a perp account: equity per token of a short / long as a share of its price,
    and the venue's own figures from which on a position may only shrink.
    """

    short: float
    long: float
    ratio_max: float
    distance_min: float


def margin(limits: Limits) -> Margin:
    """The margin rules in force.

    With equity E and maintenance rate m, liquidation of a short N stands at (E + N·F)/(N·(1+m)) and of a
    long at (N·F − E)/(N·(1−m)); asking for a distance d from the mark F gives E ≥ N·F·((1+d)(1+m) − 1) and
    E ≥ N·F·(1 − (1−d)(1−m)). Only the share `margin_use_max` of the equity is used.
    """
    hedge = limits.hedge
    distance, use = hedge.liquidation_distance_min, hedge.margin_use_max
    short = ((1 + distance) * (1 + MAINTENANCE_RATE) - 1) / use
    return Margin(short, (1 - (1 - distance) * (1 - MAINTENANCE_RATE)) / use, use, distance)


def position_max(perp: Perp, side: int, rules: Margin) -> float:
    """Largest position in tokens (≥ 0) the account's margin carries on `side` (+1 long, −1 short); 0 while
    the mark is unknown.
    """
    if perp.mark is None or perp.equity_usdt <= 0:
        return 0.0
    return perp.equity_usdt / (perp.mark * (rules.short if side < 0 else rules.long))


def may_grow(perp: Perp, rules: Margin) -> bool:
    """Whether the venue's own figures leave room for a larger position."""
    mark, price = perp.mark, perp.liquidation_price
    if mark is None or not perp.usable:
        return False
    if perp.margin_ratio is not None and perp.margin_ratio >= rules.ratio_max:
        return False
    return price is None or price <= 0 or abs(price / mark - 1) >= rules.distance_min


def growth_room(perp: Perp, side: int, rules: Margin) -> float:
    """Tokens the target may still move on `side` beyond flat, by margin alone (≥ 0)."""
    if not may_grow(perp, rules):
        return 0.0
    return max(0.0, position_max(perp, side, rules) - max(0.0, side * perp.target))


def closing_room(perp: Perp, side: int) -> float:
    """Tokens the target can move on `side` by closing what is open the other way (≥ 0)."""
    return max(0.0, -side * perp.target) if perp.usable else 0.0


def gross_room(perps: Iterable[Perp], price: float, limits: Limits) -> float:
    """Tokens by which Σ|target| may still grow under `gross_perp_usdt_max`."""
    room = limits.risk.gross_perp_usdt_max / price
    for perp in perps:
        room -= abs(perp.target)
    return max(0.0, room)


def rooms(
    perps: Mapping[InstrumentId, Perp], gross: float, rules: Margin
) -> dict[InstrumentId, tuple[float, float]]:
    """(room to sell, room to buy) in tokens of every perp: what closes the position, then what margin and
    the `gross` room left carry.
    """
    found: dict[InstrumentId, tuple[float, float]] = {}
    for key, perp in perps.items():
        target = perp.target
        if may_grow(perp, rules):
            most_short, most_long = position_max(perp, -1, rules), position_max(perp, 1, rules)
            if target > 0.0:
                sell, buy = target + min(gross, most_short), min(gross, max(0.0, most_long - target))
            else:
                sell, buy = min(gross, max(0.0, most_short + target)), min(gross, most_long) - target
            found[key] = (sell, buy)
        elif perp.usable:
            found[key] = (max(0.0, target), max(0.0, -target))
        else:
            found[key] = (0.0, 0.0)
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
