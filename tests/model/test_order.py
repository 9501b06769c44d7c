import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.order import (
    TRANSITIONS,
    ClientIds,
    OrderState,
    Purpose,
    Side,
    base36,
    may_move,
    parse_client_id,
)


def test_side_is_a_sign() -> None:
    assert [5 * Side.BUY, 5 * Side.SELL, Side.BUY.word, Side.SELL.word] == [5, -5, "buy", "sell"]


def test_every_state_is_in_the_table_and_only_settled_ones_end() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    for state in OrderState:
        onward = TRANSITIONS[state] - {OrderState.FILLED, OrderState.OPEN}
        assert bool(onward) is not state.settled, state


@pytest.mark.parametrize(
    ("old", "new", "legal"),
    [
        (OrderState.SENT, OrderState.UNKNOWN, True),
        (OrderState.UNKNOWN, OrderState.DEAD, True),
        (OrderState.CANCELED, OrderState.FILLED, True),  # a late fill after the cancel
        (OrderState.FILLED, OrderState.OPEN, False),
        (OrderState.REJECTED, OrderState.OPEN, False),
        (OrderState.OPEN, OrderState.OPEN, True),
    ],
)
def test_transitions(old: OrderState, new: OrderState, legal: bool) -> None:
    assert may_move(old, new) is legal


@given(st.integers(0, 36**8 - 1))
def test_base36_inverts(number: int) -> None:
    text = base36(number, 8)
    assert len(text) == 8
    assert int(text, 36) == number


def test_ids_are_never_drawn_before_they_are_reserved() -> None:
    reserved: list[int] = []
    ids = ClientIds("dmm", 7, 500, reserved.append)
    assert reserved == [500 + ClientIds.BLOCK]
    drawn = [ids.draw(Purpose.HEDGE) for _ in range(ClientIds.BLOCK + 1)]
    assert reserved == [500 + ClientIds.BLOCK, 500 + 2 * ClientIds.BLOCK]
    assert len(set(drawn)) == len(drawn)
    first = parse_client_id(drawn[0])
    assert first is not None
    assert (first.prefix, first.epoch, first.purpose, first.sequence) == ("dmm", 7, Purpose.HEDGE, 500)
    assert len(drawn[0]) <= 32


@pytest.mark.parametrize(
    "text", [None, "", "web_123", "dmm-0001x00000001", "dmm-1q1", "DMM-0001q00000001", "x" * 64]
)
def test_foreign_ids_are_not_ours(text: str | None) -> None:
    assert parse_client_id(text) is None
