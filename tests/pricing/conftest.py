"""Golden numbers for the pricing tests, and a way to tell which of many cases is worst."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Any]:
    """`golden("options")` is the content of golden_options.json, read once."""
    read: dict[str, Any] = {}

    def load(name: str) -> Any:
        if name not in read:
            read[name] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        return read[name]

    return lambda name: load(name if name.startswith("pancake") else f"golden_{name}")


class Worst:
    """Keeps the largest ratio of error to tolerance and says where it was."""

    def __init__(self) -> None:
        self.ratio, self.where, self.cases = 0.0, "", 0

    def see(self, where: str, got: float, want: float, tolerance: float) -> None:
        """Note one comparison; a nan is infinitely wrong."""
        error = abs(got - want)
        ratio = error / tolerance if error == error else float("inf")
        self.cases += 1
        if ratio > self.ratio:
            self.ratio = ratio
            self.where = f"{where}: got {got!r}, want {want!r}, off by {error:.3g}, allowed {tolerance:.3g}"

    def check(self, least_cases: int) -> None:
        """Fail with the worst case unless all were within tolerance and none were missing."""
        assert self.cases >= least_cases, f"only {self.cases} comparisons"
        assert self.ratio <= 1, f"{self.where} (worst of {self.cases})"


@pytest.fixture
def worst() -> Worst:
    """A fresh `Worst`."""
    return Worst()
