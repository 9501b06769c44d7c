"""The option marker: values on a grid, again when an input moved, never from inputs it does not have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from bot.channels import Inbox, Latest
from bot.clock import VirtualLoop
from bot.model.facts import OptionsValued
from bot.model.limits import Limits
from bot.model.view import Marks, View
from bot.tasks.option_marker import OptionMarker
from paper_tools import run
from sample_views import busy
from task_rig import shipped, with_limits


async def inline(work: Callable[[], OptionsValued]) -> OptionsValued:
    return work()


class Bench:
    """A marker over a view that the test changes."""

    def __init__(
        self, limits: Limits, fair: float | None = 1.0, funding: dict[str, float] | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.begin_at(shipped().terms.start_ns)
        marks = Marks(fair=fair, funding_annual=MappingProxyType(funding or {}))
        self.cell: Latest[View] = Latest(replace(busy(), limits=limits, marks=marks))
        self.inbox = Inbox()
        marker = OptionMarker(shipped().terms, self.cell, self.inbox, loop, inline)
        self.task = asyncio.create_task(marker.run())

    def move(self, **changes: object) -> None:
        view = self.cell.value
        self.cell.set(replace(view, marks=replace(view.marks, **changes)))  # type: ignore[arg-type]

    async def after(self, seconds: float) -> list[OptionsValued]:
        await asyncio.sleep(seconds)
        return [fact for fact in self.inbox.drain() if isinstance(fact, OptionsValued)]


FIXED = with_limits(options={"carry": 0.0, "rate": 0.05, "revalue_s": 900.0})


def test_one_valuation_holds_until_it_is_due() -> None:
    async def story() -> None:
        bench = Bench(FIXED)
        (first,) = await bench.after(5)
        assert (first.sigma, first.rate, first.carry) == (1.0, 0.05, 0.0)
        assert [row[0] for row in first.tranches] == ["k125", "k150", "k200"]
        assert first.spots[0] < 0.7 < 1.3 < first.spots[-1]
        assert first.years == (1.0, 1.0, 1.0)
        assert await bench.after(800) == []
        assert len(await bench.after(200)) == 1
        bench.task.cancel()

    run(story())


@pytest.mark.parametrize("change", [{"fair": 1.25}, {"fair": 0.79}])
def test_a_price_near_the_edge_is_valued_at_once(change: dict[str, float]) -> None:
    async def story() -> None:
        bench = Bench(FIXED)
        await bench.after(5)
        bench.move(**change)
        (again,) = await bench.after(2)
        assert again.spots[0] < change["fair"] < again.spots[-1]
        bench.task.cancel()

    run(story())


def test_nothing_is_valued_from_unknown_inputs() -> None:
    async def story() -> None:
        no_price = Bench(FIXED, fair=None)
        assert await no_price.after(10) == []
        no_price.task.cancel()
        follows_funding = Bench(with_limits(options={"carry": None}))
        assert await follows_funding.after(10) == []
        follows_funding.move(funding_annual=MappingProxyType({"binance.perp": -0.4, "bybit.perp": -0.2}))
        (fact,) = await follows_funding.after(2)
        assert fact.carry == pytest.approx(-0.3)
        follows_funding.task.cancel()

    run(story())


def test_carry_is_funding_averaged_over_days() -> None:
    async def story() -> None:
        bench = Bench(with_limits(options={"carry": None}), funding={"binance.perp": -0.3})
        (first,) = await bench.after(5)
        assert first.carry == pytest.approx(-0.3)
        bench.move(funding_annual=MappingProxyType({"binance.perp": 0.3}))
        later = (await bench.after(86_400))[-1]
        # a day is a third of the memory: -0.3 + 0.6 * (1 - exp(-1/3))
        assert later.carry == pytest.approx(-0.3 + 0.6 * 0.28347, abs=0.01)
        bench.task.cancel()

    run(story())
