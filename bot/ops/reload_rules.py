"""Which change of a limit is looser, which needs a second word, which a restart.

Rule 1: every key of the limits has a class here (a test enforces it).
Rule 2: tightening acts at once; loosening more than twofold needs confirmation, and so does any change of
what the contract fixes or of what moves the hedge by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from bot.config.problems import shown
from bot.config.read import flat
from bot.model.limits import Limits

LOOSENING_MAX = 2.0
_SCALE_FREE = (int, float)


class Looser(Enum):
    """In which direction a key gives more freedom."""

    UP = "larger is looser"
    DOWN = "smaller is looser"
    BOTH = "a large move either way needs a second look"
    ALWAYS = "every change needs a second look"
    NEVER = "no direction is looser"
    OFF = "switching it off needs a second look"
    OWED = "less than now may break the contract"
    OWED_MAX = "more than now may break the contract"


CLASSES: dict[str, Looser] = {
    "quote.enabled": Looser.NEVER,
    "quote.level_depths_bps": Looser.NEVER,
    "quote.level_weights": Looser.NEVER,
    "quote.depth_buffer_share": Looser.UP,
    "quote.skew_bps_max": Looser.UP,
    "quote.skew_scale_tokens": Looser.BOTH,
    "quote.refresh_tolerance_bps": Looser.UP,
    "quote.refresh_tolerance_depth_share": Looser.UP,
    "quote.refresh_size_share_min": Looser.DOWN,
    "quote.order_life_s_min": Looser.UP,
    "quote.cautious_widen_factor": Looser.DOWN,
    "quote.message_rate_per_s_max": Looser.UP,
    "hedge.enabled": Looser.OFF,
    "hedge.risk_aversion_per_usdt": Looser.DOWN,
    "hedge.band_tokens_fixed": Looser.UP,
    "hedge.band_tokens_min": Looser.UP,
    "hedge.band_usdt_max": Looser.UP,
    "hedge.hedge_to_band_share": Looser.UP,
    "hedge.order_usdt_max": Looser.UP,
    "hedge.collar_bps": Looser.UP,
    "hedge.order_interval_s_min": Looser.UP,
    "hedge.exchange_share_max": Looser.UP,
    "hedge.liquidation_distance_min": Looser.DOWN,
    "hedge.margin_use_max": Looser.UP,
    "hedge.headroom_use_max": Looser.UP,
    "sell.enabled": Looser.NEVER,
    "sell.participation_max": Looser.UP,
    "sell.price_usdt_min": Looser.DOWN,
    "sell.slice_usdt_max": Looser.UP,
    "sell.slice_interval_s": Looser.DOWN,
    "sell.slippage_bps_max": Looser.UP,
    "risk.phi": Looser.ALWAYS,
    "risk.net_delta_usdt_max": Looser.UP,
    "risk.gross_perp_usdt_max": Looser.UP,
    "risk.loss_from_peak_usdt_max": Looser.UP,
    "risk.book_age_s_max": Looser.UP,
    "risk.lp_age_s_max": Looser.UP,
    "risk.divergence_bps_max": Looser.UP,
    "risk.move_bps_per_s_max": Looser.UP,
    "risk.fair_inputs_min": Looser.DOWN,
    "risk.unhedged_age_s_max": Looser.UP,
    "risk.unknown_orders_max": Looser.UP,
    "risk.recover_after_s": Looser.DOWN,
    "options.sigma": Looser.BOTH,
    "options.rate": Looser.BOTH,
    "options.carry": Looser.BOTH,
    "options.revalue_s": Looser.UP,
}
OBLIGATION_CLASSES: dict[str, Looser] = {
    "bid_usdt": Looser.OWED,
    "ask_usdt": Looser.OWED,
    "depth_bps": Looser.OWED_MAX,
    "spread_bps_max": Looser.OWED_MAX,
    "uptime_target": Looser.OWED,
}


class Change(NamedTuple):
    """A key with its old and new value as printed."""

    key: str
    old: str
    new: str


class Diff(NamedTuple):
    """Changes by what they need. `result` = the new limits with what needs a restart left as it was."""

    result: Limits
    at_once: tuple[Change, ...]
    confirm: tuple[Change, ...]
    restart: tuple[Change, ...]


def diff(old: Limits, new: Limits) -> Diff:
    """What changed from `old` to `new`, in the order of the file."""
    kept = {name: old.obligations[name] for name in old.obligations if name not in new.obligations}
    added = [name for name in new.obligations if name not in old.obligations]
    restart = [Change(f"obligations.{name}", "owed", "(removed)") for name in kept]
    restart += [Change(f"obligations.{name}", "(none)", "owed") for name in added]
    entries = {name: new.obligations.get(name, old.obligations[name]) for name in old.obligations}
    result = new.model_copy(update={"obligations": entries})
    before, after = flat(old.model_dump()), flat(result.model_dump())
    at_once: list[Change] = []
    confirm: list[Change] = []
    for key in after:
        if before[key] != after[key]:
            change = Change(key, _text(key, before[key]), _text(key, after[key]))
            (confirm if needs_confirmation(key, before[key], after[key]) else at_once).append(change)
    return Diff(result, tuple(at_once), tuple(confirm), tuple(restart))


def class_of(key: str) -> Looser:
    """The class of a dotted key. Raises KeyError for a key without one."""
    section, _, rest = key.partition(".")
    return OBLIGATION_CLASSES[rest.rpartition(".")[2]] if section == "obligations" else CLASSES[key]


def needs_confirmation(key: str, old: object, new: object) -> bool:
    """Whether this change needs a second word."""
    looser = class_of(key)
    if looser in (Looser.NEVER, Looser.ALWAYS):
        return looser is Looser.ALWAYS
    if isinstance(old, bool) or isinstance(new, bool):
        return looser is Looser.OFF and not new
    if not isinstance(old, _SCALE_FREE) or not isinstance(new, _SCALE_FREE):
        return True  # from or to "none": another rule takes over
    up, down = _more_than(new, old), _more_than(old, new)
    return {
        Looser.UP: up,
        Looser.DOWN: down,
        Looser.BOTH: up or down or old * new < 0,
        Looser.OWED: new < old or up,
        Looser.OWED_MAX: new > old or down,
    }[looser]


def tightened(key: str, old: object, new: object) -> bool:
    """Whether the key moved in its tighter direction (or not at all)."""
    if old == new:
        return True
    if not isinstance(old, _SCALE_FREE) or not isinstance(new, _SCALE_FREE):
        return False
    looser = class_of(key)
    return (looser is Looser.UP and new < old) or (looser is Looser.DOWN and new > old)


def _more_than(larger: float, smaller: float) -> bool:
    return larger > LOOSENING_MAX * smaller if smaller > 0 else larger > 0 >= smaller


def _text(key: str, value: object) -> str:
    return "none" if value is None else shown(key, value)


def values_of(limits: Limits) -> Mapping[str, object]:
    """Every key with its value."""
    return flat(limits.model_dump())
