"""The two deltas of the deal, in tokens.

Rule 1: source = spot + perp + LP + option (the loan left out); economic = source − loan; target = phi ·
loan.
Rule 2: an unknown component shows as None; the sums use its last known value and `complete` is False.
Rule 3: working hedges count in `net`, never in `hedged_net`: the band is judged on where the targets lead.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.model.view import Exposure


class Part(NamedTuple):
    """Delta of the LP or option book: last known value in tokens, and whether it is known now."""

    delta: float = 0.0
    gamma: float = 0.0
    known: bool = True


class Sources(NamedTuple):
    """What the exposure is summed from. Tokens; `targets` = Σ of the perps' target positions."""

    spot: float
    perp: float
    working: float
    targets: float
    loan: float
    phi: float
    lp: Part
    option: Part
    positions_known: bool = True


def measure(parts: Sources, band: float) -> Exposure:
    """Exposure of the whole deal; `band` (tokens) is passed through for the view."""
    source = parts.spot + parts.perp + parts.lp.delta + parts.option.delta
    target = parts.phi * parts.loan
    return Exposure(
        parts.spot,
        parts.perp,
        parts.lp.delta if parts.lp.known else None,
        parts.option.delta if parts.option.known else None,
        parts.working,
        parts.loan,
        source,
        source - parts.loan,
        target,
        source + parts.working - target,
        source - parts.perp + parts.targets - target,
        band,
        parts.lp.gamma + parts.option.gamma,
        parts.lp.known and parts.option.known and parts.positions_known,
    )
