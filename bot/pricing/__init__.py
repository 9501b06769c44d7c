"""Numbers in, numbers out: options, pool positions, volatility, fair value, bands. Pure."""
