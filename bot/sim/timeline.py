"""The part of the simulated market that does not depend on us, worked out a block at a time.

Rule 1: fair price, perp prices, takers and book centres of a block are fixed before its first step; our
orders only decide who trades with whom. Two runs with one seed share them bit by bit.
Rule 2: numpy works here, once a block, and leaves plain lists, because the step reads single numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.model.instrument import Instrument, Kind
from bot.model.order import Side
from bot.sim.flow import Sweeps, TakerFlow
from bot.sim.params import EXCHANGES, WorldParams
from bot.sim.perps import basis_process
from bot.sim.price import PriceProcess

Floats = npt.NDArray[np.float64]
_SIDES = {1: Side.BUY, -1: Side.SELL}


@dataclass(frozen=True, slots=True)
class Taker:
    """One sweep as the exchange sees it: which book, side, worst price in ticks, size in lots."""

    book: int
    side: Side
    limit_ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class Block:
    """`steps` steps of the market. Lists have one entry a step; inner entries follow the books' order.

    `fair_moved` is the fair price after the step's move and before its takers, `fair` the one after them,
    `basis` the three perps' F/S − 1, `moved_ticks` each book's fair in ticks after the move, `takers` who
    comes, `centres` each book's centre in ticks, `requotes` the set of books whose other makers re-quote,
    as an index into `Timeline.subsets`, `updates` how many of those have a new centre.
    """

    steps: int
    fair_moved: list[float]
    fair: list[float]
    basis: list[list[float]]
    moved_ticks: list[list[float]]
    takers: list[list[Taker]]
    centres: list[list[int]]
    requotes: list[int]
    updates: list[int]


class Timeline:
    """Draws blocks; `fair_usdt` and `basis` are where the last block ended."""

    def __init__(
        self, params: WorldParams, instruments: Sequence[Instrument], seed: np.random.SeedSequence
    ) -> None:
        price, basis, flow = seed.spawn(3)
        self._price = PriceProcess(params, price)
        self._flow = TakerFlow(params.flow, params.step_s, flow)
        self._basis = basis_process(params.perps, params.step_s, basis)
        self._refill = max(1, round(params.book.refill_s / params.step_s))
        self._tick = np.array([float(i.tick) for i in instruments])
        self._lot = np.array([float(i.lot) for i in instruments])
        grid_usdt = params.book.centre_grid_bps / 1e4 * params.price.start_usdt
        self._grid = np.maximum(1, np.rint(grid_usdt / self._tick))
        # Column of (zero, three bases) that each book is priced off.
        self._column = np.array(
            [0 if i.kind is Kind.SPOT else 1 + EXCHANGES.index(i.exchange) for i in instruments],
            dtype=np.int64,
        )
        self._book_of_venue = _books_by_venue(instruments)
        books = range(len(instruments))
        self.subsets = [tuple(b for b in books if mask >> b & 1) for mask in range(1 << len(instruments))]
        self._centres: npt.NDArray[np.int64] | None = None
        self.fair_usdt = params.price.start_usdt

    @property
    def basis(self) -> list[float]:
        """The three bases at the end of the last block."""
        values: list[float] = self._basis.values.tolist()
        return values

    def place(self, fair_usdt: float, basis: Sequence[float]) -> None:
        """Go on from here (restart); every book re-centres in the next block's first step."""
        self.fair_usdt = fair_usdt
        self._basis.values = np.array(basis, dtype=np.float64)
        self._centres = None

    def centres(self, fair_usdt: float, basis: Sequence[float]) -> list[int]:
        """Each book's centre in ticks at this fair price."""
        factor = 1 + np.concatenate(([0.0], basis))[self._column]
        cells = np.rint(fair_usdt * factor / self._tick / self._grid)
        ticks: list[int] = (cells * self._grid).astype(np.int64).tolist()
        return ticks

    def draw(self, steps: int) -> Block:
        """The next `steps` steps; moves `fair_usdt` and `basis` to their end."""
        sweeps = self._flow.draw(steps)
        increments = self._price.draw(steps)
        impact = np.bincount(sweeps.step, weights=sweeps.impact, minlength=steps)
        log_after = np.cumsum(increments + impact)
        fair = self.fair_usdt * np.exp(log_after)
        fair_moved = self.fair_usdt * np.exp(log_after - impact)
        basis = self._basis.draw(steps)
        factor = 1 + np.hstack([np.zeros((steps, 1)), basis])
        # Price of a sweep: the move of its step, then the takers of the same step before it.
        before = np.cumsum(sweeps.impact) - sweeps.impact
        at_step_start = np.concatenate(([0.0], np.cumsum(impact)))[sweeps.step]
        fair_at_sweep = fair_moved[sweeps.step] * np.exp(before - at_step_start)
        books = factor[:, self._column] / self._tick
        centres = (np.rint(fair[:, None] * books / self._grid) * self._grid).astype(np.int64)
        moved = self._moved(centres)
        block = Block(
            steps=steps,
            fair_moved=fair_moved.tolist(),
            fair=fair.tolist(),
            basis=basis.tolist(),
            moved_ticks=(fair_moved[:, None] * books).tolist(),
            takers=self._takers(steps, sweeps, fair_at_sweep, factor),
            centres=centres.tolist(),
            requotes=self._requotes(moved, sweeps),
            updates=moved.sum(axis=1).tolist(),
        )
        self.fair_usdt = block.fair[-1]
        return block

    def _takers(self, steps: int, sweeps: Sweeps, fair: Floats, factor: Floats) -> list[list[Taker]]:
        book = self._book_of_venue[sweeps.venue]
        known = book >= 0
        book, step, side = book[known], sweeps.step[known], sweeps.side[known]
        price = fair[known] * factor[step, self._column[book]]
        limit = price * (1 + side * sweeps.depth[known]) / self._tick[book]
        limit_ticks = np.where(side > 0, np.floor(limit), np.ceil(limit)).astype(np.int64)
        lots = np.maximum(1, sweeps.notional_usdt[known] / price / self._lot[book]).astype(np.int64)
        takers: list[list[Taker]] = [[] for _ in range(steps)]
        rows = zip(
            step.tolist(), book.tolist(), side.tolist(), limit_ticks.tolist(), lots.tolist(), strict=True
        )
        for at, number, sign, ticks, size in rows:
            takers[at].append(Taker(number, _SIDES[sign], ticks, size))
        return takers

    def _moved(self, centres: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which books have a new centre in which step, shape (steps, books)."""
        previous = centres[0] - 1 if self._centres is None else self._centres
        self._centres = centres[-1]
        moved: npt.NDArray[np.bool_] = np.vstack([previous, centres[:-1]]) != centres
        return moved

    def _requotes(self, moved: npt.NDArray[np.bool_], sweeps: Sweeps) -> list[int]:
        """Which books re-quote when: on a new centre, after a sweep, and every `refill_s` at the least."""
        requotes = moved.copy()
        requotes[:: self._refill] = True
        book = self._book_of_venue[sweeps.venue]
        requotes[sweeps.step[book >= 0], book[book >= 0]] = True
        masks: list[int] = (requotes @ (1 << np.arange(moved.shape[1]))).tolist()
        return masks


def _books_by_venue(instruments: Sequence[Instrument]) -> npt.NDArray[np.int64]:
    """Flow venue 0-5 → position of its book in `instruments`, −1 where there is none."""
    position = {(i.kind, i.exchange): number for number, i in enumerate(instruments)}
    return np.array([position.get((kind, name), -1) for kind in (Kind.SPOT, Kind.PERP) for name in EXCHANGES])
