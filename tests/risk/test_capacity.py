"""Room on the perps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.model.limits import Limits
from bot.pricing.liquidation import liquidation_price
from bot.risk.capacity import (
    MAINTENANCE_RATE,
    Perp,
    closing_room,
    gross_room,
    growth_room,
    margin,
    may_grow,
    position_max,
    quote_rooms,
    rooms,
)
from risk_desk import limits

LIQUIDATION = json.loads((Path(__file__).parent.parent / "golden" / "golden_misc.json").read_text())[
    "liquidation"
]
LIMITS = Limits()


def perp(**more: object) -> Perp:
    base = Perp("a.perp", 1.0, 5.0, 5e-4, known=True, up=True, wallet_usdt=1e5, equity_usdt=1e5, mark=1.0)
    return replace(base, **more)  # type: ignore[arg-type]


def room(one: Perp) -> tuple[float, float]:
    return rooms({"a": one}, gross_room([one], 1.0, LIMITS), margin(LIMITS))["a"]


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("price", [0.2, 1.0, 7.0])
@pytest.mark.parametrize("distance", [0.1, 0.25, 0.4])
def test_the_largest_position_is_liquidated_just_at_the_distance(
    side: int, price: float, distance: float
) -> None:
    chosen = limits(hedge={"liquidation_distance_min": distance, "margin_use_max": 1.0})
    size = position_max(perp(mark=price), side, margin(chosen))
    at = liquidation_price(side * size, price, 1e5, MAINTENANCE_RATE)
    assert at == pytest.approx(price * (1 - side * distance))


def test_only_part_of_the_equity_is_used() -> None:
    full, most = limits(hedge={"margin_use_max": 1.0}), limits(hedge={"margin_use_max": 0.8})
    assert position_max(perp(), -1, margin(most)) == pytest.approx(
        0.8 * position_max(perp(), -1, margin(full))
    )


@pytest.mark.parametrize("more", [{"mark": None}, {"equity_usdt": 0.0}, {"equity_usdt": -5.0}])
def test_without_mark_or_equity_there_is_no_room(more: dict[str, object]) -> None:
    assert position_max(perp(**more), -1, margin(LIMITS)) == 0
    assert room(perp(**more)) == (0, 0)


@pytest.mark.parametrize(
    ("more", "grows"),
    [
        ({}, True),
        ({"up": False}, False),
        ({"known": False}, False),
        ({"penalised": True}, False),
        ({"margin_ratio": 0.5}, True),
        ({"margin_ratio": 0.8}, False),
        ({"liquidation_price": 1.5}, True),
        ({"liquidation_price": 1.1}, False),
        ({"liquidation_price": 0.0}, True),
    ],
)
def test_the_venue_has_a_say(more: dict[str, object], grows: bool) -> None:
    assert may_grow(perp(**more), margin(LIMITS)) is grows
    assert (growth_room(perp(**more), -1, margin(LIMITS)) > 0) is grows


def test_closing_needs_no_margin_only_a_usable_venue() -> None:
    near = perp(target=-500.0, liquidation_price=1.01)
    assert (closing_room(near, 1), closing_room(near, -1)) == (500, 0)
    assert room(near) == (0, 500)
    assert closing_room(perp(target=-500.0, up=False), 1) == 0


def test_room_is_measured_from_the_target() -> None:
    most = position_max(perp(), -1, margin(LIMITS))
    assert growth_room(perp(target=-1_000.0), -1, margin(LIMITS)) == pytest.approx(most - 1_000)
    assert growth_room(perp(target=1_000.0), -1, margin(LIMITS)) == pytest.approx(most)
    sell, buy = room(perp(target=-1_000.0))
    assert sell == pytest.approx(most - 1_000)
    assert buy == pytest.approx(1_000 + position_max(perp(), 1, margin(LIMITS)))


def test_gross_is_capped_over_all_perps() -> None:
    chosen = limits(risk={"gross_perp_usdt_max": 10_000})
    pair = {"a": perp(target=-6_000.0), "b": perp(target=3_000.0)}
    assert gross_room(pair.values(), 1.0, chosen) == 1_000
    assert gross_room(pair.values(), 2.0, chosen) == 0
    assert rooms(pair, gross_room(pair.values(), 1.0, chosen), margin(chosen))["a"][0] == 1_000
    assert (
        rooms(pair, gross_room(pair.values(), 1.0, chosen), margin(chosen))["b"][0] == 4_000
    )  # closing 3,000 first


def test_quotes_get_a_share_of_the_room_and_never_pass_the_delta_limit() -> None:
    by_perp = {"a": (100_000.0, 40_000.0), "b": (100_000.0, 40_000.0)}
    assert quote_rooms(by_perp, 0.0, 1.0, LIMITS) == (100_000, 40_000)
    assert quote_rooms(by_perp, 100_000.0, 1.0, LIMITS) == (50_000, 40_000)
    assert quote_rooms(by_perp, 200_000.0, 1.0, LIMITS) == (0, 40_000)
    assert quote_rooms(by_perp, 0.0, 3.0, LIMITS)[0] == 50_000
    assert quote_rooms({}, 0.0, 1.0, LIMITS) == (0, 0)
