"""Binance public data: REST answers and market streams of both desks.

Rule 1: a depth answer carries the number of the last published change, so that snapshots and changes join.
"""

from __future__ import annotations

from bot.localnet.binance_params import Params, need
from bot.localnet.binance_text import Row, linear_symbol, quote_size, spot_symbol
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, price_text, size_text, text
from bot.localnet.feed import BookFeed, Change, Level
from bot.localnet.orders import Event, FundingRow, Order, Trade
from bot.localnet.reports import DeskReports
from bot.localnet.topics import Conflator, Topics
from bot.localnet.web import Refused
from bot.model.market import PublicTrade

_PARTIAL = (5, 10, 20)
_MINI = {
    "s": "symbol", "c": "lastPrice", "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume",
    "q": "quoteVolume",
}  # fmt: skip
_TICKER = _MINI | {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "x": "prevClosePrice",
    "Q": "lastQty", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty", "O": "openTime",
    "C": "closeTime", "F": "firstId", "L": "lastId", "n": "count",
}  # fmt: skip


def exchange_info(engine: Engine, desk: Desk, _params: Params) -> Row:
    """GET exchangeInfo."""
    limits = engine.limits
    rates = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
         "limit": limits.weight_per_minute},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": limits.order_window_ms // 1_000,
         "limit": limits.orders_per_window},
    ]  # fmt: skip
    info: Row = {"timezone": "UTC", "serverTime": desk.now_ms, "rateLimits": rates, "exchangeFilters": []}
    if desk.spot:
        return info | {"symbols": [spot_symbol(engine)]}
    assets = [{"asset": engine.quote, "marginAvailable": True, "autoAssetExchange": None}]
    return info | {"futuresType": "U_MARGINED", "assets": assets, "symbols": [linear_symbol(engine)]}


class BinanceQuotes:
    """Public REST answers of one desk."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk
        self.topics = Topics("spot" if desk.spot else "linear")
        self.feed = BookFeed(desk.book, None, desk.now_ms)
        self.stream = engine.symbol.lower()

    def _levels(self, levels: list[Level]) -> list[list[str]]:
        instrument = self.desk.instrument
        return [[price_text(instrument, ticks), size_text(instrument, lots)] for ticks, lots in levels]

    def depth(self, params: Params) -> Row:
        """GET depth."""
        self._check(params)
        limit = int(params.get("limit", "100"))
        self.publish()
        snapshot = self.feed.snapshot(limit)
        answer: Row = {"lastUpdateId": snapshot.last}
        if not self.desk.spot:
            answer |= {"E": self.desk.now_ms, "T": self.desk.now_ms}
        return answer | {"bids": self._levels(snapshot.bids), "asks": self._levels(snapshot.asks)}

    def publish(self) -> None:
        """Send what changed in the book since the last time."""
        change = self.feed.changes()
        if change is None:
            return
        update = self._depth_event(change)
        for suffix in ("", "@100ms", "@500ms", "@0ms", "@1000ms"):
            self.topics.send(f"{self.stream}@depth{suffix}", update)
        for levels in _PARTIAL:
            for suffix in ("", "@100ms"):
                topic = f"{self.stream}@depth{levels}{suffix}"
                if topic in self.topics:
                    self.topics.send(topic, self._partial(levels, update))

    def _depth_event(self, change: Change) -> Row:
        now = self.desk.now_ms
        row: Row = {
            "e": "depthUpdate",
            "E": now,
            "s": self.engine.symbol,
            "U": change.first,
            "u": change.last,
        }
        if not self.desk.spot:
            row |= {"T": now, "pu": change.previous}
        return row | {"b": self._levels(change.bids), "a": self._levels(change.asks)}

    def _partial(self, depth: int, update: Row) -> Row:
        snapshot = self.feed.snapshot(depth)
        bids, asks = self._levels(snapshot.bids), self._levels(snapshot.asks)
        if self.desk.spot:
            return {"lastUpdateId": snapshot.last, "bids": bids, "asks": asks}
        return update | {"b": bids, "a": asks}

    def _check(self, params: Params) -> None:
        if need(params, "symbol") != self.engine.symbol:
            raise Refused(-1121, "Invalid symbol.")

    def agg_trades(self, params: Params) -> list[Row]:
        """GET aggTrades."""
        self._check(params)
        limit = int(params.get("limit", "500"))
        return [self._agg(number, trade) for number, trade in list(self.desk.tape)[-limit:]]

    def _agg(self, number: int, trade: PublicTrade) -> Row:
        row = self._print(number, trade)
        return {"a": number, "p": row["p"], "q": row["q"], "f": number, "l": number, "T": row["T"],
                "m": row["m"], "M": True}  # fmt: skip

    def _print(self, number: int, trade: PublicTrade) -> Row:
        instrument = self.desk.instrument
        return {
            "t": number,
            "p": price_text(instrument, trade.price_ticks),
            "q": size_text(instrument, trade.quantity_lots),
            "T": trade.seen_ns // 1_000_000,
            "m": trade.side < 0,
        }

    def ticker_24h(self, params: Params) -> Row:
        """GET ticker/24hr; the tape is as long as the last trades."""
        self._check(params)
        instrument, book, tape = self.desk.instrument, self.desk.book, self.desk.tape
        ticks = [trade.price_ticks for _, trade in tape] or [(book.best_bid + book.best_ask) // 2]
        lots = sum(trade.quantity_lots for _, trade in tape)
        cost = sum(trade.quantity_lots * trade.price_ticks for _, trade in tape)
        now = self.desk.now_ms
        return {
            "symbol": self.engine.symbol,
            "priceChange": price_text(instrument, ticks[-1] - ticks[0]),
            "priceChangePercent": f"{100 * (ticks[-1] / ticks[0] - 1):.3f}" if ticks[0] else "0",
            "weightedAvgPrice": price_text(instrument, ticks[-1]),
            "prevClosePrice": price_text(instrument, ticks[0]),
            "lastPrice": price_text(instrument, ticks[-1]),
            "lastQty": size_text(instrument, tape[-1][1].quantity_lots if tape else 0),
            "bidPrice": price_text(instrument, book.best_bid),
            "bidQty": size_text(instrument, book.bids.get(book.best_bid, 0)),
            "askPrice": price_text(instrument, book.best_ask),
            "askQty": size_text(instrument, book.asks.get(book.best_ask, 0)),
            "openPrice": price_text(instrument, ticks[0]),
            "highPrice": price_text(instrument, max(ticks)),
            "lowPrice": price_text(instrument, min(ticks)),
            "volume": size_text(instrument, lots),
            "quoteVolume": quote_size(self.desk, cost),
            "openTime": now - 86_400_000,
            "closeTime": now,
            "firstId": tape[0][0] if tape else 0,
            "lastId": tape[-1][0] if tape else 0,
            "count": len(tape),
        }

    def premium_index(self, params: Params) -> Row | list[Row]:
        """GET premiumIndex."""
        rate, _, next_ms = self.engine.funding()
        mark, index = text(self.engine.mark(self.desk), 8), text(self.engine.index(), 8)
        row = {
            "symbol": self.engine.symbol,
            "markPrice": mark,
            "indexPrice": index,
            "estimatedSettlePrice": index,
            "lastFundingRate": text(rate, 8),
            "interestRate": "0.00010000",
            "nextFundingTime": next_ms,
            "time": self.desk.now_ms,
        }
        return row if params.get("symbol") else [row]

    def funding_info(self, _params: Params) -> list[Row]:
        """GET fundingInfo."""
        hours = self.engine.funding()[1]
        row = {"symbol": self.engine.symbol, "adjustedFundingRateCap": "0.02",
               "adjustedFundingRateFloor": "-0.02", "fundingIntervalHours": hours}  # fmt: skip
        return [row]

    def funding_history(self, params: Params) -> list[Row]:
        """GET fundingRate: the settlements this account has met."""
        self._check(params)
        return [
            {"symbol": self.engine.symbol, "fundingTime": row.ms, "fundingRate": f"{row.rate:.8f}",
             "markPrice": text(self.engine.mark(self.desk), 8)}
            for row in self.desk.funding
        ]  # fmt: skip


class BinanceMarket(BinanceQuotes):
    """Public streams of one desk; a `Listener`."""

    def __init__(self, engine: Engine, desk: Desk, interval_s: float) -> None:
        super().__init__(engine, desk)
        self._conflator = Conflator(interval_s, self.publish)
        self._best = (0, 0, 0, 0)
        desk.listeners.append(self)

    def stop(self) -> None:
        """No more timers."""
        self._conflator.stop()

    def tick(self) -> None:
        """Once a second: mark price and ticker streams."""
        now = self.desk.now_ms
        if not self.desk.spot:
            row = self.premium_index({"symbol": self.engine.symbol})
            assert isinstance(row, dict)
            update = {"e": "markPriceUpdate", "E": now, "s": self.engine.symbol, "p": row["markPrice"],
                      "i": row["indexPrice"], "P": row["estimatedSettlePrice"], "r": row["lastFundingRate"],
                      "T": row["nextFundingTime"]}  # fmt: skip
            for topic in (f"{self.stream}@markPrice@1s", f"{self.stream}@markPrice"):
                self.topics.send(topic, update)
        for topic, names in ((f"{self.stream}@ticker", _TICKER), (f"{self.stream}@miniTicker", _MINI)):
            if topic in self.topics:
                self.topics.send(topic, self._ticker_event(now, names))

    def _ticker_event(self, now: int, names: dict[str, str]) -> Row:
        row = self.ticker_24h({"symbol": self.engine.symbol})
        event = "24hrTicker" if names is _TICKER else "24hrMiniTicker"
        return {"e": event, "E": now} | {short: row[name] for short, name in names.items()}

    def on_book(self, desk: DeskReports) -> None:
        """The best goes out at once, the depth at its pace."""
        self._conflator.touch()
        topic = f"{self.stream}@bookTicker"
        if topic not in self.topics:
            return
        book = desk.book
        bid, ask = book.best_bid, book.best_ask
        best = (bid, book.bids.get(bid, 0), ask, book.asks.get(ask, 0))
        if best == self._best:
            return
        self._best = best
        levels = self._levels([best[:2], best[2:]])
        row: Row = {"u": self.engine.sequence(), "s": self.engine.symbol, "b": levels[0][0],
                    "B": levels[0][1], "a": levels[1][0], "A": levels[1][1]}  # fmt: skip
        if not desk.spot:
            row |= {"e": "bookTicker", "T": desk.now_ms, "E": desk.now_ms}
        self.topics.send(topic, row)

    def on_public_trade(self, desk: DeskReports, trade: PublicTrade) -> None:
        """The tape."""
        number = desk.tape[-1][0]
        row = {"e": "trade", "E": desk.now_ms, "s": self.engine.symbol, **self._print(number, trade)}
        row |= {"M": True} if desk.spot else {"X": "MARKET"}
        self.topics.send(f"{self.stream}@trade", row)
        topic = f"{self.stream}@aggTrade"
        if topic in self.topics:
            event = {"e": "aggTrade", "E": desk.now_ms, "s": self.engine.symbol, **self._agg(number, trade)}
            self.topics.send(topic, event)

    def on_order(self, desk: DeskReports, order: Order, event: Event, trade: Trade | None) -> None:
        """Private."""

    def on_funding(self, desk: DeskReports, row: FundingRow) -> None:
        """Private."""
