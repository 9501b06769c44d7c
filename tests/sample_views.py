"""Views as an operator would meet them: a busy day, and the first second of a run."""

from __future__ import annotations

from dataclasses import replace

from bot.model.limits import Limits
from bot.model.market import TopOfBook
from bot.model.view import (
    Exposure,
    Level,
    LpView,
    Marks,
    ObligationView,
    OptionView,
    PerpView,
    SellView,
    SpotView,
    View,
)

NS = 1_000_000_000
TIME_NS = 1_767_225_845 * NS + 123_000_000  # 2026-01-01 00:04:05.123 UTC
EXCHANGES = ("binance", "bybit", "bitget")
FUNDING = {"binance": 0.1095, "bybit": 0.0876, "bitget": -0.0219}


def perp(position: float, target: float) -> PerpView:
    """A healthy perp at `position` that ought to be at `target`."""
    return PerpView(
        position=position,
        target=target,
        working=0.0,
        unknown=False,
        room_sell=1e6,
        room_buy=1e6,
        wallet_usdt=4e5,
        margin_ratio=0.1,
        liquidation_price=1.43,
        healthy=True,
    )


def obligation(depth_usdt: float | None, compliant: bool = True, uptime: float = 0.9996) -> ObligationView:
    """An obligation with the same depth on both sides."""
    return ObligationView(
        compliant=compliant,
        bid_depth_usdt=depth_usdt,
        ask_depth_usdt=depth_usdt,
        spread_bps=9.0,
        uptime=uptime,
        uptime_bid=uptime,
        uptime_ask=uptime,
        slack_minutes=120.0,
        open_orders=20,
        unknown_orders=0,
        cause="",
    )


def marks() -> Marks:
    """Fresh books everywhere."""
    keys = [f"{name}.{kind}" for name in EXCHANGES for kind in ("spot", "perp")]
    return Marks(
        time_ns=TIME_NS,
        fair=0.99983,
        fair_inputs=3,
        tops={key: TopOfBook(key, 9999, 10, 10001, 10, TIME_NS - 300_000_000) for key in keys},
        funding_annual={f"{name}.perp": rate for name, rate in FUNDING.items()},
        sigma=0.8,
    )


EXPOSURE = Exposure(
    spot=1_848_000.0,
    perp=-2_497_668.0,
    lp=500_000.0,
    option=149_356.0,
    loan=3_000_000.0,
    source=-312.0,
    economic=-3_000_312.0,
    net=-312.0,
    hedged_net=-312.0,
    band=15_512.0,
    gamma=-101_222.0,
)
POOL = LpView(1_000_512.0, 499_900.0, 500_100.0, 499_900.0, -250_000.0, 12.3, 45_123_456, 0.8, True, 1.0001)
ON_CHAIN = replace(
    POOL,
    to_lower=0.2,
    to_upper=0.019,
    deltas=((-0.05, 512_398.0), (-0.02, 504_899.0), (0.02, 494_901.0), (0.05, 487_402.0)),
    fees_today_usdt=31.2,
    wallet_token=12.0,
    wallet_usdt=0.5,
    cake=1.25,
    block_hash="0x" + "ab12" * 16,
    provider="127.0.0.1:8545",
    finalized_block=45_123_452,
)
OPTIONS = OptionView(
    value_usdt=73_236.0,
    delta=149_356.0,
    gamma=148_000.0,
    vega=9e4,
    theta=-25_000.0,
    sigma=1.0,
    carry=0.05,
    age_s=33.0,
    tranches=(("a", 1.25, 1e5, 0.3, 0.5, 0.4, 0.3, -0.2),),
)
PNL = {
    "spread_capture": 1058.69,
    "inventory_delta": -804.5,
    "funding": 44.1,
    "hedge_fees": -90.4,
    "lp_fees": 12.3,
}


def busy() -> View:
    """A normal day: all three exchanges quoted, the loan one fifth sold."""
    positions = {"binance": (-1_350_256, -1_350_000), "bybit": (-560_000, -560_000)}
    positions["bitget"] = (-587_412, -588_000)
    depths = {"binance": 108_123.0, "bybit": 54_000.0, "bitget": 53_999.0}
    return replace(
        unborn(),
        version=1234,
        time_ns=TIME_NS,
        level=Level.NORMAL,
        level_reason="",
        limits_version=3,
        marks=marks(),
        exposure=EXPOSURE,
        perps={f"{name}.perp": perp(*pair) for name, pair in positions.items()},
        spots={f"{name}.spot": SpotView(1e5, 1e5, True) for name in EXCHANGES},
        obligations={name: obligation(depth) for name, depth in depths.items()},
        lp=POOL,
        options=OPTIONS,
        sell=SellView(2_300_000.0, 452_000.0, 451_700.0, 0.99934, True),
        pnl=PNL,
        quote_room_buy=1e5,
        quote_room_sell=1e5,
        fills=1204,
        hedges=310,
        ready=True,
    )


def troubled() -> View:
    """Bitget's spot stream went silent, one hedge is in doubt, the pool was not read for two minutes."""
    view = busy()
    top = view.marks.tops["bitget.spot"]
    silent = dict(view.marks.tops) | {"bitget.spot": top._replace(seen_ns=TIME_NS - 14 * NS)}
    doubt = replace(view.perps["bitget.perp"], unknown=True, healthy=False)
    return replace(
        view,
        level=Level.CAUTIOUS,
        level_reason="bitget.spot: order book is 14 s old",
        marks=replace(view.marks, tops=silent),
        exposure=replace(view.exposure, lp=None, complete=False),
        perps=dict(view.perps) | {"bitget.perp": doubt},
        obligations=dict(view.obligations) | {"bitget": obligation(None, compliant=False, uptime=0.91)},
        lp=replace(view.lp, age_s=120.0),
        unknown_orders=1,
        alerts=((TIME_NS - 4 * NS, "stale_book", "bitget.spot has been silent for 10 s: quotes pulled"),),
    )


def unborn() -> View:
    """Before the first fact: nothing is known."""
    return View(
        version=0,
        time_ns=0,
        mode="paper",
        level=Level.PULLED,
        level_reason="starting: no venue has been reconciled yet",
        paused=False,
        limits=Limits(),
        limits_version=1,
        marks=Marks(),
        exposure=Exposure(lp=None, option=None, complete=False),
        perps={},
        spots={},
        obligations={},
        lp=LpView(),
        options=OptionView(),
        sell=SellView(),
        pnl={},
        quote_room_buy=0.0,
        quote_room_sell=0.0,
        unhedged_age_s=0.0,
        fills=0,
        hedges=0,
        unknown_orders=0,
        ready=False,
    )
