"""Orders: sides, the state machine as a table, client ids that say who sent them.

Rule 1: an order's state moves only along `TRANSITIONS`; a fill is legal in every state after INTENT.
Rule 2: UNKNOWN is a state of its own: counted at its worst case until the venue's answer settles it.
Rule 3: a client id is never used twice; `ClientIds` draws from a block that was made durable before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.model.instrument import InstrumentId


class Side(IntEnum):
    """Buy = +1, sell = −1: multiply a quantity by it to get a signed one."""

    BUY = 1
    SELL = -1

    @property
    def word(self) -> str:
        """`buy` or `sell`."""
        return "buy" if self is Side.BUY else "sell"


class Purpose(StrEnum):
    """Who sent an order; its letter stands in the client id."""

    QUOTE = "q"
    HEDGE = "h"
    SELL = "s"
    FLATTEN = "f"


class TimeInForce(StrEnum):
    """How an order rests: post-only is refused rather than filled as taker, IOC never rests."""

    POST_ONLY = "post_only"
    IOC = "ioc"


class OrderState(StrEnum):
    """Life of an order, from our decision to a settled end."""

    INTENT = "intent"
    SENT = "sent"
    OPEN = "open"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    DEAD = "dead"

    @property
    def settled(self) -> bool:
        """No further quantity can trade (late fills are still booked when they arrive)."""
        return self in _SETTLED


_SETTLED = frozenset(
    {OrderState.REJECTED, OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.DEAD}
)

_S = OrderState
TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    _S.INTENT: frozenset({_S.SENT, _S.REJECTED}),
    _S.SENT: frozenset({_S.OPEN, _S.REJECTED, _S.UNKNOWN, _S.FILLED, _S.CANCELED, _S.EXPIRED}),
    _S.OPEN: frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.OPEN, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.DEAD}),
    # Settled orders keep one door open: a late fill may complete an order the venue said was gone.
    _S.REJECTED: frozenset({_S.FILLED}),
    _S.CANCELED: frozenset({_S.FILLED}),
    _S.EXPIRED: frozenset({_S.FILLED}),
    _S.DEAD: frozenset({_S.FILLED, _S.OPEN}),
    _S.FILLED: frozenset(),
}


def may_move(old: OrderState, new: OrderState) -> bool:
    """Whether an order may go from `old` to `new` (staying is always allowed)."""
    return old is new or new in TRANSITIONS[old]


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order we decided to send. Price in ticks, quantity in lots of `instrument`."""

    client_id: str
    instrument: InstrumentId
    side: Side
    price_ticks: int
    quantity_lots: int
    purpose: Purpose
    time_in_force: TimeInForce = TimeInForce.POST_ONLY
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class Amend:
    """New price and remaining quantity for a resting order, in ticks and lots."""

    client_id: str
    instrument: InstrumentId
    price_ticks: int
    quantity_lots: int


_ID = re.compile(r"^([a-z][a-z0-9]{1,7})-([0-9a-z]{4})([a-z])([0-9a-z]{6,12})$")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int, width: int) -> str:
    """`number` ≥ 0 in base 36, left-padded with zeros to `width`."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits.rjust(width, "0")


@dataclass(frozen=True, slots=True)
class ParsedId:
    """A client id of this program taken apart."""

    prefix: str
    epoch: int
    purpose: Purpose
    sequence: int


def parse_client_id(text: str | None) -> ParsedId | None:
    """The parts of a client id, or None when it is not in this program's form."""
    match = _ID.match(text or "")
    if match is None or match[3] not in {p.value for p in Purpose}:
        return None
    return ParsedId(match[1], int(match[2], 36), Purpose(match[3]), int(match[4], 36))


class ClientIds:
    """Draws client ids `<prefix>-<epoch><purpose><sequence>` (≤ 25 characters, lower case).

    `reserve(upto)` must make every sequence number below `upto` durable before it returns; it is called
    before the current block runs out, so that no id is ever sent that a restart could draw again.
    """

    BLOCK = 100_000

    def __init__(self, prefix: str, epoch: int, first: int, reserve: Callable[[int], None]) -> None:
        self.prefix, self.epoch = prefix, epoch
        self._next, self._reserve = first, reserve
        self._upto = first
        self._extend()

    def _extend(self) -> None:
        self._reserve(self._upto + self.BLOCK)
        self._upto += self.BLOCK

    def draw(self, purpose: Purpose) -> str:
        """The next id."""
        if self._next >= self._upto:
            self._extend()
        number, self._next = self._next, self._next + 1
        return f"{self.prefix}-{base36(self.epoch, 4)}{purpose.value}{base36(number, 8)}"
