"""The simulated pool as the chain shell would report it: `PoolObserved` facts.

Rule 1: a fact is absolute, so leaving one out loses nothing; blocks in which nothing moved are left out.
Rule 2: the sink is called inside the block, in the market's loop turn; it must be quick and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.model.facts import PoolObserved
from bot.sim.pool import PoolMarket

NS = 1_000_000_000


class PaperPool:
    """Watches a `PoolMarket` and hands a fact to `sink` when the pool has moved or the last fact is old.

    A fact is sent when the price moved by `change_bps_min` since the last one, or `every_s` have passed;
    with both 0 every block is reported. `observe` can be called at any time (start, operator's query).
    """

    def __init__(
        self,
        market: PoolMarket,
        sink: Callable[[PoolObserved], None],
        *,
        position_id: str = "paper-1",
        change_bps_min: float = 1.0,
        every_s: float = 60.0,
    ) -> None:
        self._market, self._sink = market, sink
        self._position_id = position_id
        self._change_min = change_bps_min / 1e4
        self._every_ns = round(every_s * NS)
        self._sent_price = 0.0
        self._sent_ns = 0
        market.on_block = self.block

    def block(self, now_ns: int, number: int) -> None:
        """A block was sealed: report it when it changed enough."""
        price, sent = self._market.pool.price, self._sent_price
        if abs(price - sent) < self._change_min * sent and now_ns - self._sent_ns < self._every_ns:
            return
        self._sent_price, self._sent_ns = price, now_ns
        self._sink(self.observe(now_ns, number))

    def observe(self, now_ns: int, number: int | None = None) -> PoolObserved:
        """The pool now, as a fact."""
        block = self._market.number if number is None else number
        pool = self._market.pool
        return PoolObserved(
            seen_ns=now_ns,
            venue_ns=now_ns,
            block=block,
            block_hash=f"paper-{block}",
            price=pool.price,
            positions=(pool.reading(self._position_id),),
            provider="paper",
        )
