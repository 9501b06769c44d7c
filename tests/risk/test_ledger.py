"""The ledger: exact sums, each fact once, any order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.errors import Refusal
from bot.model.facts import AccountOpened, FundingPaid, Transferred
from bot.risk.ledger import TREASURY, ZERO, Booked, Ledger, Moved, base_currency
from risk_world import INSTRUMENTS, PERPS, SPOTS, T0, D, fill

SPOT, PERP = SPOTS[0], PERPS[0]


def ledger() -> Ledger:
    return Ledger(INSTRUMENTS, "TOK")


def opened(account: str, tokens: str, usdt: str, borrowed: bool = False) -> AccountOpened:
    return AccountOpened(T0, account, D(tokens), D(usdt), borrowed)


def moved(source: str, target: str, tokens: str, usdt: str, at: int = T0) -> Transferred:
    return Transferred(at, source, target, D(tokens), D(usdt))


@pytest.mark.parametrize(
    ("symbol", "base"),
    [("TOK/USDT", "TOK"), ("TOK/USDT:USDT", "TOK"), ("TOKUSDT", "TOK"), ("1000X/USDT", "1000X")],
)
def test_base_currency(symbol: str, base: str) -> None:
    assert base_currency(symbol) == base


def test_a_spot_fill_moves_tokens_and_cash_exactly() -> None:
    book = ledger()
    booked = book.fill(fill(SPOT, 1, "0.1", "0.3", fee="0.00003"))
    assert isinstance(booked, Booked)
    account = book.accounts[SPOT]
    assert (account.tokens, account.usdt) == (D("0.1"), D("-0.03003"))
    assert book.fill(fill(SPOT, 1, "0.1", "0.3", fee="0.00003")) is None
    assert account.usdt == D("-0.03003")


@pytest.mark.parametrize(
    ("key", "currency", "fee", "tokens", "usdt", "other"),
    [
        (SPOT, "USDT", "0.5", "100", "-100.5", {}),
        (SPOT, "USDT", "-0.5", "100", "-99.5", {}),  # rebate
        (SPOT, "TOK", "0.5", "99.5", "-100", {}),  # taken in the token: reduces inventory
        (SPOT, "BNB", "0.5", "100", "-100", {"BNB": D("0.5")}),
        (PERP, "BNB", "0.5", "100", "0", {"BNB": D("0.5")}),
        (PERP, "TOK", "0.5", "100", "0", {"TOK": D("0.5")}),  # a perp wallet holds no tokens
        (SPOT, "BNB", "0", "100", "-100", {}),
    ],
)
def test_fees_by_currency(
    key: str, currency: str, fee: str, tokens: str, usdt: str, other: dict[str, Decimal]
) -> None:
    book = ledger()
    book.fill(fill(key, 1, "100", "1", fee=fee, currency=currency))
    account = book.accounts[key]
    assert (account.tokens, account.usdt) == (D(tokens), D(usdt))
    assert book.fees_unvalued == other


def test_a_perp_realises_against_its_average_entry() -> None:
    book = ledger()
    account = book.accounts[PERP]
    book.open(opened(PERP, "0", "1000"))
    book.fill(fill(PERP, 1, "-100", "1.00"))
    book.fill(fill(PERP, 2, "-100", "1.10"))
    assert account.average_entry == D("1.05")
    assert account.usdt == 1000
    book.fill(fill(PERP, 3, "50", "1.00", fee="0.025"))
    assert account.realised == D("2.5")
    assert account.usdt == D("1002.475")
    assert account.average_entry == D("1.05")
    book.fill(fill(PERP, 4, "250", "1.00"))  # closes 150, opens 100 long
    assert account.tokens == 100
    assert account.average_entry == 1
    assert account.usdt == D("1009.975")
    book.fill(fill(PERP, 5, "-100", "1.00"))
    assert (account.tokens, account.cost, account.average_entry) == (0, 0, None)


def test_three_thirds_leave_nothing_behind() -> None:
    book = ledger()
    account = book.accounts[PERP]
    book.fill(fill(PERP, 1, "3", "1.0000001"))
    book.fill(fill(PERP, 2, "7", "0.3333333"))
    for n in range(10):
        book.fill(fill(PERP, 10 + n, "-1", "0.7"))
    assert account.tokens == account.cost == 0
    assert account.usdt == D("7.0") - D("3.0000003") - D("2.3333331")


@pytest.mark.parametrize(
    "bad",
    [
        replace(fill(SPOT, 1, 1, 1), quantity=D(0)),
        replace(fill(SPOT, 1, 1, 1), quantity=D("NaN")),
        replace(fill(SPOT, 1, 1, 1), price=D("-1")),
        replace(fill(SPOT, 1, 1, 1), price=D("Infinity")),
        replace(fill(SPOT, 1, 1, 1), fee=D("NaN")),
        replace(fill(SPOT, 1, 1, 1), instrument="kraken.spot"),
        replace(fill(SPOT, 1, 1, 1), instrument=TREASURY),
    ],
)
def test_a_bad_fill_is_refused_and_changes_nothing(bad: object) -> None:
    book = ledger()
    assert isinstance(book.fill(bad), Refusal)  # type: ignore[arg-type]
    assert book.cash() == book.spot_tokens() == 0
    good = fill(SPOT, 1, 1, 1)
    assert isinstance(book.fill(good), Booked)  # a refused trade id is not burnt


def test_an_opening_counts_once() -> None:
    book = ledger()
    assert book.open(opened(TREASURY, "0", "1000")) is None
    assert book.open(opened(TREASURY, "3000000", "0", True)) is None
    again = book.open(opened(TREASURY, "3000000", "0", True))
    assert again is not None
    assert again.detail == ""
    assert book.borrowed == 3_000_000
    assert book.open(opened(TREASURY, "500000", "0", True)) is None  # another part of the loan
    assert book.accounts[TREASURY].tokens == 3_500_000
    assert isinstance(book.open(opened("kraken.spot", "1", "1")), Refusal)
    assert isinstance(book.open(opened(PERP, "1", "1")), Refusal)
    assert isinstance(book.open(opened(SPOT, "NaN", "1")), Refusal)


def test_an_account_taken_from_its_venue_is_not_opened_again() -> None:
    book = ledger()
    book.adopt(SPOT, D(5), D(6))
    refusal = book.open(opened(SPOT, "5", "6"))
    assert refusal is not None
    assert refusal.detail
    assert book.accounts[SPOT].tokens == 5


def test_transfers_inside_keep_the_total_and_repeat_as_one() -> None:
    book = ledger()
    book.open(opened(TREASURY, "100", "1000"))
    move = moved(TREASURY, SPOT, "40", "10")
    assert book.transfer(move) == Moved("", ZERO, ZERO)
    assert book.transfer(replace(move)) is None
    assert book.accounts[SPOT].tokens == 40
    assert (book.spot_tokens(), book.cash()) == (100, 1000)
    assert isinstance(book.transfer(moved(TREASURY, PERP, "1", "0")), Refusal)
    assert isinstance(book.transfer(moved("nobody", "elsewhere", "1", "0")), Refusal)
    assert isinstance(book.transfer(moved(TREASURY, SPOT, "NaN", "0")), Refusal)


def test_transfers_across_the_border_name_the_other_side() -> None:
    book = ledger()
    book.open(opened(TREASURY, "3000000", "1000", True))
    assert book.transfer(moved(TREASURY, "lp", "500", "100")) == Moved("lp", D(-500), D(-100))
    assert book.transfer(moved("exercise", SPOT, "10", "0")) == Moved("exercise", D(10), D(0))
    book.transfer(moved(TREASURY, "loan", "1000", "0"))
    assert book.repaid == 1_000


def test_funding_counts_once() -> None:
    book = ledger()
    pay = FundingPaid(T0, T0, PERP, "f1", 0.0001, D(-100), D("0.01"))
    assert book.funding(pay) is True
    assert book.funding(pay) is False
    assert book.accounts[PERP].usdt == D("0.01")
    assert isinstance(book.funding(replace(pay, instrument="x.perp")), Refusal)
    assert isinstance(book.funding(replace(pay, payment_id="f2", usdt=D("NaN"))), Refusal)


def test_an_adjustment_of_a_perp_trades_at_the_mark() -> None:
    book = ledger()
    book.adjust(PERP, D(-10), D(0), D("1.5"))
    assert (book.accounts[PERP].tokens, book.accounts[PERP].cost) == (-10, D("-15.0"))
    book.adjust(SPOT, D(3), D(-2), D("1.5"))
    assert (book.accounts[SPOT].tokens, book.accounts[SPOT].usdt) == (3, -2)
    book.shift_entry(PERP, D(4))
    assert book.cash() == D(15) - 2  # shifting between wallet and entry changes no total


def test_an_adopted_perp_gets_its_entry_later() -> None:
    book = ledger()
    book.adopt(PERP, D(-10), D(50))
    assert book.accounts[PERP].average_entry is None
    book.set_entry(PERP, D("1.2"))
    assert book.accounts[PERP].average_entry == D("1.2")


FILLS = st.lists(
    st.tuples(
        st.sampled_from([SPOT, PERP, SPOTS[1], PERPS[1]]),
        st.integers(-500, 500).filter(bool),
        st.integers(5_000, 20_000),
        st.integers(-50, 50),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(FILLS, st.randoms(use_true_random=False), st.data())
def test_any_order_gives_the_same_ledger(rows, random, data) -> None:  # type: ignore[no-untyped-def]
    facts = [
        fill(key, n, D(lots) / 10, D(ticks) / 10_000, fee=D(fee) / 1000, at_s=n)
        for n, (key, lots, ticks, fee) in enumerate(rows)
    ]
    shuffled = facts + data.draw(st.lists(st.sampled_from(facts), max_size=10))
    random.shuffle(shuffled)
    one, two = ledger(), ledger()
    for fact in facts:
        one.fill(fact)
    for fact in shuffled:
        two.fill(fact)
    assert one.cash() == two.cash()
    for key in one.accounts:
        a, b = one.accounts[key], two.accounts[key]
        assert a.tokens == b.tokens
        assert a.usdt - a.cost == b.usdt - b.cost
        if not a.tokens:
            assert a.usdt == b.usdt
    expected = sum(-f.side * f.quantity * f.price - f.fee for f in facts)
    assert one.cash() == expected
