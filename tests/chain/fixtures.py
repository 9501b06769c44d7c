"""The node that all tests of a session share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chain.lab import SharedNode


@pytest.fixture(scope="session")
def shared_node() -> Iterator[SharedNode]:
    """One anvil; a missing Node.js fails here with the remedy."""
    node = SharedNode()
    yield node
    node.stop()
