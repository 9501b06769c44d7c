"""Bitget public data of one product: REST answers and the books, trade and ticker channels.

Rule 1: `books` starts with a snapshot; updates carry `seq`, the `pseq` before it, and a checksum.
Rule 2: `books1`, `books5`, `books15` are whole pictures each time.
"""

from __future__ import annotations

import zlib
from typing import Any

from bot.localnet.bitget_text import FUTURES, Row, contract, product, spot_symbol
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, price_text, size_text, text
from bot.localnet.feed import BookFeed, Level, Snapshot
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Conflator, Topics
from bot.localnet.web import Refused, Sender
from bot.model.market import PublicTrade

Params = dict[str, Any]
_DEPTHS = {"books1": 1, "books5": 5, "books15": 15}
_CHECKED = 25


class BitgetQuotes:
    """Public REST answers of one product."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk, self.product = engine, desk, product(desk)
        self.topics = Topics("spot" if desk.spot else "linear")
        self.feed = BookFeed(desk.book, None, desk.now_ms)

    def levels(self, levels: list[Level]) -> list[list[str]]:
        """Levels as pairs of strings; size 0 = gone."""
        instrument = self.desk.instrument
        return [
            [price_text(instrument, ticks), size_text(instrument, lots) if lots else "0"]
            for ticks, lots in levels
        ]

    def check(self, params: Params) -> None:
        """Symbol and product type must be those traded here."""
        if params.get("symbol", self.engine.symbol) != self.engine.symbol:
            raise Refused("40034", f"Parameter {params['symbol']} does not exist")
        if not self.desk.spot and str(params.get("productType", "")).upper() != FUTURES:
            raise Refused("40017", "Parameter verification failed productType")

    def symbols(self, params: Params) -> list[Row]:
        """GET spot/public/symbols, mix/market/contracts (empty for other product types)."""
        if self.desk.spot:
            return [spot_symbol(self.engine)]
        wanted = str(params.get("productType", "")).upper()
        return [contract(self.engine)] if wanted == FUTURES else []

    def orderbook(self, params: Params) -> Row:
        """GET spot/market/orderbook, mix/market/merge-depth."""
        self.check(params)
        limit = str(params.get("limit", ""))
        self.publish()
        snapshot = self.feed.snapshot(int(limit) if limit.isdigit() else 100)
        row: Row = {"asks": self.levels(snapshot.asks), "bids": self.levels(snapshot.bids)}
        return row | {"ts": str(self.desk.now_ms)}

    def fills(self, params: Params) -> list[Row]:
        """GET market/fills-history, market/fills, newest first."""
        self.check(params)
        tape = list(self.desk.tape)[-int(params.get("limit") or 500) :]
        return [self.print_row(number, trade) for number, trade in reversed(tape)]

    def print_row(self, number: int, trade: PublicTrade) -> Row:
        """One public trade."""
        instrument = self.desk.instrument
        return {
            "symbol": self.engine.symbol,
            "tradeId": str(number),
            "side": trade.side.word,
            "price": price_text(instrument, trade.price_ticks),
            "size": size_text(instrument, trade.quantity_lots),
            "ts": str(trade.seen_ns // 1_000_000),
        }

    def ticker(self) -> Row:
        """The ticker; the futures' has marks and funding."""
        instrument, book, tape = self.desk.instrument, self.desk.book, self.desk.tape
        ticks = [trade.price_ticks for _, trade in tape] or [(book.best_bid + book.best_ask) // 2]
        lots = sum(trade.quantity_lots for _, trade in tape)
        worth = instrument.tick * instrument.lot
        cost = text(worth * sum(trade.quantity_lots * trade.price_ticks for _, trade in tape), 4)
        first, last = price_text(instrument, ticks[0]), price_text(instrument, ticks[-1])
        row: Row = {
            "symbol": self.engine.symbol,
            "instId": self.engine.symbol,
            "lastPr": last,
            "bidPr": price_text(instrument, book.best_bid),
            "bidSz": size_text(instrument, book.bids.get(book.best_bid, 0)),
            "askPr": price_text(instrument, book.best_ask),
            "askSz": size_text(instrument, book.asks.get(book.best_ask, 0)),
            "open": first,
            "open24h": first,
            "openUtc": first,
            "high24h": price_text(instrument, max(ticks)),
            "low24h": price_text(instrument, min(ticks)),
            "change24h": f"{ticks[-1] / ticks[0] - 1:.6f}" if ticks[0] else "0",
            "changeUtc24h": "0",
            "baseVolume": size_text(instrument, lots),
            "quoteVolume": cost,
            "usdtVolume": cost,
            "ts": str(self.desk.now_ms),
        }
        if self.desk.spot:
            return row
        rate, _, next_ms = self.engine.funding()
        return row | {
            "indexPrice": text(self.engine.index()),
            "markPrice": text(self.engine.mark(self.desk)),
            "fundingRate": text(rate, 8),
            "nextFundingTime": str(next_ms),
            "holdingAmount": "0",
            "deliveryStartTime": None,
            "deliveryTime": None,
            "deliveryStatus": "",
            "deliveryPrice": "0",
            "symbolType": "1",
        }

    def tickers(self, params: Params) -> list[Row]:
        """GET market/tickers, market/ticker."""
        self.check(params)
        return [self.ticker()]

    def funding_rate(self, params: Params) -> list[Row]:
        """GET mix/market/current-fund-rate."""
        self.check(params)
        rate, hours, next_ms = self.engine.funding()
        row = {"symbol": self.engine.symbol, "fundingRate": text(rate, 8), "fundingRateInterval": str(hours),
               "nextUpdate": str(next_ms), "minFundingRate": "-0.02", "maxFundingRate": "0.02"}  # fmt: skip
        return [row]

    def funding_history(self, params: Params) -> list[Row]:
        """GET mix/market/history-fund-rate: the settlements this account has met, newest first."""
        self.check(params)
        return [
            {"symbol": self.engine.symbol, "fundingRate": f"{row.rate:.8f}", "fundingTime": str(row.ms)}
            for row in reversed(self.desk.funding)
        ]

    def prices(self, params: Params) -> list[Row]:
        """GET mix/market/symbol-price."""
        self.check(params)
        row = self.ticker()
        return [{"symbol": row["symbol"], "price": row["lastPr"], "indexPrice": row["indexPrice"],
                 "markPrice": row["markPrice"], "ts": row["ts"]}]  # fmt: skip

    def topic(self, channel: str) -> str:
        """A channel's name among the topics."""
        return f"{channel} {self.engine.symbol}"

    def message(self, channel: str, data: list[Row], action: str) -> Row:
        """A stream message."""
        arg = {"instType": self.product, "channel": channel, "instId": self.engine.symbol}
        return {"action": action, "arg": arg, "data": data, "ts": self.desk.now_ms}

    def publish(self) -> None:
        """Send what changed in the book since the last time."""
        change = self.feed.changes()
        if change is None:
            return
        now = str(self.desk.now_ms)
        if self.topic("books") in self.topics:
            row: Row = {"asks": self.levels(change.asks), "bids": self.levels(change.bids), "ts": now}
            row |= {"checksum": self.checksum(), "seq": change.last, "pseq": change.previous}
            self.topics.send(self.topic("books"), self.message("books", [row], "update"))
        for channel, depth in _DEPTHS.items():
            if self.topic(channel) in self.topics:
                row = self.picture(self.feed.snapshot(depth))
                self.topics.send(self.topic(channel), self.message(channel, [row], "snapshot"))

    def picture(self, snapshot: Snapshot) -> Row:
        """A whole book message."""
        return {
            "asks": self.levels(snapshot.asks),
            "bids": self.levels(snapshot.bids),
            "checksum": 0,
            "seq": snapshot.last,
            "pseq": 0,
            "ts": str(self.desk.now_ms),
        }

    def checksum(self) -> int:
        """Signed CRC-32 over the best 25 levels, bid and ask in turn, as they are written."""
        snapshot = self.feed.snapshot(_CHECKED)
        bids, asks = self.levels(snapshot.bids), self.levels(snapshot.asks)
        words: list[str] = []
        for number in range(_CHECKED):
            for side in (bids, asks):
                if number < len(side):
                    words += side[number]
        value = zlib.crc32(":".join(words).encode())
        return value - (1 << 32) if value & (1 << 31) else value


class BitgetMarket(BitgetQuotes):
    """Public channels of one product; a `Listener`."""

    def __init__(self, engine: Engine, desk: Desk, interval_s: float) -> None:
        super().__init__(engine, desk)
        self._conflator = Conflator(interval_s, self.publish)
        desk.listeners.append(self)

    def stop(self) -> None:
        """No more timers."""
        self._conflator.stop()

    def knows(self, channel: str, symbol: str) -> bool:
        """Whether there is such a channel."""
        return channel in ("books", "trade", "ticker", *_DEPTHS) and symbol == self.engine.symbol

    def greet(self, channel: str, send: Sender) -> None:
        """The snapshot a new subscriber starts from."""
        self.publish()
        if channel in ("books", *_DEPTHS):
            data = [self.picture(self.feed.snapshot(_DEPTHS.get(channel)))]
        elif channel == "ticker":
            data = [self.ticker()]
        else:
            data = self.fills({"limit": "50", "productType": self.product})
            if not data:
                return
        name = f"{'spot' if self.desk.spot else 'linear'} {self.topic(channel)}"
        send(self.message(channel, data, "snapshot"), name)

    def on_book(self, desk: DeskReports) -> None:
        """At the channel's pace."""
        self._conflator.touch()

    def tick(self) -> None:
        """Once a second: the ticker."""
        topic = self.topic("ticker")
        if topic in self.topics:
            self.topics.send(topic, self.message("ticker", [self.ticker()], "snapshot"))

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """The tape."""
        topic = self.topic("trade")
        if topic in self.topics:
            row = self.print_row(desk.tape[-1][0], trade)
            self.topics.send(topic, self.message("trade", [row], "update"))

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """Private."""

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """Private."""
