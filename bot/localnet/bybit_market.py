"""Bybit public data of one category: REST answers and the order book, trade and ticker streams.

Rule 1: a subscriber gets a snapshot first; changes are numbered one by one from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.localnet.bybit_text import Row, category, side_word
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, price_text, size_text, text
from bot.localnet.feed import BookFeed, Level
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Conflator, Topics
from bot.localnet.web import Refused, Sender
from bot.model.market import PublicTrade

DEPTHS = (1, 50, 200, 500, 1000)


@dataclass(slots=True)
class Depth:
    """One depth's feed; `number` counts messages."""

    feed: BookFeed
    number: int


class BybitQuotes:
    """Public REST answers of one category."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk, self.category = engine, desk, category(desk)
        self.topics = Topics(self.category)
        first = desk.now_ms
        self._depths = {depth: Depth(BookFeed(desk.book, depth), first) for depth in DEPTHS}

    def levels(self, levels: list[Level]) -> list[list[str]]:
        """Levels as pairs of strings; size 0 = gone."""
        instrument = self.desk.instrument
        return [
            [price_text(instrument, ticks), size_text(instrument, lots) if lots else "0"]
            for ticks, lots in levels
        ]

    def book(self, depth: int, limit: int | None = None) -> Row:
        """The picture of one depth, as published."""
        one = self._depths[depth]
        self.publish_depth(depth)
        snapshot = one.feed.snapshot(limit)
        return {
            "s": self.engine.symbol,
            "b": self.levels(snapshot.bids),
            "a": self.levels(snapshot.asks),
            "u": one.number,
            "seq": self.engine.sequence(),
        }

    def publish_depth(self, depth: int) -> None:
        """Send what changed at one depth; depth 1 sends itself whole."""
        one = self._depths[depth]
        change = one.feed.changes()
        if change is None:
            return
        one.number += 1
        topic = f"orderbook.{depth}.{self.engine.symbol}"
        if topic not in self.topics:
            return
        bids, asks, kind = change.bids, change.asks, "delta"
        if depth == 1:
            snapshot = one.feed.snapshot()
            bids, asks, kind = snapshot.bids, snapshot.asks, "snapshot"
        data = {"s": self.engine.symbol, "b": self.levels(bids), "a": self.levels(asks), "u": one.number,
                "seq": self.engine.sequence()}  # fmt: skip
        self.topics.send(topic, self.message(topic, data, kind))

    def message(self, topic: str, data: object, kind: str) -> Row:
        """A stream message."""
        now = self.desk.now_ms
        return {"topic": topic, "type": kind, "ts": now, "data": data, "cts": now}

    def orderbook(self, params: dict[str, str]) -> Row:
        """GET market/orderbook."""
        self.check(params)
        now = self.desk.now_ms
        return self.book(1000, int(params.get("limit", "25"))) | {"ts": now, "cts": now}

    def check(self, params: dict[str, str]) -> None:
        """The symbol must be the one traded here."""
        if params.get("symbol", self.engine.symbol) != self.engine.symbol:
            raise Refused(10001, "params error: symbol invalid")

    def recent_trades(self, params: dict[str, str]) -> Row:
        """GET market/recent-trade, newest first."""
        self.check(params)
        tape = list(self.desk.tape)[-int(params.get("limit", "60")) :]
        rows = []
        for number, trade in reversed(tape):
            row = self._print(number, trade)
            rows.append({"execId": row["i"], "symbol": row["s"], "price": row["p"], "size": row["v"],
                         "side": row["S"], "time": str(row["T"]), "isBlockTrade": False, "isRPITrade": False,
                         "seq": str(number)})  # fmt: skip
        return {"category": self.category, "list": rows}

    def _print(self, number: int, trade: PublicTrade) -> Row:
        instrument = self.desk.instrument
        return {
            "T": trade.seen_ns // 1_000_000,
            "s": self.engine.symbol,
            "S": side_word(trade.side),
            "v": size_text(instrument, trade.quantity_lots),
            "p": price_text(instrument, trade.price_ticks),
            "L": "ZeroPlusTick",
            "i": str(number),
            "BT": False,
            "RPI": False,
            "seq": number,
        }

    def ticker(self) -> Row:
        """The ticker; only a perpetual has marks and funding."""
        instrument, book, tape = self.desk.instrument, self.desk.book, self.desk.tape
        ticks = [trade.price_ticks for _, trade in tape] or [(book.best_bid + book.best_ask) // 2]
        lots = sum(trade.quantity_lots for _, trade in tape)
        cost = sum(trade.quantity_lots * trade.price_ticks for _, trade in tape)
        row: Row = {
            "symbol": self.engine.symbol,
            "bid1Price": price_text(instrument, book.best_bid),
            "bid1Size": size_text(instrument, book.bids.get(book.best_bid, 0)),
            "ask1Price": price_text(instrument, book.best_ask),
            "ask1Size": size_text(instrument, book.asks.get(book.best_ask, 0)),
            "lastPrice": price_text(instrument, ticks[-1]),
            "prevPrice24h": price_text(instrument, ticks[0]),
            "price24hPcnt": f"{ticks[-1] / ticks[0] - 1:.6f}" if ticks[0] else "0",
            "highPrice24h": price_text(instrument, max(ticks)),
            "lowPrice24h": price_text(instrument, min(ticks)),
            "turnover24h": text(instrument.tick * instrument.lot * cost),
            "volume24h": size_text(instrument, lots),
        }
        if self.desk.spot:
            return row
        rate, hours, next_ms = self.engine.funding()
        return row | {
            "indexPrice": text(self.engine.index()),
            "markPrice": text(self.engine.mark(self.desk)),
            "prevPrice1h": price_text(instrument, ticks[0]),
            "openInterest": "0",
            "openInterestValue": "0",
            "fundingRate": text(rate, 8),
            "nextFundingTime": str(next_ms),
            "fundingIntervalHour": str(hours),
            "fundingCap": "0.02",
            "predictedDeliveryPrice": "",
            "basisRate": "",
            "deliveryFeeRate": "",
            "deliveryTime": "0",
            "basis": "",
        }

    def funding_history(self, params: dict[str, str]) -> Row:
        """GET market/funding/history: the settlements this account has met, newest first."""
        self.check(params)
        rows = [
            {
                "symbol": self.engine.symbol,
                "fundingRate": f"{row.rate:.8f}",
                "fundingRateTimestamp": str(row.ms),
            }
            for row in reversed(self.desk.funding)
        ]
        return {"category": self.category, "list": rows}


class BybitMarket(BybitQuotes):
    """Public streams of one category; a `Listener`."""

    def __init__(self, engine: Engine, desk: Desk, interval_s: float) -> None:
        super().__init__(engine, desk)
        self._conflator = Conflator(interval_s, self.publish)
        desk.listeners.append(self)

    def stop(self) -> None:
        """No more timers."""
        self._conflator.stop()

    def knows(self, topic: str) -> bool:
        """Whether there is such a stream."""
        name, _, rest = topic.partition(".")
        if name == "orderbook":
            depth, _, symbol = rest.partition(".")
            return depth.isdigit() and int(depth) in DEPTHS and symbol == self.engine.symbol
        return name in ("publicTrade", "tickers") and rest == self.engine.symbol

    def greet(self, topic: str, send: Sender) -> None:
        """The snapshot a new subscriber starts from."""
        name, _, rest = topic.partition(".")
        channel = f"{self.category} {topic}"
        if name == "orderbook":
            data = self.book(int(rest.partition(".")[0]))
            send(self.message(topic, data, "snapshot"), channel)
        elif name == "tickers":
            send(self.message(topic, self.ticker(), "snapshot"), channel)

    def on_book(self, desk: DeskReports) -> None:
        """At the stream's pace."""
        self._conflator.touch()

    def publish(self) -> None:
        """Send what changed, to every depth somebody listens to."""
        symbol = self.engine.symbol
        for depth in DEPTHS:
            if f"orderbook.{depth}.{symbol}" in self.topics:
                self.publish_depth(depth)

    def tick(self) -> None:
        """Once a second: tickers, and the best prices again."""
        symbol = self.engine.symbol
        topic = f"tickers.{symbol}"
        if topic in self.topics:
            kind = "snapshot" if self.desk.spot else "delta"
            self.topics.send(topic, self.message(topic, self.ticker(), kind))
        best = f"orderbook.1.{symbol}"
        if best in self.topics:
            self.topics.send(best, self.message(best, self.book(1), "snapshot"))

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """The tape."""
        topic = f"publicTrade.{self.engine.symbol}"
        if topic in self.topics:
            row = self._print(desk.tape[-1][0], trade)
            self.topics.send(topic, self.message(topic, [row], "snapshot"))

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """Private."""

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """Private."""
