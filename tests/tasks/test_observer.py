"""The observer: reports when something is news, and before silence would count against us."""

from __future__ import annotations

from bot.channels import Inbox
from bot.clock import NS, VirtualLoop
from bot.model.facts import OrderUpdated, QuotesObserved
from bot.model.order import OrderState, Side
from bot.model.view import View
from bot.quoting.live import LiveQuotes
from bot.tasks.observer import EVERY_S, Observer
from sample_views import busy
from task_rig import instrument

SPOT = instrument("binance.spot")


class Bench:
    """An observer over quotes that meet the obligation of binance."""

    def __init__(self) -> None:
        self.loop, self.inbox = VirtualLoop(), Inbox()
        self.loop.close()
        self.live, self.view = LiveQuotes(SPOT), busy()
        self.live.adopt("bid", Side.BUY, 9_996, 1_100_000, 0)
        self.live.adopt("ask", Side.SELL, 10_004, 1_100_000, 0)
        self.observer = Observer(self.live, SPOT, self.inbox, self.loop)

    def look(self, view: View | None = None, mid: float = 1.0, off: str = "") -> list[QuotesObserved]:
        self.observer.observe(view or self.view, mid, off)
        return [fact for fact in self.inbox.drain() if isinstance(fact, QuotesObserved)]


def test_the_first_look_and_every_flip_are_news() -> None:
    bench = Bench()
    (first,) = bench.look()
    assert (first.bid_met, first.ask_met, first.open_orders) == (True, True, 2)
    assert bench.look() == []
    bench.live.on_order(OrderUpdated(1, 0, SPOT.id, "bid", OrderState.CANCELED, 0))
    (second,) = bench.look()
    assert (second.bid_met, second.ask_met) == (False, False)  # one side alone has no spread
    assert second.cause


def test_without_a_mid_everything_is_unknown() -> None:
    bench = Bench()
    bench.look()
    (fact,) = bench.look(mid=0.0, off="one-sided book")
    assert (fact.mid_usdt, fact.bid_depth_usdt, fact.bid_met) == (None, None, False)
    assert fact.cause == "one-sided book"


def test_an_order_in_doubt_is_news() -> None:
    bench = Bench()
    bench.look()
    bench.live.on_order(OrderUpdated(1, 0, SPOT.id, "ask", OrderState.UNKNOWN, 0))
    (fact,) = bench.look()
    assert fact.unknown_orders == 1
    assert not fact.ask_met


def test_a_report_is_due_before_silence_counts() -> None:
    bench = Bench()
    assert bench.observer.due_s() <= 0
    bench.look()
    assert bench.observer.due_s() == EVERY_S
    bench.loop.virtual_ns += round(EVERY_S * NS)
    assert bench.observer.due_s() <= 0
    bench.observer.observe(bench.view, 1.0, "", force=True)
    assert len(bench.inbox) == 1
