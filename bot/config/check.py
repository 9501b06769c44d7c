"""What must hold between keys: the limits as a whole, against the exchanges, the deal and the price.

Rule 1: one function per subject, each returns problems; all are told at once.
Rule 2: the same checks run at start and at every reload, there with the live price.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bot.config.context import HARD_CAPS, MAINTENANCE_MARGIN, Context
from bot.config.problems import Problem
from bot.config.read import flat
from bot.model.instrument import Kind
from bot.model.limits import Limits


def check(limits: Limits, context: Context) -> list[Problem]:
    """Every contradiction in `limits`, in the order of the file."""
    findings: list[Problem] = []
    for rule in _RULES:
        for key, value, what, remedy in rule(limits, context):
            findings.append(Problem(context.file, key, value, what, remedy))
    return findings


_Finding = tuple[str, object, str, str]


def _caps(limits: Limits, _: Context) -> Iterator[_Finding]:
    values = flat(limits.model_dump())
    for key, cap in HARD_CAPS.items():
        value = values[key]
        if isinstance(value, (int, float)) and value > cap:
            yield key, value, f"is above the program's own cap of {cap:,.12g}", f"set at most {cap:.12g}"


def _ladder(limits: Limits, _: Context) -> Iterator[_Finding]:
    quote = limits.quote
    depths, weights = quote.level_depths_bps, quote.level_weights
    if not depths:
        yield "quote.level_depths_bps", depths, "holds no level", "set e.g. [4.5, 8, 14]"
        return
    if len(depths) != len(weights):
        what = f"has {len(weights)} values, quote.level_depths_bps has {len(depths)}"
        yield "quote.level_weights", weights, what, "give one weight per depth"
    if any(later <= earlier for earlier, later in pairwise(depths)):
        yield "quote.level_depths_bps", depths, "must ascend strictly", "sort them from the touch outwards"
    if abs(sum(weights) - 1) > 1e-6:
        what = f"must sum to 1, sums to {sum(weights):.6g}"
        yield "quote.level_weights", weights, what, "scale them so that they sum to 1"


def _quotes_meet_obligations(limits: Limits, _: Context) -> Iterator[_Finding]:
    quote = limits.quote
    if not quote.level_depths_bps:
        return
    first, last = min(quote.level_depths_bps), max(quote.level_depths_bps)
    drift = quote.refresh_tolerance_bps + quote.refresh_tolerance_depth_share * last
    for name, owed in limits.obligations.items():
        widest = owed.spread_bps_max
        if 2 * first > widest:
            what = f"a spread of {2 * first:g} bps breaks obligations.{name}.spread_bps_max = {widest:g}"
            yield (
                "quote.level_depths_bps",
                quote.level_depths_bps,
                what,
                f"start at {owed.spread_bps_max / 2:g} or less",
            )
        if last + drift > owed.depth_bps:
            what = (
                f"the deepest level may drift to {last + drift:.4g} bps before it is refreshed, outside "
                f"obligations.{name}.depth_bps = {owed.depth_bps:g}"
            )
            yield (
                "quote.level_depths_bps",
                quote.level_depths_bps,
                what,
                f"end at {owed.depth_bps - drift:.4g} or less",
            )


def _quote_sizes(limits: Limits, context: Context) -> Iterator[_Finding]:
    quote = limits.quote
    weights = [weight for weight in quote.level_weights if weight > 0]
    for name, owed in limits.obligations.items():
        spot = context.instruments.get(f"{name}.{Kind.SPOT.value}")
        if spot is None or not weights:
            continue
        least = min(owed.bid_usdt, owed.ask_usdt) * (1 + quote.depth_buffer_share) * min(weights)
        floor = max(float(spot.notional_usdt_min), float(spot.lot) * context.price_usdt)
        if least < floor:
            what = f"the smallest level on {name} is {least:.4g} USDT, the exchange takes {floor:.4g} or more"
            yield (
                "quote.level_weights",
                quote.level_weights,
                what,
                "raise the smallest weight or use fewer levels",
            )


def _obligations(limits: Limits, context: Context) -> Iterator[_Finding]:
    spots = {item.exchange for item in context.of(Kind.SPOT)}
    if not limits.obligations:
        yield "obligations", None, "is empty: nothing would be quoted", "add [obligations.<exchange>] tables"
    for name in limits.obligations:
        if name not in spots:
            remedy = f"use one of {', '.join(sorted(spots))}, or add it"
            yield f"obligations.{name}", name, "names no configured exchange", remedy


def _band(limits: Limits, context: Context) -> Iterator[_Finding]:
    hedge, price = limits.hedge, context.price_usdt
    cap = hedge.band_usdt_max / price
    at = f"hedge.band_usdt_max = {hedge.band_usdt_max:g} ({cap:,.0f} tokens at {price:g})"
    if hedge.band_tokens_min >= cap:
        yield (
            "hedge.band_tokens_min",
            hedge.band_tokens_min,
            f"must be below {at}",
            f"set e.g. {cap / 10:.6g}",
        )
    if hedge.band_tokens_fixed is not None and hedge.band_tokens_fixed > cap:
        yield "hedge.band_tokens_fixed", hedge.band_tokens_fixed, f"is above {at}", f"set at most {cap:.6g}"
    if hedge.band_usdt_max > limits.risk.net_delta_usdt_max:
        what = (
            f"is above risk.net_delta_usdt_max = {limits.risk.net_delta_usdt_max:g}: the cap would act first"
        )
        yield (
            "hedge.band_usdt_max",
            hedge.band_usdt_max,
            what,
            f"set at most {limits.risk.net_delta_usdt_max:.6g}",
        )


def _hedge_orders(limits: Limits, context: Context) -> Iterator[_Finding]:
    hedge, price = limits.hedge, context.price_usdt
    for perp in context.of(Kind.PERP):
        floor = max(float(perp.notional_usdt_min), float(perp.lot) * price)
        if hedge.order_usdt_max < floor:
            what = f"{perp.id} takes no order below {floor:g} USDT"
            yield "hedge.order_usdt_max", hedge.order_usdt_max, what, f"set at least {floor:.6g}"
    if hedge.order_usdt_max > limits.risk.net_delta_usdt_max:
        what = (
            f"is above risk.net_delta_usdt_max = {limits.risk.net_delta_usdt_max:g}: "
            "one order in doubt could breach it"
        )
        yield (
            "hedge.order_usdt_max",
            hedge.order_usdt_max,
            what,
            f"set at most {limits.risk.net_delta_usdt_max:.6g}",
        )
    perps = len(context.of(Kind.PERP))
    if hedge.exchange_share_max * perps < 1:
        what = (
            f"{perps} exchanges at this share hold only {hedge.exchange_share_max * perps:.0%} of the hedge"
        )
        yield (
            "hedge.exchange_share_max",
            hedge.exchange_share_max,
            what,
            f"set at least {1 / max(perps, 1):.4g}",
        )


def _collars(limits: Limits, context: Context) -> Iterator[_Finding]:
    hedge, risk = limits.hedge, limits.risk
    for perp in context.of(Kind.PERP):
        tick_bps = float(perp.tick) / context.price_usdt * 1e4
        if hedge.collar_bps < 2 * tick_bps:
            what = f"is less than two ticks of {perp.id} ({2 * tick_bps:.3g} bps): no hedge could trade"
            yield "hedge.collar_bps", hedge.collar_bps, what, f"set at least {max(10, 2 * tick_bps):.3g}"
    if hedge.collar_bps < 5:
        yield (
            "hedge.collar_bps",
            hedge.collar_bps,
            "is inside an ordinary spread: hedges would not trade",
            "set e.g. 50",
        )
    for exchange, owed in limits.obligations.items():
        spot = context.instruments.get(f"{exchange}.{Kind.SPOT.value}")
        if spot is not None and float(spot.tick) / context.price_usdt * 1e4 > owed.spread_bps_max:
            what = f"is less than one tick of {spot.id}"
            key = f"obligations.{exchange}.spread_bps_max"
            yield key, owed.spread_bps_max, what, "check the tick, or agree on a wider spread"
    inputs = len(context.instruments)
    if risk.fair_inputs_min > inputs:
        what = f"only {inputs} books are configured: no fair value would ever be accepted"
        yield "risk.fair_inputs_min", risk.fair_inputs_min, what, f"set at most {inputs}"


def _sale(limits: Limits, context: Context) -> Iterator[_Finding]:
    sell = limits.sell
    floor = max((float(spot.notional_usdt_min) for spot in context.of(Kind.SPOT)), default=0.0)
    if sell.slice_usdt_max < floor:
        what = f"an exchange takes no order below {floor:g} USDT"
        yield "sell.slice_usdt_max", sell.slice_usdt_max, what, f"set at least {floor:.6g}"
    if sell.slice_usdt_max > limits.risk.net_delta_usdt_max:
        what = f"one slice is above risk.net_delta_usdt_max = {limits.risk.net_delta_usdt_max:g}"
        yield (
            "sell.slice_usdt_max",
            sell.slice_usdt_max,
            what,
            f"set at most {limits.risk.net_delta_usdt_max:.6g}",
        )
    if sell.price_usdt_min >= 10 * context.price_usdt:
        what = f"is ten times the price of {context.price_usdt:g}: nothing would be sold"
        yield "sell.price_usdt_min", sell.price_usdt_min, what, "set e.g. 0.8 of the price, or 0 for none"


def _headroom(limits: Limits, context: Context) -> Iterator[_Finding]:
    """Quotes are made only as far as their fills could be hedged."""
    risk, hedge, price = limits.risk, limits.hedge, context.price_usdt
    bids = sum(owed.bid_usdt for owed in limits.obligations.values()) * (1 + limits.quote.depth_buffer_share)
    if context.held_tokens is None:
        core = 0.0
    else:
        core = abs(context.held_tokens - risk.phi * context.loan_tokens) * price
    need = core + bids
    if need > risk.gross_perp_usdt_max:
        what = f"the hedge of holdings ({core:,.0f}) and bids ({bids:,.0f}) needs {need:,.0f} USDT of perps"
        yield (
            "risk.gross_perp_usdt_max",
            risk.gross_perp_usdt_max,
            what,
            f"set at least {need:.6g}, or quote less",
        )
    if context.wallet_usdt is not None:
        share = (1 + hedge.liquidation_distance_min) * (1 + MAINTENANCE_MARGIN) - 1
        margin = need * share
        if margin > context.wallet_usdt * hedge.margin_use_max:
            usable = context.wallet_usdt * hedge.margin_use_max
            what = (
                f"keeping the perps this far from liquidation takes {margin:,.0f} USDT of margin for "
                f"{need:,.0f} USDT; the opening wallets give {usable:,.0f} "
                f"(hedge.margin_use_max = {hedge.margin_use_max:g})"
            )
            remedy = "fund the perp wallets in [opening], lower the distance, or quote less"
            yield "hedge.liquidation_distance_min", hedge.liquidation_distance_min, what, remedy


def _loan(limits: Limits, context: Context) -> Iterator[_Finding]:
    phi, loan = limits.risk.phi, context.loan_tokens
    if phi < 1 and loan > 0 and not context.loan_acknowledged:
        open_tokens = -(1 - phi) * loan
        what = (
            f"leaves the loan unhedged: economic delta −(1−phi)·loan = {open_tokens:,.0f} tokens = "
            f"{open_tokens * context.price_usdt:,.0f} USDT at {context.price_usdt:g}"
        )
        yield "risk.phi", phi, what, "accept it with [acknowledge] unhedged_loan = true, or set risk.phi = 1"


_RULES = (
    _caps,
    _ladder,
    _quotes_meet_obligations,
    _quote_sizes,
    _obligations,
    _band,
    _hedge_orders,
    _collars,
    _sale,
    _headroom,
    _loan,
)
