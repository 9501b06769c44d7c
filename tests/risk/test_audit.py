"""The one reconcile path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.errors import FailSafe
from bot.model.facts import OpenOrder, Started
from bot.model.order import Side
from bot.risk.audit import Audit
from bot.risk.bookkeeper import Bookkeeper
from bot.risk.pnl import Pnl
from risk_books import Desk, opened
from risk_desk import setup
from risk_world import PERPS, SPOTS, T0, D, S, client_id, fill, snapshot

SPOT, PERP = SPOTS[0], PERPS[0]


@pytest.fixture
def desk() -> Desk:
    return opened()


def test_a_snapshot_brings_missing_trades_once(desk: Desk) -> None:
    lost = fill(PERP, 7, -100, "1.001", client=None, origin="backfill")
    seen = snapshot(PERP, "-100", "5000", 1, (lost,))
    desk.audit.snapshot(seen)
    desk.audit.snapshot(seen)
    assert desk.books.ledger.accounts[PERP].tokens == -100
    assert PERP in desk.audit.settled
    assert desk.alerts == []
    assert desk.books.hedges == 1


def test_an_unexplained_position_becomes_external_at_the_mark(desk: Desk) -> None:
    desk.audit.snapshot(snapshot(PERP, "-50", "5000", 1))
    assert PERP not in desk.audit.settled
    assert desk.books.ledger.accounts[PERP].tokens == 0
    desk.audit.snapshot(snapshot(PERP, "-50", "5000", 4))
    assert desk.books.ledger.accounts[PERP].tokens == -50
    assert float(desk.books.ledger.accounts[PERP].cost) == pytest.approx(-50.05)
    assert desk.check()["external"] == 0
    assert PERP in desk.audit.settled
    assert "external_adjustment" in desk.alerts


def test_unexplained_spot_tokens_are_worth_their_price(desk: Desk) -> None:
    for at in (1, 4):
        desk.audit.snapshot(snapshot(SPOT, "1100", "1000", at))
    for at in (5, 9):
        desk.audit.snapshot(snapshot(SPOT, "1100", "890", at))
    assert desk.check()["external"] == pytest.approx(100 - 110)


@pytest.mark.parametrize("late_first", [True, False])
def test_a_late_trade_replaces_its_external_booking(desk: Desk, late_first: bool) -> None:
    late = fill(PERP, 7, -50, "1.0", at_s=20, venue_s=0.5)
    if late_first:
        desk.books.fill(replace(late, seen_ns=T0 + S))
    for at in (1, 4):
        desk.audit.snapshot(snapshot(PERP, "-50", "5000", at))
    desk.books.fill(late)
    assert desk.books.ledger.accounts[PERP].tokens == -50
    table = desk.check()
    assert table["total"] == pytest.approx(-0.05)
    assert table["hedge_slippage"] == pytest.approx(-0.05)


def test_an_account_never_opened_is_taken_from_its_venue() -> None:
    desk = Desk(marked=False)
    old = fill(PERP, 1, -40, "0.9")
    desk.audit.snapshot(snapshot(PERP, None, "5000"))
    assert PERP not in desk.audit.settled
    desk.audit.snapshot(snapshot(PERP, "-40", "5000", 1, (old,)))
    desk.audit.snapshot(snapshot(SPOT, "500", "70", 1))
    assert desk.audit.settled == {PERP, SPOT}
    desk.books.fill(old)  # already in the balance
    assert desk.books.ledger.accounts[PERP].tokens == -40
    desk.mark(1.0, 2)
    table = desk.check()
    assert table["total"] == 0
    assert table["equity"] == pytest.approx(5_000 + 570)
    assert float(desk.books.ledger.accounts[PERP].average_entry or 0) == pytest.approx(1.001)
    desk.mark(1.1, 3)
    assert desk.check()["perp_delta"] == pytest.approx(-4)


def test_an_account_taken_over_later_is_capital(desk: Desk) -> None:
    late = Desk()
    late.audit.snapshot(snapshot(PERP, "-40", "5000", 1))
    late.audit.snapshot(snapshot(SPOT, "500", "70", 1))
    late.check()
    late.mark(1.0, 2)
    assert late.check()["total"] == pytest.approx(0, abs=1e-9)
    late.mark(1.1, 3)
    assert late.check()["total"] == pytest.approx(50 - 4.004)


def test_what_was_expected_at_the_opening_is_compared() -> None:
    alerts: list[str] = []
    expecting = replace(setup(), opening={SPOT: (D(500), D(100)), PERP: (D(0), D(5_000))})
    pnl = Pnl()
    books = Bookkeeper(expecting, pnl, lambda code, text: alerts.append(code))
    audit = Audit(expecting, books, pnl, lambda code, text: alerts.append(code))
    audit.snapshot(snapshot(SPOT, "500", "70", 1))
    audit.snapshot(snapshot(PERP, "0", "5000", 1))
    assert alerts == ["opening"]


def test_fills_that_came_out_of_order_cost_nothing_in_the_wallet(desk: Desk) -> None:
    # The venue closed 100 of 200 at an entry of 1.05; we saw the second short only after the close.
    trades = [
        fill(PERP, 1, -100, "1.0", at_s=1),
        fill(PERP, 2, -100, "1.1", at_s=2),
        fill(PERP, 3, 100, "1.0", at_s=3),
    ]
    for n in (0, 2, 1):
        desk.books.fill(trades[n])
    assert desk.books.ledger.accounts[PERP].usdt == 5_000
    for at in (5, 9):
        desk.audit.snapshot(snapshot(PERP, "-100", "5005", at))
    assert desk.books.ledger.accounts[PERP].usdt == 5_005
    assert float(desk.books.ledger.accounts[PERP].average_entry or 0) == pytest.approx(1.05)
    assert desk.check()["external"] == 0
    assert desk.alerts == []


def test_open_orders_of_others(desk: Desk) -> None:
    def orders(*clients: str | None) -> tuple[OpenOrder, ...]:
        return tuple(OpenOrder(c, "v", Side.BUY, D(1), D(1)) for c in clients)

    stray = orders(client_id("q", 1, epoch=1), client_id("q", 1, epoch=2), "web")
    desk.audit.snapshot(snapshot(SPOT, "1000", "1000", 1, (), stray))
    assert desk.alerts == []  # before the start nobody knows which epoch is ours
    desk.audit.start(Started(T0, 2, "paper", ""))
    desk.audit.snapshot(snapshot(SPOT, "1000", "1000", 2, (), stray))
    assert desk.alerts == ["foreign_order", "orphan_order"]
    with pytest.raises(FailSafe, match="newer run"):
        desk.audit.snapshot(snapshot(SPOT, "1000", "1000", 3, (), orders(client_id("h", 9, epoch=3))))


def test_a_start_asks_for_every_account_again(desk: Desk) -> None:
    desk.audit.snapshot(snapshot(SPOT, "1000", "1000", 1))
    desk.audit.start(Started(T0, 5, "paper", ""))
    desk.audit.start(Started(T0, 4, "paper", ""))
    assert desk.audit.settled == set()
    assert desk.audit.epoch == 5


def test_a_snapshot_of_a_stranger_is_refused(desk: Desk) -> None:
    desk.audit.snapshot(replace(snapshot(SPOT, "1", "1"), instrument="kraken.spot"))
    desk.audit.snapshot(replace(snapshot(SPOT, "1", "1"), instrument="treasury"))
    assert desk.alerts == ["instrument", "instrument"]
    assert desk.audit.settled == set()
