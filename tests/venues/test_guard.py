"""The gate: what may pass at which level, hard caps, budgets."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.channels import Latest
from bot.clock import VirtualLoop
from bot.model.errors import Refusal
from bot.model.instrument import Instrument, Kind
from bot.model.market import OrderBook
from bot.model.order import Amend, OrderIntent, Purpose, Side, TimeInForce
from bot.model.view import Level, Marks, View
from bot.venues.guard import NOTIONAL_USDT_CAP, Guard
from bot.venues.throttle import Budget
from sample_views import busy

SPOT = Instrument(
    "binance", Kind.SPOT, "TKN/USDT", Decimal("0.0001"), Decimal("0.1"), Decimal(5), Decimal(0), Decimal(0)
)


class Recorder:
    """A venue that only notes what reaches it, and a log of intents."""

    instrument = SPOT
    book = OrderBook(SPOT.id)

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.noted: list[OrderIntent] = []

    def place(self, intent: OrderIntent) -> None:
        assert intent in self.noted, "an intent is written down before it is sent"
        self.sent.append(intent)

    def amend(self, amend: Amend) -> None:
        self.sent.append(amend)

    def cancel(self, client_id: str) -> None:
        self.sent.append(client_id)

    def intent(self, intent: OrderIntent) -> None:
        self.noted.append(intent)


def view(level: Level = Level.NORMAL, net: float = 0.0, fair: float | None = 1.0, **changes: object) -> View:
    base = busy()
    return replace(
        base,
        level=level,
        ready=True,
        paused=False,
        marks=Marks(fair=fair),
        exposure=replace(base.exposure, net=net),
        **changes,  # type: ignore[arg-type]
    )


def gate(now: View, rate: float = 100.0) -> tuple[Guard, Recorder]:
    recorder, loop = Recorder(), VirtualLoop()
    loop.close()
    return Guard(recorder, Latest(now), Budget(rate, loop), recorder), recorder  # type: ignore[arg-type]


def order(purpose: Purpose, side: Side = Side.BUY, ticks: int = 9_990, lots: int = 1_000) -> OrderIntent:
    return OrderIntent("tkn-0001q00000001", SPOT.id, side, ticks, lots, purpose, TimeInForce.POST_ONLY)


@pytest.mark.parametrize(
    ("level", "purpose", "passes"),
    [
        (Level.NORMAL, Purpose.QUOTE, True),
        (Level.CAUTIOUS, Purpose.QUOTE, True),
        (Level.PULLED, Purpose.QUOTE, False),
        (Level.PULLED, Purpose.SELL, False),
        (Level.PULLED, Purpose.HEDGE, True),
        (Level.HALTED, Purpose.HEDGE, False),
        (Level.HALTED, Purpose.QUOTE, False),
        (Level.NORMAL, Purpose.FLATTEN, False),
        (Level.FLATTEN, Purpose.FLATTEN, True),
    ],
)
def test_the_level_decides_what_may_pass(level: Level, purpose: Purpose, passes: bool) -> None:
    guard, recorder = gate(view(level))
    refusal = guard.place(order(purpose))
    assert (refusal is None) is passes
    assert bool(recorder.sent) is passes
    if refusal is not None:
        assert refusal.reason == "level"
        assert guard.refusals == {"level": 1}


@pytest.mark.parametrize(("net", "side", "passes"), [(500, Side.SELL, True), (500, Side.BUY, False)])
def test_in_reducing_a_hedge_may_only_shrink_delta(net: float, side: Side, passes: bool) -> None:
    guard, _ = gate(view(Level.REDUCING, net=net))
    assert (guard.place(order(Purpose.HEDGE, side)) is None) is passes


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        (order(Purpose.QUOTE, ticks=9_400), "collar"),
        (order(Purpose.HEDGE, ticks=8_900), "collar"),
        (order(Purpose.QUOTE, lots=0), "size"),
        (order(Purpose.QUOTE, ticks=0), "size"),
        (order(Purpose.QUOTE, lots=int(NOTIONAL_USDT_CAP * 11)), "notional"),
    ],
)
def test_caps_in_code_stand_above_any_limit(intent: OrderIntent, reason: str) -> None:
    guard, recorder = gate(view())
    refusal = guard.place(intent)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert recorder.sent == []
    assert recorder.noted == []


def test_without_a_fair_value_nothing_is_sent() -> None:
    guard, _ = gate(view(fair=None))
    refusal = guard.place(order(Purpose.HEDGE))
    assert refusal is not None
    assert refusal.reason == "no_fair"


def test_quotes_stop_at_their_share_and_cancels_always_pass() -> None:
    guard, recorder = gate(view(), rate=1.0)  # ten requests in ten seconds, seven of them for quotes
    results = [guard.place(replace(order(Purpose.QUOTE), client_id=f"tkn-0001q0000000{n}")) for n in range(9)]
    assert [r is None for r in results] == [True] * 7 + [False] * 2
    assert guard.place(order(Purpose.HEDGE)) is None
    for _ in range(5):
        guard.cancel("tkn-0001q00000001")
    assert recorder.sent.count("tkn-0001q00000001") == 5


def test_an_amend_is_checked_like_a_quote() -> None:
    guard, recorder = gate(view())
    good = Amend("tkn-0001q00000001", SPOT.id, 9_990, 500)
    assert guard.amend(good) is None
    assert recorder.sent == [good]
    wide = guard.amend(replace(good, price_ticks=9_000))
    assert wide is not None
    assert wide.reason == "collar"
    halted, _ = gate(view(Level.HALTED))
    refusal = halted.amend(good)
    assert refusal is not None
    assert refusal.reason == "level"
