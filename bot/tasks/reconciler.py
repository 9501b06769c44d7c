"""One path to the truth: start, reconnect, timer and unknown orders all take the same snapshot.

Rule 1: a venue counts as up only after its snapshot reached the aggregator.
Rule 2: at start every order of an older epoch is cancelled before anything new is sent.
Rule 3: a failed query is None in the snapshot (unknown); it never reads as flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from bot.channels import Inbox
from bot.clock import NS, Clock
from bot.model.facts import Alarmed, OpenOrder, VenueSnapshot, VenueUp
from bot.model.instrument import InstrumentId
from bot.venues.base import Venue

log = structlog.get_logger("reconcile")

_OVERLAP_NS = 60 * NS
_MARGIN_S = 0.1
_HEARTBEAT_S = 1.0  # a run that trades writes a fact at least this often


class Reconciled(Protocol):
    """A task with orders on a venue that wants to hear what is really open there."""

    def reconciled(self, snapshot: VenueSnapshot, receive_window_s: float) -> None:
        """Settle what the snapshot proves."""
        ...

    def owns(self, client_id: str) -> bool:
        """Whether an open order is one of this run's."""
        ...


class Reconciler:
    """Takes snapshots of every venue and hands them on."""

    def __init__(
        self,
        venues: Mapping[InstrumentId, Venue],
        owners: Mapping[InstrumentId, tuple[Reconciled, ...]],
        inbox: Inbox,
        clock: Clock,
        prefix: str,
    ) -> None:
        self._venues, self._owners, self._inbox, self._clock, self._prefix = (
            venues,
            owners,
            inbox,
            clock,
            prefix,
        )
        self._since: dict[InstrumentId, int] = {}
        self._wanted: set[InstrumentId] = set()
        self._suspects: dict[InstrumentId, set[str | None]] = {}
        self._due: dict[InstrumentId, float] = {}
        self._wake = asyncio.Event()
        self.receive_window_s = 5.0

    async def take_over(self, since_ns: int) -> int:
        """At start: cancel what an earlier run left, then reconcile; returns how many were cancelled.

        `since_ns` is when the earlier run was last heard of (0 = there was none). What it sent until then may
        still arrive for one receive window: only after that is "nothing rests" the last word.
        """
        cancelled = 0
        if since_ns:
            last_send_s = since_ns / NS + _HEARTBEAT_S
            fence_s = last_send_s + self.receive_window_s - self._clock.now_ns() / NS
            await asyncio.sleep(max(0.0, min(fence_s, _HEARTBEAT_S + self.receive_window_s)))
        for key, venue in self._venues.items():
            cancelled += await venue.cancel_all(self._prefix)
            self._since[key] = max(0, since_ns - _OVERLAP_NS)
            await self._reconcile(key, up=True)
        return cancelled

    def request(self, key: InstrumentId) -> None:
        """Reconcile this venue now: its streams came back."""
        self._wanted.add(key)
        self._wake.set()

    def doubt(self, key: InstrumentId) -> None:
        """An order is in doubt: ask the venue as soon as the order cannot arrive there any more."""
        at = self._clock.monotonic() + self.receive_window_s + _MARGIN_S
        if at < self._due.get(key, math.inf):
            self._due[key] = at
            self._wake.set()

    async def run(self, every_s: float) -> None:
        """Reconcile on request, and every venue once per interval whatever is asked for meanwhile."""
        for key in self._venues:
            self._due.setdefault(key, self._clock.monotonic() + every_s)
        while True:
            self._wake.clear()
            for key in self._venues:
                up, now = key in self._wanted, self._clock.monotonic()
                if up or self._due[key] <= now:
                    self._wanted.discard(key)
                    self._due[key] = now + every_s
                    await self._reconcile(key, up)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(self._due.values()) - self._clock.monotonic())):
                    await self._wake.wait()

    async def _reconcile(self, key: InstrumentId, up: bool) -> None:
        since, asked_at = self._since.get(key, 0), self._clock.monotonic()
        snapshot = await self._venues[key].snapshot(since)
        owners = self._owners.get(key, ())
        strangers = self._strangers(key, snapshot.open_orders)
        # Orders that a live task of this run looks after are not news to the aggregator.
        self._inbox.put(replace(snapshot, open_orders=strangers))
        # The answer tells how things stood when it was asked for, at the earliest.
        window_s = self.receive_window_s + self._clock.monotonic() - asked_at
        for owner in owners:
            owner.reconciled(snapshot, window_s)
        if snapshot.trades is not None:
            self._since[key] = max(since, snapshot.seen_ns - _OVERLAP_NS)
        for order in strangers or ():
            if order.client_id and self._ours(order):
                self._venues[key].cancel(order.client_id)
                log.warning("orphan_cancelled", instrument=key, client_id=order.client_id)
            else:
                text = f"{key}: order {order.venue_order_id} is not ours; look at the account"
                self._inbox.put(Alarmed(self._clock.now_ns(), "foreign_order", text))
        if up and snapshot.trades is not None and snapshot.position is not None:
            self._inbox.put(VenueUp(self._clock.now_ns(), key))

    def _ours(self, order: OpenOrder) -> bool:
        return bool(order.client_id) and str(order.client_id).startswith(f"{self._prefix}-")

    def _strangers(
        self, key: InstrumentId, found: tuple[OpenOrder, ...] | None
    ) -> tuple[OpenOrder, ...] | None:
        """Open orders that no live task looks after.

        One of ours counts only when a second look finds it again: an order that ended while the query was on
        its way looks like an orphan once.
        """
        if found is None:
            return None
        owners = self._owners.get(key, ())
        unowned = [o for o in found if not any(owner.owns(o.client_id or "") for owner in owners)]
        suspects, before = {o.client_id for o in unowned if self._ours(o)}, self._suspects.get(key, set())
        self._suspects[key] = suspects
        if suspects - before:
            self.doubt(key)
        return tuple(o for o in unowned if o.client_id not in suspects - before)
