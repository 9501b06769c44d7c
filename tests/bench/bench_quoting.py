"""Micro benchmark of the quoting path; run as a script: `python tests/bench/bench_quoting.py [--json]`.

Prints the best of several rounds in CPU microseconds, so that other load on the machine does not count.
"""

from __future__ import annotations

import json
import sys
import time
import timeit
from collections.abc import Callable
from decimal import Decimal

from bot.deal.obligations import ObligationMeter, predicate
from bot.model.facts import OrderUpdated, QuotesObserved
from bot.model.instrument import Instrument, Kind
from bot.model.limits import Limits, ObligationLimits, QuoteLimits
from bot.model.market import TopOfBook
from bot.model.order import OrderIntent, OrderState, Purpose
from bot.quoting.diff import AmendRights, LiveQuotes, diff
from bot.quoting.ladder import LadderInputs, build
from bot.quoting.levels import LadderPlan

TARGETS_US = {"build": 8.0, "diff_unchanged": 8.0, "needs_refresh": 0.5, "predicate": 5.0}


def measure(call: Callable[[], object], number: int = 1000, rounds: int = 30) -> float:
    """CPU microseconds per call, best round."""
    return min(timeit.repeat(call, number=number, repeat=rounds, timer=time.process_time)) / number * 1e6


def main() -> None:
    free = Decimal(0)
    spot = Instrument(
        "binance", Kind.SPOT, "TOK/USDT", Decimal("0.0001"), Decimal("0.1"), Decimal(5), free, free
    )
    owed = ObligationLimits(bid_usdt=100_000, ask_usdt=100_000)
    plan = LadderPlan.compile(spot, owed, QuoteLimits())
    others = TopOfBook("binance.spot", 9990, 100, 10010, 100, 0)
    inputs = LadderInputs(1.0, 1.0, 0.5, 150_000, 150_000, 1e6, 1e6, 1.0, True, True, others)
    desired = build(plan, inputs)
    quotes = LiveQuotes(spot, AmendRights(price=True))
    for n, place in enumerate(diff(plan, inputs, desired, quotes, 0).places):
        intent = OrderIntent(f"c{n}", "binance.spot", place.side, place.ticks, place.lots, Purpose.QUOTE)
        quotes.sent(intent, 0)
        quotes.on_order(OrderUpdated(0, 0, "binance.spot", f"c{n}", OrderState.OPEN, 0))
    moved = inputs._replace(reference=1.0003, mid=1.0003)
    moved_ladder = build(plan, moved)
    later = 10**10
    meter = ObligationMeter(Limits().obligations)
    observed = QuotesObserved(0, "binance", 1.0, 1e5, 1e5, 9.0, True, True, 20, 0)
    meter.observe(observed)
    diff(plan, inputs, desired, quotes, later)
    results = {
        "build": measure(lambda: build(plan, inputs)),
        "build_short_of_tokens": measure(lambda: build(plan, inputs._replace(tokens=101_000.0))),
        "diff_unchanged": measure(lambda: diff(plan, inputs, desired, quotes, later)),
        "diff_moved_3bp": measure(lambda: diff(plan, moved, moved_ladder, quotes, later), 200),
        "needs_refresh": measure(lambda: quotes.needs_refresh(1.0, 1.0)),
        "predicate": measure(lambda: predicate(quotes, 10_000.0, owed, spot)),
        "meter_observe": measure(lambda: meter.observe(observed)),
    }
    if "--json" in sys.argv:
        print(json.dumps(results))
        return
    for name, spent in results.items():
        target = TARGETS_US.get(name)
        print(f"{name:24s} {spent:8.2f} us" + (f"   (target {target} us)" if target else ""))


if __name__ == "__main__":
    main()
