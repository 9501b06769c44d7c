"""The loops: await, call a pure function, act."""
