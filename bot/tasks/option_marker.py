"""Values the option book on a grid of spot prices and hands it to the aggregator.

Rule 1: the aggregator only interpolates; the American engine runs here, off the event loop where there is
one.
Rule 2: carry is the funding rate averaged over days: a spot rate would move the marks with every settlement.
Rule 3: revalued every `options.revalue_s`, at once when an input changed or the price nears the grid's edge.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from bot.channels import Inbox, Latest
from bot.clock import Clock
from bot.deal.terms import DealTerms
from bot.model.facts import OptionsValued
from bot.model.view import View
from bot.pricing.option_grid import value_tranches

_CARRY_MEMORY_S = 3 * 86_400.0
_EDGE = 0.20  # revalue when the price has moved this far from the grid's centre

Runner = Callable[[Callable[[], OptionsValued]], Awaitable[OptionsValued]]


class OptionMarker:
    """Keeps an `OptionsValued` fresh. `run_in` decides where the engine runs: inline, or a worker thread."""

    def __init__(
        self, terms: DealTerms, view: Latest[View], inbox: Inbox, clock: Clock, run_in: Runner
    ) -> None:
        self._terms, self._view, self._inbox, self._clock, self._run_in = terms, view, inbox, clock, run_in
        self._last: tuple[float, float, float, float] | None = None
        self._last_at = 0.0
        self._carry: float | None = None
        self._carry_at = 0.0

    async def run(self) -> None:
        """Value for ever, once a second at most."""
        while True:
            inputs = self._inputs()
            if inputs is not None and self._due(inputs):
                fact = await self._run_in(lambda chosen=inputs: self._value(chosen))  # type: ignore[misc]
                self._last, self._last_at = inputs, self._clock.monotonic()
                self._inbox.put(fact)
            await asyncio.sleep(1.0)

    def _inputs(self) -> tuple[float, float, float, float] | None:
        view = self._view.value
        options = view.limits.options
        if view.marks.fair is None:
            return None
        carry = options.carry if options.carry is not None else self._average_funding(view)
        if carry is None:
            return None
        return view.marks.fair, options.sigma, options.rate, carry

    def _average_funding(self, view: View) -> float | None:
        """Annual funding over all perps, with a memory of days; None before the first reading."""
        rates = view.marks.funding_annual.values()
        if not rates:
            return self._carry
        now, seen = self._clock.monotonic(), max(-1.0, min(0.5, sum(rates) / len(rates)))
        if self._carry is None:
            self._carry = seen
        else:
            self._carry += (seen - self._carry) * -math.expm1((self._carry_at - now) / _CARRY_MEMORY_S)
        self._carry_at = now
        return self._carry

    def _due(self, inputs: tuple[float, float, float, float]) -> bool:
        if self._last is None:
            return True
        spot, sigma, rate, carry = inputs
        old_spot, old_sigma, old_rate, old_carry = self._last
        return (
            self._clock.monotonic() - self._last_at >= self._view.value.limits.options.revalue_s
            or abs(spot / old_spot - 1) > _EDGE
            or (sigma, rate) != (old_sigma, old_rate)
            or abs(carry - old_carry) > 0.02
        )

    def _value(self, inputs: tuple[float, float, float, float]) -> OptionsValued:
        spot, sigma, rate, carry = inputs
        now = self._clock.now_ns()
        calls = self._terms.open_calls(now)
        grid = value_tranches(calls, spot, sigma, rate, carry)
        years = tuple(call.years for call in calls)
        return OptionsValued(
            now, now, sigma, rate, carry, grid.spots, grid.rows, years=years, style=self._terms.style
        )
