"""A delta-neutral market-making daemon for one token's loan + call option deal."""

__version__ = "0.1.0"
