"""Real sockets on this machine: the three exchanges' own protocols and a chain with PancakeSwap on it."""
