"""A market in a box, seeded: matching, accounts, price and flow processes, AMM, replay, faults. Pure."""
