"""What a replay plays: which recorded files on which instruments, and the messages readers turn them into.

Rule 1: a reader yields messages in the recording's own time order and never looks past the one it yields.
Rule 2: prices become ticks and sizes lots here, by rounding to the instrument's grid; no size rounds to
nothing.
Rule 3: nothing is opened here: a `Tape` hands in the lines, so a test's tape is a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bot.model.instrument import Instrument, InstrumentId
from bot.sim.matching import Row
from bot.sim.params import InstrumentParams, NonNegative, PoolParams, Positive


class What(IntEnum):
    """Kinds of message."""

    SNAPSHOT = 0
    LEVELS = 1
    TRADE = 2
    TOP = 3
    PRICE = 4
    LOST = 5


class Message(NamedTuple):
    """One recorded message at `ts_ns`.

    SNAPSHOT and LEVELS carry book rows (absolute lots, 0 removes), TRADE one row (aggressor's side), TOP the
    best bid and ask as two rows, PRICE one row to walk a book of our own making to (lots = volume on the
    way), LOST none but a `reason`: the book must not be trusted until the next SNAPSHOT.
    """

    ts_ns: int
    what: What
    rows: list[Row]
    reason: str = ""


class RecordingParams(BaseModel):
    """Files that follow each other, their form, and the instruments they play.

    `neutral` = gzip CSV `ts_ns,type,side,price,qty`; `binance` = lines `<ns> <combined-stream frame>`. `book`
    says whether the files hold order books or a thin one is to be made up around trades and bars.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    form: Literal["neutral", "binance"] = "neutral"
    book: Literal["recorded", "thin"] = "recorded"
    plays: Annotated[tuple[InstrumentId, ...], Field(min_length=1)]


class ThinBookParams(BaseModel):
    """The book made up around the last price where only trades or bars were recorded.

    Half-spread = `half_spread_bps_min` + `volatility_share` × (root of the sum of squared returns of about
    the last `volatility_time_s`), so it widens when the price runs. Sizes are per level and side.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    half_spread_bps_min: Positive = 3.0
    volatility_share: NonNegative = 0.25
    volatility_time_s: Positive = 30.0
    level_gap_share: Positive = 1.0
    sizes_usdt: tuple[Positive, ...] = (2_000.0, 4_000.0, 8_000.0, 12_000.0)


class ReplayParams(BaseModel):
    """A replayed market. `directory` is where relative file names start.

    `start_ns` moves the recordings in time so that the first message falls there (None = as recorded).
    Funding is a constant annual rate; the pool is arbitraged against the spot mid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: str = "."
    recordings: Annotated[tuple[RecordingParams, ...], Field(min_length=1)]
    start_ns: int | None = None
    instruments: InstrumentParams = InstrumentParams()
    thin_book: ThinBookParams = ThinBookParams()
    pool: PoolParams = PoolParams()
    funding_annual: float = 0.05
    funding_interval_h: Positive = 8.0


class Grid:
    """Decimal texts of a recording → ticks and lots of an instrument, each distinct price worked out once."""

    def __init__(self, instrument: Instrument) -> None:
        self._ticks_per_usdt = float(1 / instrument.tick)
        self._lots_per_token = float(1 / instrument.lot)
        self.memory: dict[str, int] = {}

    def ticks(self, price: str) -> int:
        """Nearest tick, at least 1."""
        ticks = self.memory.get(price)
        if ticks is None:
            if len(self.memory) >= 200_000:
                self.memory.clear()
            ticks = self.memory[price] = max(1, round(float(price) * self._ticks_per_usdt))
        return ticks

    def lots(self, quantity: str) -> int:
        """Nearest lot; at least 1 when the quantity is not 0."""
        lots = float(quantity) * self._lots_per_token
        return round(lots) or (1 if lots > 0 else 0)


class Tape(Protocol):
    """Where recordings come from. `files` follow each other; nothing is read before it is asked for."""

    def missing(self, files: tuple[str, ...]) -> list[str]:
        """The full names of those that are not there."""
        ...

    def rows(self, files: tuple[str, ...]) -> Iterator[str]:
        """Text lines in order."""
        ...

    def frames(self, files: tuple[str, ...], without: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """(receive time ns, JSON object) of each line, those whose stream name holds `without` left out."""
        ...
