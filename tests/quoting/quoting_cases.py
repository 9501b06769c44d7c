"""Instruments, inputs and a small venue that obeys every request, shared by the quoting tests."""

from __future__ import annotations

from decimal import Decimal

from bot.model.facts import OrderUpdated
from bot.model.instrument import Instrument, Kind
from bot.model.limits import ObligationLimits, QuoteLimits
from bot.model.market import TopOfBook
from bot.model.order import OrderIntent, OrderState, Purpose
from bot.quoting.diff import Actions, AmendRights, LiveQuotes, diff
from bot.quoting.ladder import LadderInputs, build
from bot.quoting.levels import LadderPlan

SECOND_NS = 1_000_000_000


def instrument(tick: str = "0.0001", lot: str = "0.1", notional: str = "5") -> Instrument:
    return Instrument(
        "binance",
        Kind.SPOT,
        "TOK/USDT",
        Decimal(tick),
        Decimal(lot),
        Decimal(notional),
        Decimal(0),
        Decimal(0),
    )


def plan(
    usdt: float = 50_000, quote: QuoteLimits | None = None, tick: str = "0.0001", lot: str = "0.1"
) -> LadderPlan:
    owed = ObligationLimits(bid_usdt=usdt, ask_usdt=usdt)
    return LadderPlan.compile(instrument(tick, lot), owed, quote or QuoteLimits())


def top(bid_ticks: int = 0, ask_ticks: int = 0) -> TopOfBook:
    return TopOfBook("binance.spot", bid_ticks, 1 if bid_ticks else 0, ask_ticks, 1 if ask_ticks else 0, 0)


def inputs(reference: float = 1.0, **changes: object) -> LadderInputs:
    base = LadderInputs(
        reference=reference,
        mid=reference,
        skew_bps=0.0,
        tokens=1e9,
        usdt=1e9,
        room_buy=1e9,
        room_sell=1e9,
        widen=1.0,
        bid_enabled=True,
        ask_enabled=True,
        others=top(),
    )
    return base._replace(**changes)  # type: ignore[arg-type]


class ObedientVenue:
    """Takes every request at once; `acknowledge` decides whether its answers arrive."""

    def __init__(self, rights: AmendRights, quotes: LiveQuotes | None = None) -> None:
        self.quotes = quotes or LiveQuotes(instrument(), rights)
        self.sequence = 0

    def send(self, actions: Actions, now_ns: int, acknowledge: bool = True) -> None:
        for client_id in actions.cancels:
            self.quotes.cancelling(client_id)
            if acknowledge:
                self.answer(client_id, OrderState.CANCELED, now_ns)
        for amend in actions.amends:
            self.quotes.amending(amend, now_ns)
            if acknowledge:
                self.answer(amend.client_id, OrderState.OPEN, now_ns, amend.price_ticks)
        for place in actions.places:
            self.sequence += 1
            intent = OrderIntent(
                f"c{self.sequence}", "binance.spot", place.side, place.ticks, place.lots, Purpose.QUOTE
            )
            self.quotes.sent(intent, now_ns)
            if acknowledge:
                self.answer(intent.client_id, OrderState.OPEN, now_ns)

    def answer(self, client_id: str, state: OrderState, now_ns: int, price_ticks: int = 0) -> None:
        self.quotes.on_order(
            OrderUpdated(now_ns, now_ns, "binance.spot", client_id, state, 0, "", price_ticks)
        )


FULL = AmendRights(price=True, size_down=True)
NONE = AmendRights()
PLAN = plan()
OLD = 10 * SECOND_NS


def settled(rights: AmendRights = FULL, given_inputs: LadderInputs | None = None) -> ObedientVenue:
    venue = ObedientVenue(rights)
    start = given_inputs or inputs()
    venue.send(diff(PLAN, start, build(PLAN, start), venue.quotes, 0), 0)
    return venue


def step(
    venue: ObedientVenue, given_inputs: LadderInputs, now_ns: int = OLD, made: LadderPlan = PLAN
) -> Actions:
    return diff(made, given_inputs, build(made, given_inputs), venue.quotes, now_ns)
