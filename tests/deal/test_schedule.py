import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deal.schedule import Progress, Slice, next_slice, remaining_s
from bot.model.limits import SellLimits

LIMITS = SellLimits(participation_max=0.1, slice_usdt_max=20_000, slice_interval_s=5, slippage_bps_max=30)


def test_a_slice_is_bounded_by_what_is_tightest() -> None:
    far = Progress(2_300_000, 0, 10_000_000)
    assert next_slice(far, LIMITS, 1.0, 1.0, 1e6) == Slice(20_000, 0.997)
    assert next_slice(far, LIMITS, 1.0, 1.0, 500) == Slice(500, 0.997)
    volume = Progress(2_300_000, 0, 50_000)
    assert next_slice(volume, LIMITS, 1.0, 1.0, 1e6) == Slice(pytest.approx(5_000), 0.997)
    last = Progress(2_300_000, 2_299_990, 1e9)
    assert next_slice(last, LIMITS, 1.0, 1.0, 1e6) == Slice(10, 0.997)


@pytest.mark.parametrize(
    ("progress", "limits", "bid", "held", "reason"),
    [
        (Progress(100, 0, 1e6), LIMITS.model_copy(update={"enabled": False}), 1.0, 100, "switched off"),
        (Progress(100, 100, 1e6), LIMITS, 1.0, 100, "all is sold"),
        (Progress(100, 0, 1e6), LIMITS, 0.99, 100, "below"),
        (Progress(100, 0, 1e6), LIMITS.model_copy(update={"price_usdt_min": 1.2}), 1.0, 100, "below 1.2"),
        (Progress(1e6, 10, 100), LIMITS, 1.0, 100, "waiting for volume"),
        (Progress(1e6, 0, 1e6), LIMITS, 1.0, 0, "no tokens"),
    ],
)
def test_waiting_says_why(
    progress: Progress, limits: SellLimits, bid: float, held: float, reason: str
) -> None:
    answer = next_slice(progress, limits, 1.0, bid, held)
    assert isinstance(answer, str)
    assert reason in answer


def test_remaining_time() -> None:
    progress = Progress(2_300_000, 0, 0)
    # 10 % of 100 tokens/s is 10/s; slices alone would allow 4,000/s
    assert remaining_s(progress, LIMITS, 100, 1.0) == pytest.approx(230_000)
    assert remaining_s(progress, LIMITS, 0, 1.0) is None
    assert remaining_s(Progress(1, 1, 0), LIMITS, 0, 1.0) == 0


@given(st.floats(0, 3e6), st.floats(0, 3e6), st.floats(0, 1e8), st.floats(0.5, 2), st.floats(0, 1e6))
def test_a_slice_never_oversells(total: float, sold: float, volume: float, bid: float, held: float) -> None:
    progress = Progress(total, sold, volume)
    answer = next_slice(progress, LIMITS, 1.0, bid, held)
    if isinstance(answer, Slice):
        assert 0 < answer.tokens <= min(held, max(0.0, total - sold))
        assert sold + answer.tokens <= LIMITS.participation_max * volume * (1 + 1e-12) + 1e-9
        assert answer.price_usdt <= bid
