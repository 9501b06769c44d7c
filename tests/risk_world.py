"""Facts of a small desk for the risk tests: three exchanges, spot and perp each, ticks of 1e-4, lots of 1
token.
"""

from __future__ import annotations

from decimal import Decimal

from bot.model.facts import Fill, MarketSampled, OpenOrder, VenueSnapshot
from bot.model.instrument import Instrument, Kind
from bot.model.market import TopOfBook
from bot.model.order import Side, base36

S = 1_000_000_000
T0 = 1_800_000_000 * S
PREFIX = "mm"
EXCHANGES = ("binance", "bybit", "bitget")
D = Decimal


def instrument(exchange: str, kind: Kind) -> Instrument:
    spot = kind is Kind.SPOT
    return Instrument(
        exchange,
        kind,
        "TOK/USDT" if spot else "TOK/USDT:USDT",
        D("0.0001"),
        D("1"),
        D("5"),
        D("0") if spot else D("0.0002"),
        D("0.001") if spot else D("0.0005"),
    )


INSTRUMENTS = {
    item.id: item for item in (instrument(e, k) for k in (Kind.SPOT, Kind.PERP) for e in EXCHANGES)
}
SPOTS = tuple(f"{e}.spot" for e in EXCHANGES)
PERPS = tuple(f"{e}.perp" for e in EXCHANGES)


def client_id(purpose: str, sequence: int, epoch: int = 1) -> str:
    return f"{PREFIX}-{base36(epoch, 4)}{purpose}{base36(sequence, 8)}"


def fill(
    key: str,
    trade: int | str,
    tokens: float | str,
    price: float | str,
    **more: object,
) -> Fill:
    """A trade of `tokens` (signed) in `key`. Options: fee, currency, purpose, at_s, origin, client,
    venue_s.
    """
    purpose = str(more.get("purpose", "q" if key.endswith("spot") else "h"))
    at = T0 + round(float(str(more.get("at_s", 0))) * S)
    quantity = D(str(tokens))
    return Fill(
        at,
        T0 + round(float(str(more["venue_s"])) * S) if "venue_s" in more else at,
        key,
        str(trade),
        more.get("client", client_id(purpose, hash_of(trade))),  # type: ignore[arg-type]
        Side.BUY if quantity > 0 else Side.SELL,
        D(str(price)),
        abs(quantity),
        D(str(more.get("fee", 0))),
        str(more.get("currency", "USDT")),
        True,
        more.get("origin", "stream"),  # type: ignore[arg-type]
    )


def hash_of(trade: int | str) -> int:
    """A sequence number that depends on the trade alone."""
    return trade if isinstance(trade, int) else sum(ord(c) * 31**i for i, c in enumerate(trade)) % 10**6


def top(key: str, mid: float, at_s: float = 0.0, half: float = 0.0002, lots: int = 5_000) -> TopOfBook:
    bid = round((mid - half) / 1e-4)
    ask = round((mid + half) / 1e-4)
    return TopOfBook(key, bid, lots, max(ask, bid + 1), lots, T0 + round(at_s * S))


def sample(
    mid: float, at_s: float = 0.0, keys: tuple[str, ...] = (*SPOTS, *PERPS), **more: object
) -> MarketSampled:
    """All books around `mid` at `at_s` seconds; `funding` = annual rate of every perp."""
    rate = float(str(more.get("funding", 0.0)))
    funding = tuple((k, rate * 8 / 8_760, 8.0, T0) for k in keys if k in PERPS)
    return MarketSampled(T0 + round(at_s * S), tuple(top(k, mid, at_s) for k in keys), funding)


def snapshot(
    key: str,
    position: str | None,
    usdt: str | None,
    at_s: float = 0.0,
    trades: tuple[Fill, ...] | None = (),
    orders: tuple[OpenOrder, ...] = (),
) -> VenueSnapshot:
    return VenueSnapshot(
        T0 + round(at_s * S),
        key,
        T0,
        orders,
        trades,
        None if position is None else D(position),
        None if usdt is None else D(usdt),
    )
