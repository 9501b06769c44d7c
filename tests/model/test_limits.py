import pytest
from pydantic import ValidationError

from bot.model.limits import HedgeLimits, Limits, QuoteLimits, RiskLimits


def test_defaults_are_the_deal_as_written() -> None:
    limits = Limits()
    assert limits.risk.phi == 0
    assert {name: (o.bid_usdt, o.ask_usdt) for name, o in limits.obligations.items()} == {
        "binance": (100_000, 100_000),
        "bybit": (50_000, 50_000),
        "bitget": (50_000, 50_000),
    }
    assert sum(limits.quote.level_weights) == pytest.approx(1)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (QuoteLimits, "skew_bps_max", -1),
        (QuoteLimits, "refresh_tolerance_bps", float("nan")),
        (HedgeLimits, "exchange_share_max", 1.5),
        (HedgeLimits, "band_usdt_max", float("inf")),
        (RiskLimits, "phi", 2),
        (RiskLimits, "no_such_key", 1),
    ],
)
def test_bad_values_and_unknown_keys_are_refused(section: type, key: str, value: float) -> None:
    with pytest.raises(ValidationError, match=key):
        section(**{key: value})


def test_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        Limits().risk.phi = 0.5  # type: ignore[misc]
