"""The nouns of day one: the plan, its stages, its stress row, and their JSON.

Rule 1: quantities are in tokens, amounts in USDT, prices in USDT per token; names say which.
Rule 2: JSON keys are relied on by others: they may be added, not renamed. Missing is null, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the plan takes for granted.

    `phi` is the share of the loan that is hedged, `sale_price_usdt` the average price of the sale (None = the
    spot price), `hold_unsold` sells only fund + (1 − phi) · residual instead of all that is not kept.
    `own_capital_usdt` counts for solvency, `margin_move` is the adverse move the perp margin must survive.
    """

    phi: float = 0.0
    sigma: float = 1.0
    rate: float = 0.05
    carry: float = 0.0
    sale_price_usdt: float | None = None
    depth_buffer_share: float = 0.08
    own_capital_usdt: float = 0.0
    maintenance: float = 0.025
    margin_move: float = 0.5
    hold_unsold: bool = False


@dataclass(frozen=True, slots=True)
class Deltas:
    """Tokens; `source` = spot + perp + lp + option, `economic` = source − loan."""

    spot: float
    perp: float
    lp: float
    option: float
    source: float
    economic: float


@dataclass(frozen=True, slots=True)
class Stage:
    """The balance sheet after one step of the opening. `usdt` = exchanges and treasury; `equity` in USDT."""

    name: str
    spot_tokens: float
    lp_tokens: float
    usdt: float
    lp_usdt: float
    perp_tokens: float
    option_delta: float
    option_value_usdt: float
    loan_tokens: float
    delta_source: float
    delta_economic: float
    equity_usdt: float


@dataclass(frozen=True, slots=True)
class StressRow:
    """PnL in USDT of an instant move to `spot_price`.

    `hedged` is the hedged book without the loan, `loan` the loan's; `pnl_usdt` the whole at the phi in force
    and `phi_*` at others; `no_perp` the book without perps and loan, `no_perp_total` the same with the loan.
    """

    spot_price: float
    pnl_usdt: float
    hedged_usdt: float
    loan_usdt: float
    phi_0_usdt: float
    phi_half_usdt: float
    phi_1_usdt: float
    no_perp_usdt: float
    no_perp_total_usdt: float


@dataclass(frozen=True, slots=True)
class Variant:
    """One reading of the plan. `residual_tokens` < 0 means that the loan does not cover what is owed.

    `solvency_price` is where own capital and option value are used up (None: no rise can); `margins` maps an
    adverse move to the perp margin that survives it.
    """

    loan_tokens: float
    keep_tokens: float
    fund_tokens: float
    residual_tokens: float
    sell_tokens: float
    usdt_needed: float
    perp_target_tokens: float
    delta: Deltas
    gamma_tokens_per_usdt: float
    option_value_usdt: float
    venues: Mapping[str, tuple[float, float]]
    stages: tuple[Stage, ...]
    stress: tuple[StressRow, ...]
    solvency_price: float | None
    margin_usdt: float
    margins: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Both readings of day one at one spot price, and what an operator should know before starting."""

    spot_price: float
    phi: float
    as_written: Variant
    as_configured: Variant
    warnings: tuple[str, ...]


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON values: the contract's reading on top, the configured one beside it."""
    return {
        "spot_price": plan.spot_price,
        "phi": plan.phi,
        **_variant_json(plan.as_written),
        "as_configured": _variant_json(plan.as_configured),
        "warnings": list(plan.warnings),
    }


def _variant_json(variant: Variant) -> dict[str, Any]:
    values: dict[str, Any] = asdict(variant)
    values["venues"] = {
        name: {"bid_usdt": bid, "ask_usdt": ask} for name, (bid, ask) in variant.venues.items()
    }
    values["stages"] = list(values["stages"])
    values["stress"] = list(values["stress"])
    values["margins"] = [{"move": move, "margin_usdt": usdt} for move, usdt in variant.margins]
    return values
