"""The two deltas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.risk.exposure import Part, Sources, measure

DEAL = json.loads((Path(__file__).parent.parent / "golden" / "golden_misc.json").read_text())["deal"]


def sources(**more: object) -> Sources:
    base = Sources(
        200_000, -849_356, 0, -849_356, 3_000_000, 0.0, Part(500_000, -250_000), Part(149_356, 111_548)
    )
    return base._replace(**more)


@pytest.mark.parametrize("stage", DEAL["stages"], ids=lambda s: s["stage"])
def test_every_stage_of_the_deal(stage: dict[str, float]) -> None:
    parts = Sources(
        stage["spot"],
        stage["perp"],
        0.0,
        stage["perp"],
        -stage["loan"],
        0.0,
        Part(stage["lp"]),
        Part(stage["option_delta"]),
    )
    exposure = measure(parts, 1.0)
    assert exposure.source == pytest.approx(stage["delta_source"], abs=1e-6)
    assert exposure.economic == pytest.approx(stage["delta_economic"], abs=1e-6)


def test_phi_moves_only_the_target() -> None:
    zero, half = measure(sources(), 1.0), measure(sources(phi=0.5), 1.0)
    assert (zero.source, zero.economic) == (half.source, half.economic)
    assert half.target == 1_500_000
    assert half.net == zero.net - 1_500_000


def test_working_counts_in_net_and_targets_in_hedged_net() -> None:
    x = measure(sources(perp=-800_000, working=-20_000), 1.0)
    assert x.net == 200_000 - 800_000 + 500_000 + 149_356 - 20_000
    assert x.hedged_net == 0
    assert x.gamma == -250_000 + 111_548


def test_unknown_shows_as_none_but_keeps_its_last_value_in_the_sums() -> None:
    x = measure(sources(lp=Part(500_000, -250_000, False)), 1.0)
    assert x.lp is None
    assert not x.complete
    assert x.source == measure(sources(), 1.0).source
    assert measure(sources(option=Part(0, 0, False)), 1.0).option is None
    assert not measure(sources(positions_known=False), 1.0).complete
    assert measure(sources(), 1.0).complete
