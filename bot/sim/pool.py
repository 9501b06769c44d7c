"""A constant-product pool with arbitrageurs and noise traders, full range (V2) or in a range (V3).

Rule 1: exact swap algebra x·y = L² in floats on virtual reserves; the fee is taken from the input first.
Rule 2: arbitrage trades to the edge of the fee band and not beyond: fair·(1−fee) ≤ price ≤ fair/(1−fee).
Rule 3: all liquidity is one position, ours. V2 compounds its fees into the reserves, V3 keeps them beside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from bot.model.facts import LpReading
from bot.sim.params import DAY_S, PoolParams

NS = 1_000_000_000


class Pool:
    """One pool; `price` in USDT per token, amounts in whole tokens and USDT.

    `x`, `y` are virtual reserves (equal to the real ones for V2). Counters since the start: `volume_usdt`
    (input side, at the pool's price), `fees_token` and `fees_usdt` (the LP's part).
    """

    __slots__ = ("_keep", "_net", "_x_at_top", "_x_max", "_y_at_bottom", "_y_max", "fees_token", "fees_usdt",
                 "params", "swaps", "volume_usdt", "x", "y")  # fmt: skip

    def __init__(self, params: PoolParams, price_usdt: float) -> None:
        """Open with `params.usdt` USDT and the tokens that match at `price_usdt`.

        ValueError when the price lies outside a V3 range.
        """
        self.params = params
        self._net = 1.0 - params.fee
        self._keep = params.fee * params.lp_share
        root = math.sqrt(price_usdt)
        if params.kind == "v2":
            liquidity = params.usdt / root
        elif params.lower_usdt < price_usdt < params.upper_usdt:
            liquidity = params.usdt / (root - math.sqrt(params.lower_usdt))
        else:
            raise ValueError(
                f"pool price {price_usdt} lies outside the position's range "
                f"[{params.lower_usdt}, {params.upper_usdt}]: it would hold one token only"
            )
        self.fees_token = self.fees_usdt = self.volume_usdt = 0.0
        self.swaps = 0
        self.place(liquidity / root, liquidity * root)

    def place(self, x: float, y: float) -> None:
        """Set the virtual reserves (start, restore), and the edges of a V3 range with them."""
        self.x, self.y = x, y
        self._x_max = self._y_max = math.inf
        self._x_at_top = self._y_at_bottom = 0.0
        if self.params.kind == "v3":
            liquidity = self.liquidity
            lower, upper = math.sqrt(self.params.lower_usdt), math.sqrt(self.params.upper_usdt)
            self._x_max, self._y_max = liquidity / lower, liquidity * upper
            self._x_at_top, self._y_at_bottom = liquidity / upper, liquidity * lower

    @property
    def price(self) -> float:
        """USDT per token."""
        return self.y / self.x

    @property
    def liquidity(self) -> float:
        """L = √(x·y), in the unit where V2 tokens = L/√P."""
        return math.sqrt(self.x * self.y)

    @property
    def tokens(self) -> float:
        """Tokens in the position, without uncollected V3 fees."""
        return max(0.0, self.x - self._x_at_top)

    @property
    def usdt(self) -> float:
        """USDT in the position, without uncollected V3 fees."""
        return max(0.0, self.y - self._y_at_bottom)

    def sell_tokens(self, tokens: float) -> float:
        """Swap `tokens` in for USDT out; returns the USDT paid out. Input beyond a V3 range is refused."""
        tokens = min(tokens, (self._x_max - self.x) / self._net)
        if tokens <= 0.0:
            return 0.0
        effective, kept = tokens * self._net, tokens * self._keep
        self.volume_usdt += tokens * self.price
        x = self.x + effective
        out = self.y * effective / x
        self.x, self.y = x, self.y - out
        self.fees_token += kept
        self.swaps += 1
        if self.params.kind == "v2":
            self.x += kept
        return out

    def buy_tokens(self, usdt: float) -> float:
        """Swap `usdt` in for tokens out; returns the tokens paid out. Input beyond a V3 range is refused."""
        usdt = min(usdt, (self._y_max - self.y) / self._net)
        if usdt <= 0.0:
            return 0.0
        effective, kept = usdt * self._net, usdt * self._keep
        self.volume_usdt += usdt
        y = self.y + effective
        out = self.x * effective / y
        self.x, self.y = self.x - out, y
        self.fees_usdt += kept
        self.swaps += 1
        if self.params.kind == "v2":
            self.y += kept
        return out

    def arbitrage(self, fair_usdt: float) -> bool:
        """Trade to the nearer edge of the fee band around `fair_usdt`; returns whether anything traded."""
        price = self.y / self.x
        low = fair_usdt * self._net
        if price < low:
            target = math.sqrt(self.x * self.y * low)
            return self.buy_tokens((target - self.y) / self._net) > 0.0
        if price * self._net > fair_usdt:
            target = math.sqrt(self.x * self.y * self._net / fair_usdt)
            return self.sell_tokens((target - self.x) / self._net) > 0.0
        return False

    def reading(self, position_id: str) -> LpReading:
        """The position as a chain read would show it."""
        v2 = self.params.kind == "v2"
        return LpReading(
            position_id=position_id,
            kind=self.params.kind,
            liquidity=self.liquidity,
            lower=0.0 if v2 else self.params.lower_usdt,
            upper=math.inf if v2 else self.params.upper_usdt,
            token_amount=self.tokens,
            usdt_amount=self.usdt,
            fees_token=0.0 if v2 else self.fees_token,
            fees_usdt=0.0 if v2 else self.fees_usdt,
        )


BlockSink = Callable[[int, int], None]


class PoolMarket:
    """The pool in time: blocks, arbitrage against the fair price, noise swaps.

    `on_block(now_ns, number)` is called after each block. Block numbers count from the UTC epoch, so they
    go on growing over a restart.
    """

    def __init__(
        self, params: PoolParams, price_usdt: float, start_ns: int, seed: np.random.SeedSequence
    ) -> None:
        self.params = params
        self.pool = Pool(params, price_usdt)
        self.on_block: BlockSink | None = None
        self._rng = np.random.default_rng(seed)
        self._block_ns = round(params.block_s * NS)
        self.number = start_ns // self._block_ns
        self.next_block_ns = (self.number + 1) * self._block_ns
        self._gap_ns = DAY_S / params.noise_swaps_per_day * NS if params.noise_swaps_per_day else math.inf
        self._noise_ns = start_ns + self._gap_ns * self._rng.exponential()

    def block(self, now_ns: int, fair_usdt: float) -> int:
        """Seal every block due by `now_ns`; returns how many. Late blocks are sealed together."""
        due = (now_ns - self.next_block_ns) // self._block_ns + 1
        if due <= 0:
            return 0
        self.number += due
        self.next_block_ns += due * self._block_ns
        pool = self.pool
        pool.arbitrage(fair_usdt)
        while self._noise_ns <= now_ns:
            self._noise_ns += self._gap_ns * self._rng.exponential()
            if self._rng.random() < 0.5:
                pool.buy_tokens(self.params.noise_swap_usdt)
            else:
                pool.sell_tokens(self.params.noise_swap_usdt / pool.price)
        if self.on_block is not None:
            self.on_block(now_ns, self.number)
        return due

    def state(self) -> dict[str, float | str]:
        """What must survive a restart."""
        pool = self.pool
        return {
            "pool_kind": self.params.kind,
            "pool_x": pool.x,
            "pool_y": pool.y,
            "pool_fees_token": pool.fees_token,
            "pool_fees_usdt": pool.fees_usdt,
            "pool_volume_usdt": pool.volume_usdt,
        }

    def restore(self, state: Mapping[str, float | str]) -> None:
        """Continue from `state()`; KeyError names what is missing, ValueError a pool of another kind."""
        pool = self.pool
        if state["pool_kind"] != self.params.kind:
            raise ValueError(
                f"the stored pool is {state['pool_kind']}, the parameters say {self.params.kind}"
            )
        pool.place(float(state["pool_x"]), float(state["pool_y"]))
        pool.fees_token, pool.fees_usdt = float(state["pool_fees_token"]), float(state["pool_fees_usdt"])
        pool.volume_usdt = float(state["pool_volume_usdt"])
