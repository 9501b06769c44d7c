"""The outside world of exchanges: one Protocol, its paper and real implementations, the guard before them."""
