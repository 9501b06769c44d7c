"""How LP readings reach the aggregator, and what the end of a watch means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.channels import Inbox, InboxFull, Latest
from bot.model.errors import ConfigError
from bot.model.facts import Alarmed, PoolObserved
from bot.model.view import View
from bot.tasks.lp_monitor import UNDONE_S, LpMonitor, Reading, Watch
from bot.tasks.supervise import restarting
from paper_tools import run
from sample_views import NS, TIME_NS, busy, unborn

READING = PoolObserved(TIME_NS, TIME_NS, 7, "0x7", 1.0, ())


class StoppedClock:
    """Half a second after the busy view."""

    def now_ns(self) -> int:
        return TIME_NS + NS // 2

    def monotonic(self) -> float:
        return 0.0


def monitor(view: View | None = None) -> tuple[LpMonitor, Inbox]:
    inbox = Inbox()
    return LpMonitor(inbox, Latest(view or busy()), StoppedClock()), inbox


Sink = Callable[[Reading], None]
Mark = Callable[[], float | None]


def watch(*told: Reading, then: Exception | None = None) -> Watch:
    """A watcher that tells what it is given, then fails or ends."""

    async def run(sink: Sink, mark: Mark) -> None:
        for one in told:
            sink(one)
        if then is not None:
            raise then

    return run


def test_a_reading_goes_into_the_inbox() -> None:
    told, inbox = monitor()
    told.observe(READING)
    assert inbox.drain() == [READING]


def block(number: int, fork: str = "") -> PoolObserved:
    return replace(READING, block=number, block_hash=f"0x{number}{fork}")


def test_a_branch_is_believed_once_it_is_higher_than_what_it_replaces() -> None:
    async def story() -> None:
        told, inbox = monitor()
        for one in (block(7), block(8), block(8)):  # a log, then the reading of the same block
            told.observe(one)
        assert inbox.drain() == [block(7), block(8), block(8)]
        for undoing in (block(6), block(7, "b"), block(8, "b")):
            told.observe(undoing)
        assert inbox.drain() == []
        told.observe(block(9, "b"))
        assert inbox.drain() == [block(9, "b")]
        await asyncio.sleep(2 * UNDONE_S)
        assert inbox.drain() == []

    run(story())


def test_a_branch_that_stays_lower_is_believed_after_a_moment() -> None:
    async def story() -> None:
        told, inbox = monitor()
        told.observe(block(8))
        told.observe(block(6))
        await asyncio.sleep(0.5 * UNDONE_S)
        told.observe(block(7, "b"))
        told.observe(Alarmed(1, "lp_reorg", "x"))
        assert inbox.drain() == [block(8), Alarmed(1, "lp_reorg", "x")]
        await asyncio.sleep(0.6 * UNDONE_S)
        assert inbox.drain() == [block(7, "b")]
        told.observe(block(8, "b"))
        assert inbox.drain() == [block(8, "b")]

    run(story())


def test_a_chain_that_never_was_as_configured_is_refused() -> None:
    told, _ = monitor()
    refused = watch(Alarmed(1, "lp_line_down", "x"), then=ConfigError(["chain: no contract"]))
    with pytest.raises(ConfigError, match="no contract"):
        asyncio.run(told.follow(refused))


def test_a_refused_chain_is_not_tried_again() -> None:
    told, inbox = monitor()
    refused = watch(then=ConfigError(["chain: no contract"]))
    with pytest.raises(ConfigError, match="no contract"):
        asyncio.run(restarting("lp_monitor", lambda: told.follow(refused), told.failed))
    assert inbox.drain() == []


def test_a_chain_that_changed_is_asked_again() -> None:
    told, _ = monitor()
    with pytest.raises(ConnectionError, match="not as configured any more: chain: position 7"):
        asyncio.run(told.follow(watch(READING, then=ConfigError(["chain: position 7"]))))


def test_an_end_is_an_error_for_a_chain_does_not_end() -> None:
    told, inbox = monitor()
    with pytest.raises(ConnectionError, match="ended"):
        asyncio.run(told.follow(watch(READING)))
    assert inbox.drain() == [READING]


def test_what_broke_inside_comes_out_bare_and_a_broken_invariant_first() -> None:
    told, _ = monitor()
    inner = ExceptionGroup("lines", [KeyError("a"), ExceptionGroup("deep", [InboxFull("full")])])
    with pytest.raises(InboxFull):
        asyncio.run(told.follow(watch(then=inner)))
    with pytest.raises(KeyError):
        asyncio.run(told.follow(watch(then=ExceptionGroup("lines", [KeyError("a")]))))


def test_a_failure_is_told_as_an_alarm() -> None:
    told, inbox = monitor()
    told.failed("KeyError: x")
    (fact,) = inbox.drain()
    assert isinstance(fact, Alarmed)
    assert (fact.code, fact.message, fact.severity) == ("lp_monitor", "KeyError: x", "critical")


def test_the_perps_mark_is_their_median_while_it_is_fresh() -> None:
    view = busy()
    mids = {"binance.perp": 1.0, "bybit.perp": 1.02, "bitget.perp": 1.5, "binance.spot": 9.0}
    fresh = replace(view, marks=replace(view.marks, mids=mids))
    assert monitor(fresh)[0].perp_mark() == 1.02
    late = replace(fresh, marks=replace(fresh.marks, time_ns=TIME_NS - 2 * NS))
    assert monitor(late)[0].perp_mark() is None
    assert monitor(unborn())[0].perp_mark() is None
