"""The day of receipt, made fast: 2.24 million tokens are sold while the perps take the whole delta."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.model.facts import OrderUpdated
from bot.model.order import Purpose, parse_client_id
from whole_desk import PERPS, SPOTS, Whole, settings_in

FAST = {
    "limits__sell__participation_max": 1.0,
    "limits__sell__slice_usdt_max": 40_000.0,
    "limits__sell__slice_interval_s": 1.0,
    "limits__quote__message_rate_per_s_max": 200.0,
    "paper__world__flow__spot_sweeps_per_side_day": (400_000.0, 200_000.0, 200_000.0),
    "paper__world__flow__notional_mean_usdt": 3_000.0,
    "paper__world__flow__depth_mean_bps": 8.0,
    "paper__world__flow__impact_share": 0.0,
    "paper__world__book__spot_background_usdt_day": (2e9, 1e9, 1e9),
    "paper__world__book__perp_sizes_usdt": (4e5, 5e5, 6e5, 1e6, 1.5e6, 2.5e6),
}


def test_the_loan_is_sold_and_never_unhedged(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path, **FAST))
    told: list[OrderUpdated] = []
    total = whole.daemon.state.parts.setup.sell_total_tokens
    worst: list[float] = []

    def listen(key: str) -> None:
        sink = whole.daemon.sinks[key]
        heard = sink.on_order

        def noted(update: OrderUpdated) -> None:
            told.append(update)
            heard(update)

        sink.on_order = noted  # type: ignore[method-assign]

    async def story() -> None:
        for key in SPOTS:
            listen(key)
        await whole.until(whole.in_band, 60)
        took = 0
        while whole.view.sell.sold_tokens < total - 10 and took < 3_600:
            await asyncio.sleep(0.37)
            took += 1
            exposure = whole.view.exposure
            assert abs(exposure.hedged_net) <= exposure.band  # the plan is always inside
            assert whole.view.unhedged_age_s <= 0.3
            worst.append(abs(whole.net) / exposure.band)
            assert all(_apart(whole, key) for key in SPOTS)
        await asyncio.sleep(5)
        assert whole.in_band()

    whole.run(story)
    sell = whole.view.sell
    assert total == pytest.approx(2_240_000)
    assert total - 10 <= sell.sold_tokens <= total
    assert sell.average_price == pytest.approx(1.0, rel=0.05)
    sold = sum(
        fill.quantity
        for key in SPOTS
        for fill in whole.exchange(key).trades_since(0)
        if (parsed := parse_client_id(fill.client_id)) is not None and parsed.purpose is Purpose.SELL
    )
    assert float(sold) == pytest.approx(sell.sold_tokens)
    assert not [update for update in told if update.reason == "self_trade"]
    _adds_up(whole)
    assert len(worst) > 100
    outside = sum(share > 1.0 for share in worst)
    assert outside <= 0.1 * len(worst)  # the two round trips between a fill and its hedge


def _apart(whole: Whole, key: str) -> bool:
    """No bid of ours reaches an ask of ours."""
    orders = whole.exchange(key).open_orders()
    bids = [order.price for order in orders if order.side > 0]
    asks = [order.price for order in orders if order.side < 0]
    return not bids or not asks or max(bids) < min(asks)


def _adds_up(whole: Whole) -> None:
    pnl = whole.view.pnl
    trades = [fill for key in (*SPOTS, *PERPS) for fill in whole.exchange(key).trades_since(0)]
    gross = float(sum(fill.price * fill.quantity for fill in trades))
    assert abs(pnl["residual"]) <= 1e-9 * gross
    assert pnl["external"] == 0.0
    accounts = whole.daemon.state.parts.books.ledger.accounts
    assert all(accounts[key].tokens == whole.exchange(key).position for key in (*SPOTS, *PERPS))


def test_a_pause_takes_the_sale_off_and_a_resume_goes_on_with_it(tmp_path: Path) -> None:
    from bot.model.facts import OperatorCommand

    whole = Whole(settings_in(tmp_path, **FAST))

    def selling() -> int:
        ids = [order.client_id for key in SPOTS for order in whole.exchange(key).open_orders()]
        return sum(parsed.purpose is Purpose.SELL for name in ids if (parsed := parse_client_id(name)))

    async def story() -> None:
        await whole.until(lambda: whole.view.sell.sold_tokens > 20_000 and selling() > 0, 300)
        now = whole.loop.now_ns()
        whole.daemon.inbox.put(OperatorCommand(now, "pause", "lunch", "test"))
        await whole.until(lambda: selling() == 0, 2)
        sold = whole.view.sell.sold_tokens
        await asyncio.sleep(30)
        assert whole.view.sell.sold_tokens <= sold + 50_000  # only what was on its way
        rest = whole.view.sell.sold_tokens
        await asyncio.sleep(30)
        assert whole.view.sell.sold_tokens == rest
        whole.daemon.inbox.put(OperatorCommand(whole.loop.now_ns(), "resume", "back", "test"))
        await whole.until(lambda: whole.view.sell.sold_tokens > rest + 20_000, 120)

    assert whole.run(story).exit_code == 0
