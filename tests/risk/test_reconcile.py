"""What a venue's answer proves about the ledger."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.model.facts import OpenOrder
from bot.model.order import Side
from bot.risk.ledger import Account
from bot.risk.reconcile import Differences, sort_orders
from risk_world import INSTRUMENTS, PERPS, SPOTS, D, client_id, fill, snapshot

SPOT, PERP = SPOTS[0], PERPS[0]


def order(client: str | None) -> OpenOrder:
    return OpenOrder(client, "v1", Side.BUY, D(1), D(1))


def test_orders_are_told_apart_by_their_client_id() -> None:
    mine, old, new = (order(client_id("q", 1, epoch)) for epoch in (3, 2, 4))
    foreign = (order(None), order("web_123"), order("xx-0003q00000001"))
    found = sort_orders((mine, old, new, *foreign), "mm", 3)
    assert (found.orphans, found.newer, found.foreign) == ((old,), (new,), foreign)


def account(tokens: str = "100", usdt: str = "1000") -> Account:
    return Account(D(tokens), D(usdt), opened=True)


@pytest.mark.parametrize(
    ("position", "usdt", "settled"),
    [("100", "1000", True), ("100.4", "1000.9", True), ("99.5", "999.5", True), ("99", "1000", False)],
)
def test_rounding_is_no_difference(position: str, usdt: str, settled: bool) -> None:
    verdict = Differences(INSTRUMENTS).judge(snapshot(SPOT, position, usdt), account())
    assert (verdict.tokens, verdict.usdt, verdict.settled) == (0, 0, settled)


def test_a_failed_query_settles_nothing_and_is_not_flat() -> None:
    differences = Differences(INSTRUMENTS)
    for n in range(3):
        blind = differences.judge(snapshot(PERP, None, None, at_s=n * 5), account())
        deaf = differences.judge(snapshot(PERP, "0", "0", at_s=n * 5, trades=None), account())
        nan = differences.judge(snapshot(PERP, "NaN", "0", at_s=n * 5), account())
        for verdict in (blind, deaf, nan):
            assert (verdict.tokens, verdict.usdt, verdict.settled) == (0, 0, False)
            assert "unknown" in verdict.note


def test_a_difference_is_booked_when_a_second_look_agrees() -> None:
    differences = Differences(INSTRUMENTS)
    first = differences.judge(snapshot(PERP, "60", "1000"), account())
    assert (first.tokens, first.settled) == (0, False)
    assert first.note == ""  # fills may still be on their way: once is no news
    soon = differences.judge(snapshot(PERP, "60", "1000", at_s=0.5), account())
    assert (soon.tokens, soon.settled) == (0, False)
    second = differences.judge(snapshot(PERP, "60", "1000", at_s=2), account())
    assert (second.tokens, second.usdt, second.settled) == (-40, 0, True)
    assert "external" in second.note


def test_only_the_part_both_looks_agree_on_is_booked() -> None:
    differences = Differences(INSTRUMENTS)
    differences.judge(snapshot(PERP, "60", "1000"), account())
    second = differences.judge(snapshot(PERP, "90", "1000", at_s=2), account())
    assert second.tokens == -10
    differences.judge(snapshot(PERP, "60", "1000", at_s=4), account())
    other_way = differences.judge(snapshot(PERP, "130", "1000", at_s=6), account())
    assert other_way.tokens == 0


def test_a_difference_that_goes_away_is_forgotten() -> None:
    differences = Differences(INSTRUMENTS)
    differences.judge(snapshot(PERP, "60", "1000"), account())
    assert differences.judge(snapshot(PERP, "100", "1000", at_s=2), account()).settled
    assert differences.judge(snapshot(PERP, "60", "1000", at_s=4), account()).tokens == 0


def test_cash_alone_does_not_hold_up_but_is_booked() -> None:
    differences = Differences(INSTRUMENTS)
    first = differences.judge(snapshot(SPOT, "100", "950"), account())
    assert first.settled
    second = differences.judge(snapshot(SPOT, "100", "950", at_s=3), account())
    assert (second.tokens, second.usdt) == (0, -50)


def test_a_wallet_that_differs_by_order_of_fills_is_no_loss() -> None:
    mixed = account()
    mixed.reordered = True
    verdict = Differences(INSTRUMENTS).judge(snapshot(PERP, "100", "1012"), mixed)
    assert (verdict.entry_usdt, verdict.usdt, verdict.settled) == (12, 0, True)
    spot = Differences(INSTRUMENTS).judge(snapshot(SPOT, "100", "1012"), mixed)
    assert spot.entry_usdt == 0


def booked() -> Differences:
    """−40 tokens of a perp booked as external, first seen at 10 s."""
    differences = Differences(INSTRUMENTS)
    differences.judge(snapshot(PERP, "60", "1000", at_s=10), account())
    assert differences.judge(snapshot(PERP, "60", "1000", at_s=15), account()).tokens == -40
    return differences


@pytest.mark.parametrize(
    ("tokens", "venue_s", "taken_back"),
    [
        (-15, 9.0, -15),  # the missing trade, late
        (-60, 9.0, -40),  # never more than was booked
        (-15, 12.0, 0),  # newer than the difference: something else
        (15, 9.0, 0),  # the other way
    ],
)
def test_a_late_trade_takes_its_external_booking_back(tokens: int, venue_s: float, taken_back: int) -> None:
    trade = fill(PERP, "late", tokens, 1, at_s=20, venue_s=venue_s)
    assert booked().explained(trade)[0] == taken_back


def test_late_trades_take_back_no_more_than_the_whole() -> None:
    differences = booked()
    parts = [differences.explained(fill(PERP, n, -15, 1, at_s=20, venue_s=9))[0] for n in range(5)]
    assert parts == [-15, -15, -10, 0, 0]


def test_cash_booked_with_a_position_goes_back_in_proportion() -> None:
    differences = Differences(INSTRUMENTS)
    for at in (0, 5):
        differences.judge(snapshot(SPOT, "80", "1000", at_s=at), account())
    for at in (10, 15):
        differences.judge(snapshot(SPOT, "80", "1022", at_s=at), account("80"))
    tokens, usdt = differences.explained(fill(SPOT, "late", -10, "1.1", at_s=20, venue_s=0))
    assert (tokens, usdt) == (-10, Decimal(11))
