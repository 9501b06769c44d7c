"""What a venue's own answer says about our ledger: one path for start, reconnect, timer and unknown orders.

Rule 1: trades come first (the ledger knows each once); only what no trade explains is a difference.
Rule 2: None is unknown: it settles nothing and is never read as flat.
Rule 3: a difference counts once two snapshots at least a second apart agree on it, because the queries of
one snapshot are not taken at one instant; it is then booked as EXTERNAL with an alarm.
Rule 4: when the trade behind an EXTERNAL booking turns up late, the booking is taken back by as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.model.facts import Fill, OpenOrder, VenueSnapshot
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.model.order import parse_client_id
from bot.risk.ledger import ZERO, Account

TOLERANCE_LOTS = 1
TOLERANCE_USDT = Decimal(1)
CONFIRM_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class OrdersFound:
    """Open orders of one snapshot: of an older run of this deal, of a newer one, of somebody else."""

    orphans: tuple[OpenOrder, ...]
    newer: tuple[OpenOrder, ...]
    foreign: tuple[OpenOrder, ...]


def sort_orders(orders: tuple[OpenOrder, ...], prefix: str, epoch: int) -> OrdersFound:
    """Tell open orders apart by client id: orphans (epoch < ours) are to be cancelled, a newer epoch means
    that another instance took over, foreign orders are nobody's we know. Orders of this epoch are left
    out.
    """
    orphans, newer, foreign = [], [], []
    for order in orders:
        parsed = parse_client_id(order.client_id)
        if parsed is None or parsed.prefix != prefix:
            foreign.append(order)
        elif parsed.epoch < epoch:
            orphans.append(order)
        elif parsed.epoch > epoch:
            newer.append(order)
    return OrdersFound(tuple(orphans), tuple(newer), tuple(foreign))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do after one snapshot's trades are booked.

    `tokens`, `usdt`: to book as EXTERNAL (venue − ledger, confirmed). `entry_usdt`: to move between wallet
    and entry cost. `settled`: position and trades are known and agree. `note`: one line for the operator,
    or empty.
    """

    tokens: Decimal = ZERO
    usdt: Decimal = ZERO
    entry_usdt: Decimal = ZERO
    settled: bool = False
    note: str = ""


@dataclass(slots=True)
class _Seen:
    """The unexplained difference of one instrument as last seen, and what was booked as EXTERNAL because of
    one.
    """

    tokens: Decimal = ZERO
    usdt: Decimal = ZERO
    at_ns: int = 0
    booked_tokens: Decimal = ZERO
    booked_usdt: Decimal = ZERO
    booked_ns: int = 0


class Differences:
    """Remembers, per instrument, what the last snapshot could not explain."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self._seen = {key: _Seen() for key in instruments}

    def judge(self, snapshot: VenueSnapshot, account: Account) -> Verdict:
        """Compare an account (this snapshot's trades already booked) with the venue's answer."""
        key, seen = snapshot.instrument, self._seen[snapshot.instrument]
        if snapshot.trades is None or snapshot.position is None or not snapshot.position.is_finite():
            what = "trades" if snapshot.trades is None else "position"
            return Verdict(note=f"{key}: {what} unknown (query failed); the last known stay in force")
        lot = self._instruments[key].lot
        tokens = _beyond(snapshot.position - account.tokens, lot * TOLERANCE_LOTS)
        usdt = ZERO
        if not tokens and snapshot.usdt is not None and snapshot.usdt.is_finite():
            usdt = _beyond(snapshot.usdt - account.usdt, TOLERANCE_USDT)
        if usdt and account.reordered and self._instruments[key].kind is Kind.PERP:
            seen.tokens = seen.usdt = ZERO
            return Verdict(entry_usdt=usdt, settled=True)
        return self._confirm(key, tokens, usdt, snapshot.seen_ns)

    def explained(self, fill: Fill) -> tuple[Decimal, Decimal]:
        """Tokens and USDT of an earlier EXTERNAL booking that this late trade accounts for (to be taken
        back).
        """
        seen = self._seen[fill.instrument]
        if not seen.booked_tokens or not 0 < fill.venue_ns <= seen.booked_ns:
            return ZERO, ZERO
        quantity = fill.quantity if fill.side > 0 else -fill.quantity
        if quantity * seen.booked_tokens < 0:
            return ZERO, ZERO
        tokens = quantity if abs(quantity) < abs(seen.booked_tokens) else seen.booked_tokens
        usdt = seen.booked_usdt * tokens / seen.booked_tokens
        seen.booked_tokens -= tokens
        seen.booked_usdt -= usdt
        return tokens, usdt

    def _confirm(self, key: InstrumentId, tokens: Decimal, usdt: Decimal, now_ns: int) -> Verdict:
        seen = self._seen[key]
        if not tokens and not usdt:
            seen.tokens = seen.usdt = ZERO
            return Verdict(settled=True)
        agreed_tokens, agreed_usdt = _both(seen.tokens, tokens), _both(seen.usdt, usdt)
        if not agreed_tokens and not agreed_usdt:
            seen.tokens, seen.usdt, seen.at_ns = tokens, usdt, now_ns
            # Once is no news: fills that the query saw may still be on their way to us.
            return Verdict(settled=not tokens)
        if now_ns - seen.at_ns < CONFIRM_NS:
            return Verdict(settled=not tokens)
        seen.tokens = seen.usdt = ZERO
        if agreed_tokens:
            # The missing trade is older than the first sighting: anything newer is not what was booked here.
            seen.booked_tokens, seen.booked_usdt, seen.booked_ns = agreed_tokens, ZERO, seen.at_ns
        elif seen.booked_tokens:
            seen.booked_usdt += agreed_usdt
        note = f"{key}: {agreed_tokens} tokens, {agreed_usdt} USDT that no trade explains booked as external"
        rest = abs(tokens - agreed_tokens) >= self._instruments[key].lot * TOLERANCE_LOTS
        return Verdict(agreed_tokens, agreed_usdt, settled=not rest, note=note)


def _beyond(difference: Decimal, tolerance: Decimal) -> Decimal:
    return difference if abs(difference) >= tolerance else ZERO


def _both(first: Decimal, second: Decimal) -> Decimal:
    """The part of a difference that two sightings agree on."""
    if first * second <= 0:
        return ZERO
    return first if abs(first) < abs(second) else second
