"""How far the quotes lean: a common shift of both sides.

Rule 1: the lean answers *unhedged* delta; inventory that perps neutralise carries no price risk.
Rule 2: a second term leans against an exchange's own shortage of tokens or USDT: it restocks itself.
Rule 3: a shift moves both sides alike, so the own spread never changes; it is clipped at `skew_bps_max`.
"""

from __future__ import annotations

from bot.model.instrument import InstrumentId
from bot.model.view import View

_COMFORT, _SCARCE = 1.4, 1.08  # balances, as multiples of what is owed, that need no help and all of it


def delta_shift(hedged_net: float, scale_tokens: float, shift_bps_max: float) -> float:
    """Shift in bps from unhedged delta in tokens: long leans down, short up, linear up to the scale."""
    return -shift_bps_max * max(-1.0, min(1.0, hedged_net / scale_tokens))


def balance_shift(tokens_usdt: float, usdt: float, owed: tuple[float, float], shift_bps_max: float) -> float:
    """Shift in bps from one exchange's balances, both in USDT, against (ask, bid) depth owed.

    Few tokens lean up (buy back), little USDT leans down (sell); 0 while both are comfortable.
    """
    ask_owed, bid_owed = owed
    return shift_bps_max * (_shortage(tokens_usdt, ask_owed) - _shortage(usdt, bid_owed))


def _shortage(held: float, owed: float) -> float:
    """0 = comfortable, 1 = the next fill may leave the obligation unmet; both in USDT."""
    if owed <= 0:
        return 0.0
    return max(0.0, min(1.0, (_COMFORT - held / owed) / (_COMFORT - _SCARCE)))


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
