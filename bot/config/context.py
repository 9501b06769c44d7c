"""What limits are judged against, and the caps in code that stand above every configuration.

Rule 1: a slip of a digit cannot pass as a limit: no file may set more than `HARD_CAPS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.instrument import Instrument, InstrumentId, Kind

MAINTENANCE_MARGIN = 0.025
"""Share of notional a venue liquidates at, as assumed where the venue has not said it yet."""

# No deal of this kind needs more; a larger number is a slip.
HARD_CAPS: dict[str, float] = {
    "quote.skew_bps_max": 100,
    "quote.skew_scale_tokens": 1e9,
    "quote.depth_buffer_share": 1,
    "quote.refresh_tolerance_bps": 100,
    "quote.order_life_s_min": 10,
    "quote.message_rate_per_s_max": 500,
    "hedge.risk_aversion_per_usdt": 1,
    "hedge.band_usdt_max": 1e6,
    "hedge.order_usdt_max": 1e6,
    "hedge.collar_bps": 500,
    "hedge.order_interval_s_min": 10,
    "sell.slice_usdt_max": 1e6,
    "sell.slice_interval_s": 3_600,
    "sell.slippage_bps_max": 500,
    "risk.net_delta_usdt_max": 1e7,
    "risk.gross_perp_usdt_max": 1e8,
    "risk.loss_from_peak_usdt_max": 1e7,
    "risk.book_age_s_max": 10,
    "risk.lp_age_s_max": 600,
    "risk.divergence_bps_max": 500,
    "risk.move_bps_per_s_max": 2_000,
    "risk.unhedged_age_s_max": 600,
    "risk.unknown_orders_max": 100,
    "risk.recover_after_s": 3_600,
    "options.revalue_s": 86_400,
}


@dataclass(frozen=True, slots=True)
class Context:
    """The deal around the limits. `wallet_usdt` = margin on all perps, `held_tokens` = spot + pool."""

    file: str
    price_usdt: float
    loan_tokens: float
    loan_acknowledged: bool
    instruments: Mapping[InstrumentId, Instrument]
    wallet_usdt: float | None = None
    held_tokens: float | None = None

    def of(self, kind: Kind) -> list[Instrument]:
        """The instruments of one kind."""
        return [item for item in self.instruments.values() if item.kind is kind]
