"""How far the quotes lean: a common shift of both sides.

Rule 1: the lean answers *unhedged* delta; inventory that perps neutralise carries no price risk.
Rule 2: a smaller second term leans against an exchange's own shortage of tokens or USDT: it restocks itself.
Rule 3: a shift moves both sides alike, so the own spread never changes; it is clipped at `skew_bps_max`.
"""

from __future__ import annotations

from bot.model.instrument import InstrumentId
from bot.model.view import View

_BALANCE_SHARE = 0.5  # the balance term may use this much of the shift allowed
_COMFORT = 1.5  # a balance of this many times what is owed needs no help


def delta_shift(hedged_net: float, scale_tokens: float, shift_bps_max: float) -> float:
    """Shift in bps from unhedged delta in tokens: long leans down, short up, linear up to the scale."""
    return -shift_bps_max * max(-1.0, min(1.0, hedged_net / scale_tokens))


def balance_shift(tokens_usdt: float, usdt: float, owed: tuple[float, float], shift_bps_max: float) -> float:
    """Shift in bps from one exchange's balances, both in USDT, against (ask, bid) depth owed.

    Few tokens lean up (buy back), little USDT leans down (sell); 0 while both are comfortable.
    """
    ask_owed, bid_owed = owed
    tokens_short = max(0.0, 1.0 - tokens_usdt / (_COMFORT * ask_owed)) if ask_owed > 0 else 0.0
    usdt_short = max(0.0, 1.0 - usdt / (_COMFORT * bid_owed)) if bid_owed > 0 else 0.0
    return _BALANCE_SHARE * shift_bps_max * max(-1.0, min(1.0, tokens_short - usdt_short))


def shift_bps(view: View, key: InstrumentId) -> float:
    """The shift in bps for the quotes of one spot instrument under this view."""
    quote, fair = view.limits.quote, view.marks.fair
    most = quote.skew_bps_max
    if not most or fair is None:
        return 0.0
    shift = delta_shift(view.exposure.hedged_net, quote.skew_scale_tokens, most)
    spot, owed = view.spots.get(key), view.limits.obligations.get(key.partition(".")[0])
    if spot is not None and owed is not None:
        shift += balance_shift(spot.tokens * fair, spot.usdt, (owed.ask_usdt, owed.bid_usdt), most)
    return max(-most, min(most, shift))
