"""Chain tests share one node."""

from chain.fixtures import shared_node

__all__ = ["shared_node"]
