"""The nouns: instruments, orders, market data, facts, limits, the view. Pure."""
