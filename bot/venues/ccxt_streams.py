"""The streams of one market: kept open, read by hook, believed only while they are whole.

Rule 1: the library's watch calls only keep subscriptions alive; frames are read in the hook, in the turn in
which they came.
Rule 2: after any error of a watch there is a pause: the library raises some errors again without yielding.
Rule 3: up = book whole, tape open, own orders flowing, clock trusted, nothing refused us. Anything less is
down, with the reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bot.clock import Clock
from bot.venues.ccxt_book import BookCopy
from bot.venues.ccxt_client import HANDLER_ERRORS, drop_sockets
from bot.venues.ccxt_dialect import Dialect
from bot.venues.translate import Report

PAUSE_S, PAUSE_S_MAX = 0.05, 5.0
BOOK, TAPE, PRIVATE = "book", "tape", "own orders"


class StreamSink(Protocol):
    """Who hears what the streams say."""

    def on_report(self, report: Report) -> None:
        """An order, a trade, a print."""
        ...

    def on_book_moved(self) -> None:
        """The order book was copied."""
        ...

    def on_streams(self, reason: str) -> None:
        """ "" = everything flows; else what does not."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """What the streams work on."""

    dialect: Dialect
    clock: Clock
    copy: BookCopy
    sink: StreamSink


class Streams:
    """Sockets of one market; a `Listener` of its client."""

    def __init__(self, feed: Feed, quiet_s: float = 2.0) -> None:
        self.feed, self.quiet_s = feed, quiet_s
        self.exchange: Any = None
        self.counts: Counter[str] = Counter()
        self.ready = {BOOK: False, TAPE: False, PRIVATE: False}
        self.troubles: dict[str, str] = {}
        self._why: dict[str, str] = {}
        self._said: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, exchange: Any) -> None:
        """Start watching; markets must be loaded."""
        self.exchange = exchange
        dialect = self.feed.dialect
        watches: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
            (BOOK, self._watch_book),
            (TAPE, partial(exchange.watch_trades, dialect.symbol)),
        ]
        private = [getattr(exchange, name) for name in dialect.private_watches]
        watches += [(PRIVATE, partial(watch, dialect.symbol)) for watch in private]
        self._tasks = [asyncio.create_task(self._pump(name, watch)) for name, watch in watches]
        self._tasks.append(asyncio.create_task(self._watch_age()))

    async def stop(self) -> None:
        """No more watching."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.exchange = None

    async def _watch_book(self) -> None:
        dialect = self.feed.dialect
        self._copy(await self.exchange.watch_order_book(dialect.symbol, dialect.book_depth))

    async def _pump(self, name: str, watch: Callable[[], Awaitable[Any]]) -> None:
        """Watch for ever; every failure takes the stream down and makes a pause."""
        pause_s = PAUSE_S
        while True:
            try:
                await watch()
                pause_s = PAUSE_S
                continue
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                reason = "the socket was closed"
            except HANDLER_ERRORS as error:
                reason = type(error).__name__
            self.counts[f"{name}: {reason}"] += 1
            self._down(name, reason)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def _watch_age(self) -> None:
        """Twice per `quiet_s`: a book that says nothing is compared with a query."""
        while True:
            await asyncio.sleep(self.quiet_s / 2)
            feed = self.feed
            if not self.ready[BOOK] or feed.clock.now_ns() - feed.copy.book.seen_ns < self.quiet_s * 1e9:
                continue
            before = feed.copy.book.seen_ns
            try:
                asked = await self.exchange.fetch_order_book(feed.dialect.symbol, 5)
            except HANDLER_ERRORS as error:
                self._down(BOOK, f"quiet, and a query failed: {type(error).__name__}")
                continue
            if feed.copy.book.seen_ns != before:
                continue
            if feed.copy.agrees(asked):
                feed.copy.book.seen_ns = feed.clock.now_ns()
                feed.sink.on_book_moved()
            else:
                self.counts["book: stale"] += 1
                self._down(BOOK, "stale: a query shows other prices")
                self.reopen_public("stale book")

    def reopen_public(self, reason: str) -> None:
        """Break the public sockets so that they are subscribed anew."""
        if self.exchange is None:
            return
        for url in list(self.exchange.clients or {}):
            if not self.feed.dialect.is_private(url):
                drop_sockets(self.exchange, reason, url)

    def reopen_private(self, reason: str) -> None:
        """Break the private sockets so that they are logged in anew."""
        self.feed.dialect.forget_login(self.exchange)
        for url in list(self.exchange.clients or {}):
            if self.feed.dialect.is_private(url):
                drop_sockets(self.exchange, reason, url)
        self._down(PRIVATE, reason)

    def _copy(self, library_book: Any, *, fresh: bool = False) -> None:
        try:
            moved = self.feed.copy.take(library_book, self.feed.clock.now_ns(), fresh=fresh)
        except ValueError as error:
            self.counts["book: refused"] += 1
            self._down(BOOK, str(error))
            return
        if moved:
            self.ready[BOOK] = True
            self.feed.sink.on_book_moved()
            if self._said != "":
                self.say()

    def on_frame(self, url: str, message: Any) -> None:
        """Before the library: own orders and trades, prints, logins."""
        dialect, sink = self.feed.dialect, self.feed.sink
        for report in dialect.reports(url, message):
            sink.on_report(report)
        if dialect.is_private(url):
            if dialect.confirms(url, message):
                self._up(PRIVATE)
            elif dialect.expired(message):
                self.reopen_private("the login expired")

    def on_handled(self, url: str, message: Any) -> None:
        """After the library: its book has moved."""
        try:
            book_moved = self.feed.dialect.is_book(url, message)
        except ValueError as error:
            self.counts["book: gap"] += 1
            self._down(BOOK, str(error))
            self.reopen_public("gap in the book")
            return
        if book_moved:
            books = self.exchange.orderbooks if self.exchange is not None else {}
            book = books.get(self.feed.dialect.symbol)
            # A book that still waits for its snapshot has changes and no number.
            if book is not None and self._subscribed(book):
                self._copy(book, fresh=True)

    def _subscribed(self, book: Any) -> bool:
        return book.get("nonce") is not None or self.feed.dialect.exchange != "binance"

    def on_connected(self, url: str) -> None:
        """A socket is open."""
        if not self.feed.dialect.is_private(url):
            self._up(TAPE)
        elif self.feed.dialect.confirms(url, None):
            self._up(PRIVATE)

    def on_lost(self, url: str, reason: str) -> None:
        """A socket is gone: what it carried is no longer known."""
        if self.feed.dialect.is_private(url):
            self._down(PRIVATE, reason)
            return
        self.feed.copy.forget()
        self.feed.dialect.forget_book()
        self._down(BOOK, reason)
        self._down(TAPE, reason)
        # Book and tape may have a socket each: a fresh start of both is the only state that is surely whole.
        asyncio.get_running_loop().call_soon(self.reopen_public, reason)

    def on_handler_error(self, url: str, error: BaseException) -> None:
        """A frame that could not be read: of our own orders, it may have been a fill."""
        self.counts[f"handler: {type(error).__name__}"] += 1
        if self.feed.dialect.is_private(url) and self.exchange is not None:
            self.reopen_private(f"an unreadable frame ({type(error).__name__})")

    def trouble(self, name: str, reason: str) -> None:
        """Something beside the streams stands in the way; "" = not any more."""
        if reason:
            self.troubles[name] = reason
        else:
            self.troubles.pop(name, None)
        self.say()

    def _up(self, name: str) -> None:
        self.ready[name] = True
        self.say()

    def _down(self, name: str, reason: str) -> None:
        self.ready[name] = False
        self._why[name] = reason
        self.say()

    @property
    def reason(self) -> str:
        """What does not flow, in words; "" = everything does."""
        parts = [
            f"{name}: {self._why.get(name, 'not yet')}" for name, ready in self.ready.items() if not ready
        ]
        return "; ".join([*parts, *self.troubles.values()])

    def say(self) -> None:
        """Tell a change of health once."""
        reason = self.reason
        if reason != self._said:
            self._said = reason
            self.feed.sink.on_streams(reason)
