"""The outside world of exchanges: one Protocol, its paper and real implementations, and the guard before them."""
