"""How much the daemon may do: NORMAL → CAUTIOUS → PULLED → REDUCING → HALTED → FLATTEN.

Rule 1: each trigger is a row: what it looks at, which level it asks for, how long it must last.
Rule 2: up at once (after the row's own confirmation); down by itself only from below REDUCING and only
after `recover_after_s` without cause. From REDUCING upwards only the operator lowers, with a reason.
Rule 3: the level is a fold of facts and their times: a replayed journal ends at the same level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from bot.model.limits import Limits
from bot.model.view import Level

CONFIRM_LOSS_S = 2.0
"""A loss must stand this long: one bad mark must not stop the desk."""


class Inputs(NamedTuple):
    """What the level is judged on. Ages in seconds (None = never seen), money in USDT.

    `net_usdt` is the confirmed unhedged delta at fair value, tokens that are still to be sold left out;
    `unhedged_age_s` is how long it has been outside the band, `stalled_s` how long without getting smaller.
    `lp_age_s` / `options_age_s` are 0.0 where the deal has none.
    """

    ready: bool = True
    missing: str = ""
    paused: bool = False
    fair_inputs: int = 99
    marks_age_s: float | None = 0.0
    dispersion_bps: float | None = 0.0
    move_bps_per_s: float = 0.0
    net_usdt: float = 0.0
    unhedged_age_s: float = 0.0
    stalled_s: float = 0.0
    loss_from_peak_usdt: float = 0.0
    unknown_orders: int = 0
    perps_usable: int = 1
    lp_age_s: float | None = 0.0
    options_age_s: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Trigger:
    """One cause for a level. `code` names it, `confirm_s` is how long it must last before it counts."""

    level: Level
    code: str
    detail: str = ""
    confirm_s: float = 0.0


def triggers(x: Inputs, limits: Limits) -> list[Trigger]:
    """All causes in force."""
    found: list[Trigger] = []
    risk = limits.risk
    if not x.ready:
        found.append(Trigger(Level.PULLED, "not_ready", f"waiting for {x.missing}" if x.missing else ""))
    if x.paused:
        found.append(Trigger(Level.PULLED, "paused", "by the operator"))
    _market(x, limits, found)
    if x.ready:
        _exposure(x, limits, found)
    if x.loss_from_peak_usdt > risk.loss_from_peak_usdt_max:
        detail = (
            f"{x.loss_from_peak_usdt:,.0f} USDT below the peak, limit {risk.loss_from_peak_usdt_max:,.0f}"
        )
        found.append(Trigger(Level.REDUCING, "loss", detail, CONFIRM_LOSS_S))
    if x.unknown_orders > risk.unknown_orders_max:
        found.append(Trigger(Level.PULLED, "unknown_orders", f"{x.unknown_orders} orders in doubt"))
    if x.perps_usable == 0:
        found.append(Trigger(Level.PULLED, "no_hedge", "no perp can be traded"))
    if x.lp_age_s is None or x.lp_age_s > risk.lp_age_s_max:
        found.append(Trigger(Level.CAUTIOUS, "lp_age", _age("LP reading", x.lp_age_s)))
    if x.options_age_s is None or x.options_age_s > 2 * limits.options.revalue_s:
        found.append(Trigger(Level.CAUTIOUS, "options_age", _age("option values", x.options_age_s)))
    return found


def _market(x: Inputs, limits: Limits, found: list[Trigger]) -> None:
    risk = limits.risk
    if x.marks_age_s is None or x.marks_age_s > risk.book_age_s_max:
        found.append(Trigger(Level.PULLED, "stale_marks", _age("market sample", x.marks_age_s)))
    elif x.fair_inputs == 0:
        found.append(Trigger(Level.PULLED, "no_fair", "no live price"))
    elif x.fair_inputs < risk.fair_inputs_min:
        detail = f"{x.fair_inputs} live prices, need {risk.fair_inputs_min}"
        found.append(Trigger(Level.CAUTIOUS, "few_prices", detail))
    if x.dispersion_bps is not None and x.dispersion_bps > risk.divergence_bps_max:
        detail = f"prices differ by {x.dispersion_bps:.0f} bps between venues"
        found.append(Trigger(Level.CAUTIOUS, "divergence", detail))
    move, most = x.move_bps_per_s, risk.move_bps_per_s_max
    if move > most / 2:
        level = Level.PULLED if move > most else Level.CAUTIOUS
        found.append(Trigger(level, "fast_market", f"price moved {move:.0f} bps in a second"))


def _exposure(x: Inputs, limits: Limits, found: list[Trigger]) -> None:
    size, most = abs(x.net_usdt), limits.risk.net_delta_usdt_max
    if size > most:
        detail = f"{size:,.0f} USDT of net delta unhedged, limit {most:,.0f}"
        found.append(Trigger(Level.PULLED, "net_delta", detail))
        if size > 2 * most and x.stalled_s > limits.risk.unhedged_age_s_max:
            detail += f" and not shrinking for {x.stalled_s:.0f} s"
            found.append(Trigger(Level.REDUCING, "net_delta_twice", detail))
    if x.unhedged_age_s > limits.risk.unhedged_age_s_max:
        found.append(Trigger(Level.PULLED, "unhedged", f"outside the band for {x.unhedged_age_s:.0f} s"))


def _age(what: str, age_s: float | None) -> str:
    return f"no {what} yet" if age_s is None else f"{what} is {age_s:.0f} s old"


class Levels:
    """The level in force and why. Fed with the causes at each fact time and with the operator's commands."""

    def __init__(self) -> None:
        self.level = Level.PULLED
        self.reason = self.code = "not_ready"
        self.paused = False
        self._since: dict[str, int] = {}
        self._cause_ns = 0

    def judge(self, now_ns: int, inputs: Inputs, limits: Limits) -> None:
        """Raise or lower the level for what is true at `now_ns`."""
        worst: Trigger | None = None
        active: dict[str, int] = {}
        for trigger in triggers(inputs, limits):
            since = active[trigger.code] = self._since.get(trigger.code, now_ns)
            confirmed = not trigger.confirm_s or now_ns - since >= trigger.confirm_s * 1e9
            if confirmed and (worst is None or trigger.level > worst.level):
                worst = trigger
        self._since = active
        wanted = worst.level if worst is not None else Level.NORMAL
        if worst is not None and wanted >= self.level:
            self._cause_ns = now_ns
            self._set(wanted, worst.code, worst.detail)
        elif wanted < self.level < Level.REDUCING and (
            now_ns - self._cause_ns >= limits.risk.recover_after_s * 1e9
        ):
            self._cause_ns = now_ns
            self._set(wanted, worst.code if worst else "", worst.detail if worst else "")

    def command(self, command: str, reason: str, by: str, now_ns: int) -> None:
        """Obey the operator: pause, resume, halt or flatten. `resume` needs a reason to leave REDUCING or
        above.
        """
        text = f"by {by}: {reason}" if reason else f"by {by}"
        if command == "pause":
            self.paused = True
        elif command == "halt":
            self._set(Level.HALTED, "operator_halt", text)
        elif command == "flatten":
            self._set(Level.FLATTEN, "operator_flatten", text)
        elif command == "resume" and (self.level < Level.REDUCING or reason.strip()):
            self.paused = False
            if self.level >= Level.REDUCING:
                # Causes start to count anew: what still holds raises the level again after its own
                # confirmation.
                self._since = {}
                self._cause_ns = now_ns
                self._set(Level.CAUTIOUS, "resumed", text)

    def _set(self, level: Level, code: str, detail: str) -> None:
        self.level, self.code = level, code
        self.reason = f"{code}: {detail}" if detail else code


def move_bps_per_s(old: float, new: float, elapsed_s: float) -> float:
    """Speed of a price move in basis points per second, over at least one second."""
    return abs(math.log(new / old)) * 1e4 / max(1.0, elapsed_s) if old > 0 and new > 0 else 0.0
