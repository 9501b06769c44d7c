"""The quoter's wire: order of requests, the first refusal ends the turn, when to look again."""

from __future__ import annotations

from decimal import Decimal

from bot.clock import NS, VirtualLoop
from bot.model.errors import Refusal
from bot.model.order import Amend, ClientIds, OrderIntent, OrderState, Side
from bot.quoting.diff import Actions, Place
from bot.quoting.live import LiveQuotes, Pending
from bot.tasks.quote_wire import QuoteWire
from task_rig import instrument

SPOT = instrument("binance.spot")


class Gate:
    """A guard that lets the first `room` orders through and notes everything."""

    instrument = SPOT

    def __init__(self, room: int) -> None:
        self.room, self.heard = room, list[object]()

    def _admit(self, request: object) -> Refusal | None:
        if self.room <= 0:
            return Refusal("budget")
        self.room -= 1
        self.heard.append(request)
        return None

    def place(self, intent: OrderIntent) -> Refusal | None:
        return self._admit(intent.price_ticks)

    def amend(self, amend: Amend) -> Refusal | None:
        return self._admit(amend)

    def cancel(self, client_id: str) -> None:
        self.heard.append(client_id)


def bench(room: int) -> tuple[QuoteWire, Gate, LiveQuotes, VirtualLoop]:
    loop, gate, live = VirtualLoop(), Gate(room), LiveQuotes(SPOT)
    loop.close()
    live.adopt("old", Side.BUY, 9_900, 1_000, 0)
    live.adopt("moved", Side.BUY, 9_950, 1_000, 0)
    ids = ClientIds("tkn", 1, 0, lambda _: None)
    return QuoteWire(gate, live, loop, ids), gate, live, loop  # type: ignore[arg-type]


AMEND = Amend("moved", SPOT.id, 9_960, 1_000)
ACTIONS = Actions(("old",), (AMEND,), (Place(Side.SELL, 10_010, 500), Place(Side.SELL, 10_020, 500)), 0)


def test_cancels_then_amends_then_places_and_all_is_noted() -> None:
    wire, gate, live, _ = bench(room=10)
    wire.send(ACTIONS, 1)
    assert gate.heard == ["old", AMEND, 10_010, 10_020]
    pending = {order.client_id: order.pending for order in live.orders()}
    assert (pending["old"], pending["moved"]) == (Pending.CANCEL, Pending.AMEND)
    assert [o.ticks for o in live.asks] == [10_010, 10_020]
    assert wire.retry_at is None


def test_the_first_refusal_ends_the_turn_and_sets_a_time() -> None:
    wire, gate, live, loop = bench(room=2)
    wire.send(ACTIONS, 1)
    assert gate.heard == ["old", AMEND, 10_010]
    assert len(live.asks) == 1
    assert not wire.due()
    loop.virtual_ns += NS // 4
    assert wire.due()
    assert not wire.due()  # once


def test_a_young_order_is_looked_at_again_when_it_may_move() -> None:
    wire, _, _, loop = bench(room=0)
    wire.send(Actions(retry_ns=3 * NS), NS)
    loop.virtual_ns += 2 * NS - 1
    assert not wire.due()
    loop.virtual_ns += 1
    assert wire.due()


def test_pull_leaves_alone_what_waits_for_an_answer() -> None:
    wire, gate, live, _ = bench(room=0)
    live.amending(AMEND, 5)
    wire.pull()
    assert gate.heard == ["old"]
    order = live.get("old")
    assert order is not None
    assert (order.state, order.pending) == (OrderState.OPEN, Pending.CANCEL)
    assert SPOT.lot == Decimal("0.1")
