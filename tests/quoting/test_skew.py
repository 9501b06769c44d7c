import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quoting.skew import balance_shift, delta_shift


@pytest.mark.parametrize(
    ("net", "shift"), [(0, 0), (20_000, -2), (10_000, -1), (-10_000, 1), (1e9, -2), (-1e9, 2)]
)
def test_the_lean_answers_unhedged_delta(net: float, shift: float) -> None:
    assert delta_shift(net, 20_000, 2.0) == pytest.approx(shift)


def test_comfortable_balances_do_not_lean() -> None:
    assert balance_shift(150_000, 150_000, (100_000, 100_000), 2.0) == 0


def test_shortage_of_tokens_leans_up_and_of_usdt_down() -> None:
    assert balance_shift(0, 150_000, (100_000, 100_000), 2.0) == pytest.approx(2.0)
    assert balance_shift(124_000, 150_000, (100_000, 100_000), 2.0) == pytest.approx(1.0)
    assert balance_shift(150_000, 0, (100_000, 100_000), 2.0) == pytest.approx(-2.0)
    assert balance_shift(75_000, 75_000, (100_000, 100_000), 2.0) == pytest.approx(0.0)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(-1e9, 1e9), st.floats(0, 10))
def test_shifts_stay_inside_their_bound(tokens: float, usdt: float, net: float, most: float) -> None:
    assert abs(balance_shift(tokens, usdt, (1e5, 1e5), most)) <= most + 1e-9
    assert abs(delta_shift(net, 20_000, most)) <= most


def test_nothing_owed_leans_nowhere() -> None:
    assert balance_shift(0, 0, (0, 0), 2.0) == 0
