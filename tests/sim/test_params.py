"""Parameters: the reference numbers add up, and what makes no sense is refused."""

import math

import pytest
from pydantic import ValidationError

from bot.sim.params import (
    BookParams,
    FlowParams,
    InstrumentParams,
    PoolParams,
    PriceParams,
    WorldParams,
    diffusion_scale,
    impact_variance_annual,
    realised_sigma_annual,
    sim_instruments,
)


def test_the_reference_market_realises_a_volatility_of_one() -> None:
    assert realised_sigma_annual(WorldParams()) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("multiplier", [0.5, 1.3, 2.0])
def test_the_multiplier_scales_the_total(multiplier: float) -> None:
    base = WorldParams()
    params = WorldParams(price=PriceParams(realised_multiplier=multiplier))
    impact = impact_variance_annual(params.flow)
    without_impact = realised_sigma_annual(base) ** 2 - impact
    total = math.sqrt(diffusion_scale(params) ** 2 * without_impact + impact)
    assert total == pytest.approx(multiplier * realised_sigma_annual(base))


def test_a_total_below_the_takers_own_impact_is_refused() -> None:
    with pytest.raises(ValidationError, match="out of reach"):
        WorldParams(price=PriceParams(realised_multiplier=0.1))


def test_more_toxic_takers_move_the_price_more() -> None:
    assert impact_variance_annual(FlowParams(impact_share=0.6)) == pytest.approx(
        4 * impact_variance_annual(FlowParams(impact_share=0.3))
    )


def test_a_misspelt_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="sigma_anual"):
        PriceParams.model_validate({"sigma_anual": 1.0})


def test_level_tables_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValidationError, match="differ in length"):
        BookParams(spot_depths_bps=(7.0, 9.0))


def test_an_inside_out_range_is_refused() -> None:
    with pytest.raises(ValidationError, match="lie below"):
        PoolParams(kind="v3", lower_usdt=2.0, upper_usdt=1.0)


def test_six_instruments_spot_first() -> None:
    assert [i.id for i in sim_instruments(InstrumentParams())] == [
        "binance.spot",
        "bybit.spot",
        "bitget.spot",
        "binance.perp",
        "bybit.perp",
        "bitget.perp",
    ]
