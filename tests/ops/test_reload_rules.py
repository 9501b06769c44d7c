"""Every limit has a direction, and the direction decides what needs a second word."""

from __future__ import annotations

import pytest

from bot.config.read import flat
from bot.model.limits import Limits, ObligationLimits
from bot.ops.reload_rules import (
    CLASSES,
    OBLIGATION_CLASSES,
    Looser,
    class_of,
    diff,
    needs_confirmation,
    tightened,
)


def _limits(**sections: dict[str, object]) -> Limits:
    return Limits.model_validate(sections)


def test_every_key_has_a_class_and_every_class_a_key() -> None:
    keys = set(flat(Limits().model_dump(exclude={"obligations"})))
    assert set(CLASSES) == keys
    assert set(OBLIGATION_CLASSES) == set(ObligationLimits.model_fields)
    assert class_of("obligations.okx.bid_usdt") is Looser.OWED
    with pytest.raises(KeyError):
        class_of("hedge.leverage")


def test_every_maximum_is_looser_up_and_every_minimum_down_unless_said() -> None:
    for key, looser in CLASSES.items():
        if key.endswith("_max"):
            assert looser is Looser.UP, key
        if key.endswith("_min") and looser is Looser.UP:
            # "At least this long / this large before we act": waiting longer is the looser way.
            assert key in {"hedge.band_tokens_min", "hedge.order_interval_s_min", "quote.order_life_s_min"}


@pytest.mark.parametrize(
    ("key", "old", "new", "confirm"),
    [
        ("hedge.order_usdt_max", 50.0, 100.0, False),
        ("hedge.order_usdt_max", 50.0, 100.1, True),
        ("hedge.order_usdt_max", 50.0, 0.1, False),
        ("quote.skew_bps_max", 0.0, 0.1, True),
        ("quote.skew_bps_max", 0.1, 0.0, False),
        ("risk.unknown_orders_max", 0, 1, True),
        ("hedge.liquidation_distance_min", 0.25, 0.125, False),
        ("hedge.liquidation_distance_min", 0.25, 0.12, True),
        ("hedge.liquidation_distance_min", 0.25, 0.9, False),
        ("sell.price_usdt_min", 0.5, 0.0, True),
        ("sell.price_usdt_min", 0.0, 0.5, False),
        ("hedge.risk_aversion_per_usdt", 1e-5, 1e-6, True),
        ("options.sigma", 1.0, 0.4, True),
        ("options.sigma", 1.0, 1.9, False),
        ("options.carry", -0.3, 0.3, True),
        ("options.carry", None, 0.0, True),
        ("options.rate", 0.05, 0.06, False),
        ("hedge.band_tokens_fixed", 5.0, None, True),
        ("hedge.band_tokens_fixed", None, 5.0, True),
        ("risk.phi", 0.0, 1e-9, True),
        ("hedge.enabled", True, False, True),
        ("hedge.enabled", False, True, False),
        ("quote.enabled", True, False, False),
        ("quote.enabled", False, True, False),
        ("quote.level_weights", (1.0,), (0.5, 0.5), False),
        ("obligations.okx.ask_usdt", 100.0, 99.0, True),
        ("obligations.okx.ask_usdt", 100.0, 150.0, False),
        ("obligations.okx.ask_usdt", 100.0, 201.0, True),
        ("obligations.okx.spread_bps_max", 10.0, 9.0, False),
        ("obligations.okx.spread_bps_max", 10.0, 10.1, True),
        ("obligations.okx.depth_bps", 200.0, 99.0, True),
    ],
)
def test_what_needs_a_second_word(key: str, old: object, new: object, confirm: bool) -> None:
    assert needs_confirmation(key, old, new) is confirm


def test_tightened_is_the_other_direction() -> None:
    assert tightened("hedge.order_usdt_max", 5.0, 4.0)
    assert not tightened("hedge.order_usdt_max", 5.0, 6.0)
    assert tightened("hedge.liquidation_distance_min", 0.1, 0.2)
    assert tightened("risk.phi", 0.5, 0.5)
    assert not tightened("risk.phi", 0.5, 0.6)
    assert not tightened("hedge.band_tokens_fixed", None, 5.0)
    assert tightened("no.such.key", None, None)


def test_a_diff_is_sorted_by_what_it_needs() -> None:
    old = Limits()
    new = _limits(
        hedge={"collar_bps": 40, "order_usdt_max": 500_000},
        risk={"phi": 0.5},
        obligations={
            "binance": {"bid_usdt": 100_000, "ask_usdt": 100_000},
            "okx": {"bid_usdt": 1, "ask_usdt": 1},
        },
    )
    found = diff(old, new)
    assert found.at_once == (("hedge.collar_bps", "50", "40"),)
    assert found.confirm == (("hedge.order_usdt_max", "50000", "500000"), ("risk.phi", "0", "0.5"))
    assert [change.key for change in found.restart] == [
        "obligations.bybit",
        "obligations.bitget",
        "obligations.okx",
    ]
    assert list(found.result.obligations) == ["binance", "bybit", "bitget"]
    assert found.result.risk.phi == 0.5


def test_no_change_is_an_empty_diff() -> None:
    found = diff(Limits(), Limits.model_validate(Limits().model_dump()))
    assert found[1:] == ((), (), ())
