"""Day one: what is kept, sold and hedged, both deltas, and what a move of the price does to the book.

Rule 1: `as_written` is the contract to the letter (no token buffer, depth exactly as owed), `as_configured`
what the operator's buffers make of it; both are always shown.
Rule 2: both deltas are always shown: D_source = spot + perp + LP + options, D_economic = D_source − loan.
Rule 3: figures are an instant's: prices move at once, the book is revalued, nothing is re-hedged.

Every quantity is in tokens, every amount in USDT, prices in USDT per token.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.deal.day_one import Assumptions, Deltas, Plan, Stage, StressRow, Variant, to_json
from bot.deal.terms import DealTerms, DealType
from bot.model.limits import ObligationLimits
from bot.pricing import lp_position
from bot.pricing.liquidation import margin_to_survive
from bot.pricing.lp_position import LpValue, PoolPrices
from bot.pricing.options import call

__all__ = ["MARGIN_MOVES", "STRESS_FACTORS", "Assumptions", "Plan", "Variant", "plan", "to_json"]

STRESS_FACTORS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
MARGIN_MOVES = (0.25, 0.5, 0.75, 1.0, 2.0)
_SOLVENCY_NEAR = 0.10
_POOL_MISMATCH = 0.01


def plan(
    terms: DealTerms, obligations: Mapping[str, ObligationLimits], spot: float, assumptions: Assumptions
) -> Plan:
    """The day-one plan at `spot` USDT per token.

    Raises ValueError for a price or assumption that has no meaning.
    """
    if not 0 < spot < float("inf"):
        raise ValueError(f"spot: must be finite and > 0, got {spot!r}")
    if not 0 <= assumptions.phi <= 1:
        raise ValueError(f"phi: must lie in [0, 1], got {assumptions.phi!r}")
    market = Market(terms, spot, assumptions)
    written = _variant(market, obligations, 0.0, 0.0)
    configured = _variant(market, obligations, terms.token_buffer_share, assumptions.depth_buffer_share)
    return Plan(spot, market.phi, written, configured, _warnings(market, configured))


class Market:
    """Options and pool of the deal as functions of the spot price, at the plan's assumptions."""

    def __init__(self, terms: DealTerms, spot: float, assumptions: Assumptions) -> None:
        self.terms, self.spot, self.assumptions = terms, spot, assumptions
        # Only a sold loan leaves a direction to choose: tokens that are quoted in kind are returned in kind.
        self.phi = assumptions.phi if terms.type is DealType.LOAN_CALL_OPTION else 1.0
        self.sale_price = assumptions.sale_price_usdt or spot
        self.pool_liquidity = self._liquidity()
        self.pool = self.pool_at(spot)
        self.option_value, self.option_delta, self.option_gamma = self.options_at(spot)
        self._options = {f: self.options_at(spot * f)[0] for f in STRESS_FACTORS}

    def options_at(self, price: float) -> tuple[float, float, float]:
        """Value in USDT, delta and gamma of all tranches."""
        value = delta = gamma = 0.0
        used = self.assumptions
        for tranche in self.terms.open_calls(self.terms.start_ns):
            one = call(price, tranche.strike, tranche.years, used.sigma, used.rate, used.carry, tranche.style)
            value += tranche.tokens * one.price
            delta += tranche.tokens * one.delta
            gamma += tranche.tokens * one.gamma
        return value, delta, gamma

    def option_change(self, factor: float) -> float:
        """Change of the options' value in USDT when the price moves to `factor` times spot."""
        return self._options[factor] - self.option_value

    def pool_at(self, price: float) -> LpValue:
        """The pool position at a price."""
        pool = self.terms.pool
        if pool.kind == "v2" or pool.lower_usdt is None or pool.upper_usdt is None:
            return lp_position.v2(self.pool_liquidity, price)
        return lp_position.v3(self.pool_liquidity, price, pool.lower_usdt, pool.upper_usdt)

    def _liquidity(self) -> float:
        """Liquidity whose USDT side is what the contract owes (its token side where the range holds none)."""
        pool = self.terms.pool
        if pool.kind == "v2" or pool.lower_usdt is None or pool.upper_usdt is None:
            return lp_position.v2_liquidity(pool.usdt / self.spot, pool.usdt)
        prices = PoolPrices(self.spot, pool.lower_usdt, pool.upper_usdt)
        if self.spot <= pool.lower_usdt:
            return lp_position.v3_liquidity(pool.tokens, float("inf"), prices)
        return lp_position.v3_liquidity(float("inf"), pool.usdt, prices)


def _variant(
    market: Market, obligations: Mapping[str, ObligationLimits], token_buffer: float, depth_buffer: float
) -> Variant:
    spot, phi, loan = market.spot, market.phi, float(market.terms.loan_tokens)
    venues = {
        name: (owed.bid_usdt * (1 + depth_buffer), owed.ask_usdt * (1 + token_buffer))
        for name, owed in obligations.items()
    }
    usdt_needed = sum(bid for bid, _ in venues.values()) + market.pool.usdt
    keep = sum(ask for _, ask in venues.values()) / spot + market.pool.token
    if market.terms.type is DealType.LOAN_CALL_OPTION:
        fund = usdt_needed / market.sale_price
        residual = loan - keep - fund
        held_back = phi * max(0.0, residual) if market.assumptions.hold_unsold else 0.0
        sell = max(0.0, loan - keep - held_back)
    else:
        loan, fund, residual, sell = max(loan, keep), 0.0, max(0.0, loan - keep), 0.0
    spot_tokens = loan - sell - market.pool.token
    perp = phi * loan - (spot_tokens + market.pool.token + market.option_delta)
    stages = _stages(market, loan, sell, perp)
    last = stages[-1]
    room = market.assumptions.own_capital_usdt + last.equity_usdt
    short = loan * (1 - phi)
    margins = tuple((move, _margin(market, perp, move)) for move in MARGIN_MOVES if perp < 0 or move < 1)
    return Variant(
        loan_tokens=loan,
        keep_tokens=keep,
        fund_tokens=fund,
        residual_tokens=residual,
        sell_tokens=sell,
        usdt_needed=usdt_needed,
        perp_target_tokens=perp,
        delta=Deltas(
            spot=spot_tokens,
            perp=perp,
            lp=market.pool.token,
            option=market.option_delta,
            source=last.delta_source,
            economic=last.delta_economic,
        ),
        gamma_tokens_per_usdt=market.pool.gamma + market.option_gamma,
        option_value_usdt=market.option_value,
        venues=venues,
        stages=stages,
        stress=tuple(_stress(market, loan, spot_tokens, factor) for factor in STRESS_FACTORS),
        solvency_price=spot + room / short if short > 0 else None,
        margin_usdt=_margin(market, perp, market.assumptions.margin_move),
        margins=margins,
    )


def _margin(market: Market, perp: float, move: float) -> float:
    return margin_to_survive(perp, market.spot, move, market.assumptions.maintenance)


def _stages(market: Market, loan: float, sell: float, perp: float) -> tuple[Stage, ...]:
    pool, cash = market.pool, sell * market.sale_price
    after_pool = (loan - sell - pool.token, pool.token, cash - pool.usdt, pool.usdt)
    rows = (
        ("receipt", (loan, 0.0, 0.0, 0.0), 0.0),
        ("sell", (loan - sell, 0.0, cash, 0.0), 0.0),
        ("fund", after_pool, 0.0),
        ("hedge", after_pool, perp),
    )
    return tuple(_stage(market, name, holdings, held, loan) for name, holdings, held in rows)


def _stage(
    market: Market, name: str, holdings: tuple[float, float, float, float], perp: float, loan: float
) -> Stage:
    tokens, lp_tokens, usdt, lp_usdt = holdings
    source = tokens + lp_tokens + perp + market.option_delta
    equity = (tokens + lp_tokens - loan) * market.spot + usdt + lp_usdt + market.option_value
    return Stage(
        name=name,
        spot_tokens=tokens,
        lp_tokens=lp_tokens,
        usdt=usdt,
        lp_usdt=lp_usdt,
        perp_tokens=perp,
        option_delta=market.option_delta,
        option_value_usdt=market.option_value,
        loan_tokens=-loan,
        delta_source=source,
        delta_economic=source - loan,
        equity_usdt=equity,
    )


def _stress(market: Market, loan: float, spot_tokens: float, factor: float) -> StressRow:
    price = market.spot * factor
    move = price - market.spot
    unhedged = (
        spot_tokens * move + market.pool_at(price).value - market.pool.value + market.option_change(factor)
    )
    hedged = unhedged - (spot_tokens + market.pool.token + market.option_delta) * move
    owed = loan * (market.spot - price)
    return StressRow(
        spot_price=price,
        pnl_usdt=hedged + (1 - market.phi) * owed,
        hedged_usdt=hedged,
        loan_usdt=owed,
        phi_0_usdt=hedged + owed,
        phi_half_usdt=hedged + 0.5 * owed,
        phi_1_usdt=hedged,
        no_perp_usdt=unhedged,
        no_perp_total_usdt=unhedged + owed,
    )


def _warnings(market: Market, configured: Variant) -> tuple[str, ...]:
    found: list[str] = []
    terms, used, spot = market.terms, market.assumptions, market.spot
    double = next(row for row in configured.stress if row.spot_price == spot * 2.0)
    if configured.delta.economic < -0.5:
        found.append(
            f"phi = {market.phi:g} leaves {configured.delta.economic:,.0f} tokens of economic delta: "
            f"a price of {double.spot_price:g} costs {-double.pnl_usdt:,.0f} USDT"
        )
    if configured.solvency_price is not None and configured.solvency_price < spot * (1 + _SOLVENCY_NEAR):
        found.append(
            f"at {configured.solvency_price:.4g} USDT own capital ({used.own_capital_usdt:,.0f} USDT) "
            "and option value are used up"
        )
    if configured.residual_tokens < 0:
        found.append(
            f"the loan is {-configured.residual_tokens:,.0f} tokens short of what quotes and pool need: "
            "bring tokens or USDT, or lower the buffers"
        )
    if configured.gamma_tokens_per_usdt < 0:
        found.append(
            f"the book is short gamma ({configured.gamma_tokens_per_usdt:,.0f} tokens per USDT): "
            "when the price rises the netted hedge buys perps back"
        )
    if terms.token_buffer_share < used.depth_buffer_share:
        found.append(
            f"token_buffer_share {terms.token_buffer_share:g} is below depth_buffer_share "
            f"{used.depth_buffer_share:g}: the asks cannot carry their depth buffer"
        )
    needed = market.pool.token
    if abs(terms.pool.tokens - needed) > _POOL_MISMATCH * max(terms.pool.tokens, needed):
        found.append(
            f"{terms.pool.usdt:,.0f} USDT in the pool pair with {needed:,.0f} tokens at {spot:g}, "
            f"not {terms.pool.tokens:,.0f}"
        )
    return (*found, *_loan_warnings(market, configured))


def _loan_warnings(market: Market, configured: Variant) -> tuple[str, ...]:
    if market.terms.type is not DealType.LOAN_CALL_OPTION:
        brought = f"{configured.usdt_needed:,.0f} USDT must be brought"
        kind = f"a {market.terms.type} deal sells no tokens; inventory is returned in kind"
        return (f"{kind} and only its changes are hedged; {brought}",)
    found = []
    treasury = configured.stages[-1].usdt
    if configured.margin_usdt > treasury:
        found.append(
            f"the perp margin for a {market.assumptions.margin_move:.0%} move, {configured.margin_usdt:,.0f} "
            f"USDT, is more than the {treasury:,.0f} USDT at hand"
        )
    if configured.perp_target_tokens > 0 and not market.assumptions.hold_unsold:
        found.append(
            f"selling everything and buying {configured.perp_target_tokens:,.0f} tokens of perps pays impact "
            "and margin; holding back phi x residual instead needs neither"
        )
    return tuple(found)
