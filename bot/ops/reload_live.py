"""Limits against the present state: the live context they are judged in, and what they would trip at once.

Rule 1: what is unknown is left out of a judgement, never taken as zero.
"""

from __future__ import annotations

from dataclasses import replace

from bot.config import Context, Settings, context_of
from bot.model.limits import Limits
from bot.model.view import View


def live_context(settings: Settings, view: View) -> Context:
    """What limits are judged against while the daemon runs; what is unknown is left out."""
    context, exposure = context_of(settings), view.exposure
    known = exposure.complete and exposure.lp is not None
    return replace(
        context,
        price_usdt=view.marks.fair or context.price_usdt,
        wallet_usdt=sum(perp.wallet_usdt for perp in view.perps.values()) if view.perps else None,
        held_tokens=exposure.spot + exposure.lp if known and exposure.lp is not None else None,
    )


def live_warnings(limits: Limits, view: View) -> list[str]:
    """Limits that the present state already exceeds: accepted, but acting at once."""
    price, risk = view.marks.fair, limits.risk
    if price is None:
        return ["no fair value at the moment: caps could not be compared with the exposure"]
    found: list[str] = []
    net = abs(view.exposure.net) * price
    if net > risk.net_delta_usdt_max:
        now = f"net delta is {net:,.0f} USDT now; quotes go off until hedging has brought it inside"
        found.append(f"risk.net_delta_usdt_max = {risk.net_delta_usdt_max:,.0f}: {now}")
    gross = sum(abs(perp.position) for perp in view.perps.values()) * price
    if gross > risk.gross_perp_usdt_max:
        now = f"perps stand at {gross:,.0f} USDT now; nothing is dumped, but no hedge is opened until below"
        found.append(f"risk.gross_perp_usdt_max = {risk.gross_perp_usdt_max:,.0f}: {now}")
    floor = limits.sell.price_usdt_min
    if floor > price and view.sell.active:
        found.append(f"sell.price_usdt_min = {floor:g}: above the price of {price:g}; the sale stops")
    if view.unknown_orders > risk.unknown_orders_max:
        now = f"{view.unknown_orders} orders are unknown now"
        found.append(f"risk.unknown_orders_max = {risk.unknown_orders_max}: {now}")
    return found + _near_liquidation(limits.hedge.liquidation_distance_min, price, view)


def _near_liquidation(least: float, price: float, view: View) -> list[str]:
    found = []
    for name, perp in view.perps.items():
        if perp.liquidation_price is not None and perp.position:
            distance = abs(perp.liquidation_price / price - 1)
            if distance < least:
                now = f"{name} is {distance:.1%} from liquidation now; add margin"
                found.append(f"hedge.liquidation_distance_min = {least:g}: {now}")
    return found
