"""Facts about money: ledger and PnL in one step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.facts import AccountOpened, FundingPaid, Transferred
from risk_books import Desk, opened
from risk_world import PERPS, SPOTS, T0, D, S, fill

SPOT, PERP = SPOTS[0], PERPS[0]


@pytest.fixture
def desk() -> Desk:
    return opened()


@pytest.mark.parametrize(
    ("trade", "line", "value", "counts", "alerts"),
    [
        (fill(SPOT, 1, 100, "0.998"), "spread_capture", 0.2, (1, 0), []),
        (fill(SPOT, 1, -100, "1.002"), "spread_capture", 0.2, (1, 0), []),
        (fill(SPOT, 1, -100, "0.999", purpose="s"), "sale_slippage", -0.1, (0, 0), []),
        (fill(SPOT, 1, -100, "0.999", purpose="f"), "hedge_slippage", -0.1, (0, 0), []),
        (fill(PERP, 1, -100, "1.0005"), "hedge_slippage", -0.05, (0, 1), []),
        (fill(PERP, 1, 100, "1.002", client=None), "external", -0.1, (0, 0), ["external_fill"]),
        (fill(SPOT, 1, 100, "1.002", client="web_1"), "external", -0.2, (0, 0), ["external_fill"]),
        (fill(SPOT, 1, 100, "1.002", client="zz-0001q00000001"), "external", -0.2, (0, 0), ["external_fill"]),
        (fill(PERP, 1, 100, "1.002", origin="external"), "external", -0.1, (0, 0), ["external_fill"]),
        (fill(SPOT, 1, 100, "0.998", client=None, origin="backfill"), "spread_capture", 0.2, (1, 0), []),
        (fill(PERP, 1, -100, "1.0005", client=None, origin="backfill"), "hedge_slippage", -0.05, (0, 1), []),
    ],
)
def test_a_fill_books_on_the_line_of_its_purpose(  # type: ignore[no-untyped-def]
    desk: Desk, trade, line: str, value: float, counts: tuple[int, int], alerts: list[str]
) -> None:
    desk.books.fill(trade)
    desk.books.fill(trade)
    table = desk.check()
    assert table[line] == pytest.approx(value)
    assert table["total"] == pytest.approx(value)
    assert (desk.books.fills, desk.books.hedges) == counts
    assert desk.alerts == alerts


def test_fees(desk: Desk) -> None:
    desk.books.fill(fill(SPOT, 1, 100, 1, fee="0.1"))
    desk.books.fill(fill(SPOT, 2, 100, 1, fee="0.1", currency="TOK"))
    desk.books.fill(fill(PERP, 3, -100, "1.001", fee="-0.02"))
    desk.books.fill(fill(SPOT, 4, 100, 1, fee="0.001", currency="BNB"))
    table = desk.check()
    assert table["spot_fees"] == pytest.approx(-0.2)
    assert table["hedge_fees"] == pytest.approx(0.02)
    assert desk.books.ledger.fees_unvalued == {"BNB": D("0.001")}
    assert desk.alerts == ["fee_unvalued"]


def test_the_sale_is_counted(desk: Desk) -> None:
    desk.books.fill(fill(SPOT, 1, -100, "0.99", purpose="s"))
    desk.books.fill(fill(SPOT, 2, -300, "0.97", purpose="s"))
    assert (desk.books.sold_tokens, desk.books.sale_usdt) == (400, D(390))
    assert desk.books.fills == 0


def test_capital_and_lines_of_transfers(desk: Desk) -> None:
    capital = desk.pnl.capital
    desk.books.transfer(Transferred(T0, SPOT, "bybit.spot", D(10), D(5)))
    assert desk.pnl.capital == capital
    desk.books.transfer(Transferred(T0, SPOT, "lp", D(10), D(5)))
    desk.books.transfer(Transferred(T0, "owner", SPOT, D(0), D(100)))
    assert desk.pnl.capital == pytest.approx(capital - 15 + 100)
    desk.books.transfer(Transferred(T0, "treasury", "gas", D(0), D(3)))
    desk.books.transfer(Transferred(T0, "treasury", "exercise", D(0), D(125)))
    desk.books.transfer(Transferred(T0, "exercise", SPOT, D(100), D(0)))
    table = desk.check()
    assert table["transfers"] == -3
    assert table["exercise"] == pytest.approx(-25)
    assert table["total"] == pytest.approx(-28)


def test_funding_is_a_line(desk: Desk) -> None:
    pay = FundingPaid(T0, T0, PERP, "f1", 1e-4, D(-100), D("0.01"))
    desk.books.funding(pay)
    desk.books.funding(pay)
    desk.books.funding(replace(pay, usdt=D("NaN"), payment_id="f2"))
    assert desk.check()["funding"] == pytest.approx(0.01)
    assert desk.alerts == ["funding"]


def test_strangers_are_refused_by_name(desk: Desk) -> None:
    desk.books.fill(replace(fill(SPOT, 1, 1, 1), instrument="kraken.spot"))
    desk.books.open(AccountOpened(T0, "kraken.spot", D(1), D(1)))
    desk.books.transfer(Transferred(T0, "a", "b", D(1), D(1)))
    assert desk.alerts == ["instrument", "account", "account"]
    assert all(text for text in desk.texts)


def test_markouts_and_fill_variance_see_quotes_only(desk: Desk) -> None:
    desk.books.fill(fill(SPOT, 1, 100, "0.998"))
    desk.books.fill(fill(SPOT, 2, -100, "0.998", purpose="s"))
    desk.books.fill(fill(PERP, 3, -100, "0.998"))
    desk.books.markouts.mark(T0 + 60 * S, 0.99)
    assert desk.books.markouts.sums[1] == pytest.approx(-1.0)
    assert desk.books.fill_variance.per_year(T0 + 3_600 * S) > 0
