import dataclasses

import pytest

from bot.model.view import Exposure, Level, Marks


def test_levels_are_ordered_from_free_to_flat() -> None:
    assert [level.name for level in sorted(Level)] == [
        "NORMAL",
        "CAUTIOUS",
        "PULLED",
        "REDUCING",
        "HALTED",
        "FLATTEN",
    ]


def test_parts_of_the_view_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Exposure().net = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Marks().mids["binance.spot"] = 1.0  # type: ignore[index]


def test_unknown_reads_as_none() -> None:
    assert Marks().fair is None
    assert Exposure(lp=None, complete=False).lp is None
