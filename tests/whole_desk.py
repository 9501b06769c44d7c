"""The whole daemon on the virtual clock: the embedded market, what a test does to it, how the run ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from bot.app import Daemon, RunResult
from bot.clock import MarketDriver, VirtualLoop
from bot.config import Settings, load
from bot.model.instrument import InstrumentId
from bot.model.view import View
from bot.sim.exchange import SimExchange
from bot.sim.world import World
from bot.venues.paper import PaperVenue
from bot.wiring import Place, build, place_of
from limits_text import SHIPPED

SPOTS = ("binance.spot", "bybit.spot", "bitget.spot")
PERPS = ("binance.perp", "bybit.perp", "bitget.perp")

Hook = Callable[[World], None]


def settings_in(folder: Path, **changes: Any) -> Settings:
    """The shipped paper configuration with its state in `folder`; `changes` by dotted key, `__` for a dot."""
    changes["state__dir"] = folder
    settings = load(SHIPPED / "paper.toml")
    for key, value in changes.items():
        settings = _with(settings, key.split("__"), value)
    return settings


def _with(model: Any, path: list[str], value: Any) -> Any:
    name, rest = path[0], path[1:]
    if isinstance(model, dict):
        return model | {name: _with(model[name], rest, value) if rest else value}
    return model.model_copy(update={name: _with(getattr(model, name), rest, value) if rest else value})


class Meddler:
    """The market with a hand in it: `hooks` run after each of its steps."""

    def __init__(self, market: World) -> None:
        self.market, self.hooks = market, cast("list[Hook]", [])

    def next_ns(self) -> int | None:
        """As the market says."""
        return self.market.next_ns()

    def step(self) -> int:
        """One step of the market, then the hooks."""
        events = self.market.step()
        for hook in self.hooks:
            hook(self.market)
        return events


class Whole:
    """A daemon built for one run. `run(story)` trades until the story returns."""

    def __init__(self, settings: Settings, place: Callable[[VirtualLoop], Place] | None = None) -> None:
        self.loop = VirtualLoop()
        self.settings = settings
        made = place(self.loop) if place is not None else place_of(settings, self.loop, None)
        self.parts = build(settings, made)
        assert self.parts.market is not None
        self.world = cast("World", self.parts.market)
        self.meddler = Meddler(self.world)
        self.loop.driver = cast("MarketDriver", self.meddler)
        self.daemon = Daemon(settings, self.parts)
        self.result: RunResult | None = None

    def venue(self, key: InstrumentId) -> PaperVenue:
        """The paper venue of one instrument."""
        return cast("PaperVenue", self.parts.venues[key])

    def exchange(self, key: InstrumentId) -> SimExchange:
        """The simulated exchange behind it."""
        return self.venue(key).exchange

    @property
    def view(self) -> View:
        """The newest view."""
        return self.daemon.view.value

    @property
    def net(self) -> float:
        """Net delta in the books' own words, tokens, working orders left out."""
        return self.view.exposure.source - self.view.exposure.target

    def in_band(self) -> bool:
        """Ready, and net delta inside its band."""
        return self.view.ready and abs(self.net) <= self.view.exposure.band

    def resting(self, key: InstrumentId) -> int:
        """Our orders on one exchange, by its own book."""
        return len(self.exchange(key).open_orders())

    def quoting(self) -> bool:
        """All three obligations met now."""
        obligations = self.view.obligations
        return len(obligations) == 3 and all(one.compliant for one in obligations.values())

    async def until(self, condition: Callable[[], bool], within_s: float = 120.0) -> float:
        """Wait for a condition on the virtual clock, looking every 50 ms; returns the seconds it took."""
        began = self.loop.time()
        while not condition():
            took = self.loop.time() - began
            state = f"{self.view.level.name} {self.view.level_reason}, net {self.net:,.0f}"
            assert took < within_s, f"not within {within_s} s: {state}"
            await asyncio.sleep(0.05)
        return self.loop.time() - began

    def run(self, story: Callable[[], Awaitable[None]]) -> RunResult:
        """Run the daemon; when `story` returns or fails, stop it in order. A failed story is raised."""
        asyncio.set_event_loop(self.loop)
        try:
            return self.loop.run_until_complete(self._run(story))
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()

    async def _run(self, story: Callable[[], Awaitable[None]]) -> RunResult:
        stop = asyncio.Event()

        async def told() -> None:
            try:
                await story()
            finally:
                stop.set()

        telling = asyncio.ensure_future(told())
        result = self.result = await self.daemon.run(stop)
        if telling.done():
            telling.result()
        else:
            telling.cancel()
        return result


def calm_market(folder: Path, **changes: Any) -> Settings:
    """A market in which nothing happens by itself: no diffusion, no jumps, no takers."""
    quiet: dict[str, Any] = {
        "paper__world__price__sigma_annual": 0.0,
        "paper__world__price__jumps_per_day": 0.0,
        "paper__world__flow__spot_sweeps_per_side_day": (0.0, 0.0, 0.0),
        "paper__world__flow__perp_sweeps_per_side_day": (0.0, 0.0, 0.0),
        "paper__world__perps__basis_sd_bps": 0.0,
        "paper__world__pool__noise_swaps_per_day": 0.0,
    }
    return settings_in(folder, **(quiet | changes))
