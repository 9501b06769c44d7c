"""Balances, holds, margin and the exactness of money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import Refusal
from bot.model.instrument import Kind
from bot.model.order import Side
from bot.sim.account import MarginTerms, PerpAccount, SpotAccount, open_account
from paper_tools import LOT, TICK, instrument

QUANTUM = TICK * LOT


def spot_account(tokens: str = "100", usdt: str = "100", maker: str = "0") -> SpotAccount:
    return SpotAccount(instrument(maker=maker), Decimal(tokens), Decimal(usdt))


def perp_account(usdt: str = "1000", initial: str = "0.1") -> PerpAccount:
    return PerpAccount(instrument(Kind.PERP), Decimal(usdt), MarginTerms(Decimal(initial), Decimal("0.025")))


def test_a_bid_holds_its_notional_and_fee_to_the_last_unit() -> None:
    # 100 USDT = 10,000,000 quanta; 9,990,010 quanta + 0.1 % = 10,000,000.01: one quantum too many
    account = spot_account(maker="0.001")
    assert account.reserve(Side.BUY, 1, 0, 1, 9_990_010) == "insufficient_balance"
    assert account.reserve(Side.BUY, 1, 0, 1, 9_990_009) == ""
    assert account.held_quanta == 10_000_000
    assert account.reserve(Side.BUY, 1, 0, 1, 1) == "insufficient_balance"


def test_an_ask_holds_tokens_and_gives_them_back() -> None:
    account = spot_account()
    assert account.reserve(Side.SELL, 10_000, 0, 10_000, 1_000) == ""
    assert account.reserve(Side.SELL, 10_000, 0, 10_000, 1) == "insufficient_balance"
    assert account.reserve(Side.SELL, 10_000, 1_000, 10_000, 400) == ""
    assert account.refuse_taker(Side.SELL, 10_000, 601) == "insufficient_balance"
    assert account.refuse_taker(Side.SELL, 10_000, 600) == ""


def test_a_smaller_hold_is_always_granted() -> None:
    account = spot_account(usdt="1")
    account.held_quanta = 500_000  # more than there is: an account someone else withdrew from
    assert account.reserve(Side.BUY, 10_000, 50, 10_000, 40) == ""
    assert account.held_quanta == 400_000


def test_a_taker_needs_the_fee_too() -> None:
    account = spot_account(usdt="100")
    assert account.refuse_taker(Side.BUY, 10_000, 1_000) == "insufficient_balance"
    assert account.refuse_taker(Side.BUY, 10_000, 999) == ""


def test_a_rebate_is_booked_with_its_sign() -> None:
    account = spot_account()
    fee = account.fill(Side.SELL, 10_000, 100, Decimal("-0.0001"))
    assert fee == Decimal("-0.001")
    assert (account.tokens, account.usdt) == (Decimal("90.0"), Decimal("110.001"))


def test_a_withdrawal_leaves_the_holds_covered() -> None:
    account = spot_account()
    account.reserve(Side.BUY, 10_000, 0, 10_000, 900)
    refused = account.credit(Decimal(0), Decimal("-10.01"))
    assert isinstance(refused, Refusal)
    assert "free" in refused.detail
    assert account.credit(Decimal(-100), Decimal(-10)) is None
    assert (account.tokens, account.usdt) == (0, 90)


def test_a_position_is_entered_averaged_closed_and_flipped() -> None:
    account = perp_account()
    account.fill(Side.SELL, 10_000, 100, Decimal(0))
    account.fill(Side.SELL, 11_000, 300, Decimal(0))
    assert (account.position, account.average_entry) == (Decimal("-40.0"), Decimal("1.075"))
    account.fill(Side.BUY, 10_500, 100, Decimal(0))
    assert account.realised_usdt == Decimal("0.25")
    account.fill(Side.BUY, 10_000, 500, Decimal(0))
    assert account.realised_usdt == Decimal("0.25") + Decimal("2.25")
    assert (account.position, account.average_entry) == (Decimal("20.0"), Decimal("1.0"))
    account.fill(Side.SELL, 10_000, 200, Decimal(0))
    assert (account.position_lots, account.cost_quanta, account.average_entry) == (0, 0, None)


def test_margin_limits_what_opens_but_never_what_closes() -> None:
    account = perp_account("100")
    assert account.refuse_taker(Side.SELL, 10_000, 9_950) == "insufficient_margin"  # 995 · 10 % + fee
    assert account.refuse_taker(Side.SELL, 10_000, 9_900) == ""
    account.fill(Side.SELL, 10_000, 9_900, Decimal(0))
    account.mark_ticks = 11_000  # the loss eats all margin
    assert account.refuse_taker(Side.SELL, 11_000, 1) == "insufficient_margin"
    assert account.refuse_taker(Side.BUY, 11_000, 9_900 * 2) == ""
    assert account.refuse_taker(Side.BUY, 11_000, 9_900 * 2 + 1) == "insufficient_margin"


def test_resting_orders_claim_margin_for_their_worst_side() -> None:
    account = perp_account("100")
    assert account.reserve(Side.BUY, 10_000, 0, 10_000, 6_000) == ""
    assert account.reserve(Side.BUY, 10_000, 0, 10_000, 4_001) == "insufficient_margin"
    assert account.reserve(Side.SELL, 10_000, 0, 10_000, 10_000) == ""
    assert account.reserve(Side.BUY, 10_000, 6_000, 10_000, 0) == ""
    assert account.bid_lots == 0


@pytest.mark.parametrize(
    ("lots", "ticks", "wallet", "expected"),
    [
        (-8_570_000, 10_000, "400000", Decimal("1.4310")),  # 857k short at 1, W = 400k, m = 2.5 %
        (21_500_000, 10_000, "1200000", Decimal("0.4532")),  # 2.15M long at 1, W = 1.2M
    ],
)
def test_liquidation_prices(lots: int, ticks: int, wallet: str, expected: Decimal) -> None:
    account = perp_account(wallet)
    account.fill(Side.BUY if lots > 0 else Side.SELL, ticks, abs(lots), Decimal(0))
    price = account.liquidation_price(Decimal(1))
    assert price is not None
    assert price.quantize(TICK) == expected
    ratio = account.margin_ratio(price)
    assert ratio == pytest.approx(1)
    assert account.margin_ratio(Decimal(1)) < 1
    beyond = price * (Decimal("1.1") if lots < 0 else Decimal("0.9"))
    assert account.liquidation_price(beyond) == beyond


def test_what_cannot_be_liquidated_has_no_price() -> None:
    account = perp_account("1000")
    assert (account.liquidation_price(Decimal(1)), account.margin_ratio(Decimal(1))) == (None, None)
    account.fill(Side.BUY, 10_000, 100, Decimal(0))
    assert account.liquidation_price(Decimal(1)) is None
    account.fill(Side.SELL, 10_000, 100_000, Decimal(0))
    assert account.margin_ratio(Decimal(2)) == float("inf")


def test_margin_can_be_added_and_only_free_margin_taken() -> None:
    account = perp_account("100")
    account.fill(Side.BUY, 10_000, 5_000, Decimal(0))
    account.mark_ticks = 10_000
    assert isinstance(account.credit(Decimal(0), Decimal("-50.01")), Refusal)
    assert isinstance(account.credit(Decimal(1), Decimal(0)), Refusal)
    assert account.credit(Decimal(0), Decimal(-50)) is None
    assert account.credit(Decimal(0), Decimal(500)) is None
    assert account.usdt == 550


def test_a_perp_account_opens_flat() -> None:
    with pytest.raises(ValueError, match="starts flat"):
        open_account(instrument(Kind.PERP), Decimal(1), Decimal(0))


TRADES = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.integers(9_000, 11_000),
        st.integers(1, 100_000),
        st.sampled_from(["0", "0.00045", "-0.0001"]),
    ),
    max_size=30,
)


@given(TRADES, st.integers(8_000, 12_000))
def test_perp_money_is_conserved_to_the_last_unit(
    trades: list[tuple[Side, int, int, str]], mark: int
) -> None:
    account, cash, position = perp_account(), Decimal(1000), 0
    for side, ticks, lots, rate in trades:
        fee = account.fill(side, ticks, lots, Decimal(rate))
        cash -= QUANTUM * (side * ticks * lots) + fee
        position += side * lots
    assert account.position_lots == position
    assert account.equity(TICK * mark) == cash + QUANTUM * (position * mark)
    assert account.usdt == 1000 + account.realised_usdt - account.fees_usdt


@given(TRADES)
def test_an_account_comes_back_from_its_state(trades: list[tuple[Side, int, int, str]]) -> None:
    for account, fresh in ((perp_account(), perp_account("1")), (spot_account(), spot_account("1", "1"))):
        for side, ticks, lots, rate in trades:
            account.fill(side, ticks, lots, Decimal(rate))
        fresh.restore(account.state())
        assert fresh.state() == account.state()
        if account.usdt > 0:
            args = (Side.BUY, 10_000, 7)
            assert fresh.refuse_taker(*args) == account.refuse_taker(*args)
