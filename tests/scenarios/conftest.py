"""Here failures are provoked by the dozen: their tracebacks are dropped, what they lead to is asserted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


def _drop(_logger: object, _method: str, _event: Any) -> Any:
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No log is rendered while a test runs."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)
