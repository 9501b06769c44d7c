"""Splits a hedge over the perps: the cheapest way to trade it, within every venue's capacity.

Rule 1: costs are fractions of notional: a (first token) and k (rise per further token).
Rule 2: what cannot be placed is reported as a shortfall, never forced.
Rule 3: a change worth one order goes to one venue, worth two orders to two: small pieces cost rounding and
messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_BISECTIONS = 100


@dataclass(frozen=True, slots=True)
class Route:
    """One way to trade: marginal cost `a` + `k`·x for x tokens, at most `cap` tokens, in whole `lot`s of at
    least `least` tokens.
    """

    a: float
    k: float
    cap: float
    lot: float = 0.0
    least: float = 0.0


def split(quantity: float, routes: Sequence[Route]) -> list[float]:
    """Tokens per route that minimise Σ a·x + k·x²/2 subject to Σ x = quantity and 0 ≤ x ≤ cap.

    At the optimum every route that is neither empty nor full has the same marginal cost λ (Karush-Kuhn-
    Tucker); λ is found by bisection. When the caps cannot hold `quantity` every route is full and the sum
    falls short.
    """
    room = sum(r.cap for r in routes)
    if quantity <= 0 or not routes:
        return [0.0] * len(routes)
    if quantity >= room:
        return [r.cap for r in routes]
    low = min(r.a for r in routes)
    high = max(r.a + r.k * r.cap for r in routes)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if sum(_taken(r, middle) for r in routes) < quantity:
            low = middle
        else:
            high = middle
    parts = [_taken(r, low) for r in routes]
    # Routes with k = 0 jump from empty to full at λ = a: the rest goes to them, cheapest first.
    rest = quantity - sum(parts)
    for i in sorted(range(len(routes)), key=lambda i: routes[i].a + routes[i].k * parts[i]):
        if rest <= 0:
            break
        more = min(rest, _taken(routes[i], high) - parts[i])
        if more > 0:
            parts[i] += more
            rest -= more
    return parts


def _taken(route: Route, level: float) -> float:
    gap = level - route.a
    if gap <= 0 or route.cap <= 0:
        return 0.0
    return route.cap if gap >= route.k * route.cap else gap / route.k


def place(quantity: float, routes: Sequence[Route], order_tokens: float) -> tuple[list[float], float]:
    """Split `quantity` ≥ 0 into whole lots on few venues; returns tokens per route and the shortfall.

    A quantity up to `order_tokens` uses one route, up to twice that two, and so on, as far as capacity
    allows. The sum is `quantity` rounded up to a lot of the last route (so that a band is really left
    behind).
    """
    parts = [0.0] * len(routes)
    usable = [i for i, r in enumerate(routes) if r.cap >= max(r.lot, r.least) and r.cap > 0]
    usable.sort(key=lambda i: (routes[i].a + routes[i].k * min(quantity, routes[i].cap) / 2, i))
    if not usable or quantity <= 0:
        return parts, max(0.0, quantity)
    count = max(1, min(len(usable), math.ceil(quantity / order_tokens)))
    while count < len(usable) and sum(routes[i].cap for i in usable[:count]) < quantity:
        count += 1
    chosen = usable[:count]
    for i, x in zip(chosen, split(quantity, [routes[i] for i in chosen]), strict=True):
        parts[i] = _lots(x, routes[i].lot) if x >= routes[i].least else 0.0
    rest = quantity - sum(parts)
    for i in chosen:
        if rest <= 1e-9 * quantity:
            break
        more = min(max(rest, routes[i].least - parts[i]), routes[i].cap - parts[i])
        more = min(_lots_up(more, routes[i].lot), _lots(routes[i].cap - parts[i], routes[i].lot))
        if more > 0 and parts[i] + more >= routes[i].least:
            parts[i] += more
            rest -= more
    return parts, max(0.0, rest)


def _lots(tokens: float, lot: float) -> float:
    return tokens if lot <= 0 else math.floor(tokens / lot + 1e-9) * lot


def _lots_up(tokens: float, lot: float) -> float:
    return tokens if lot <= 0 else math.ceil(tokens / lot - 1e-9) * lot
