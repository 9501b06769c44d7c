"""How far away a paper exchange is and how often it misbehaves.

Rule 1: every number is drawn from the seeded source that is handed in, in the order of the requests.
Rule 2: a source is asked only where chance is involved: without jitter and faults nothing is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

_TAIL_MAX = 10.0


class Draws(Protocol):
    """A seeded source of uniform numbers: `random.Random` or `numpy.random.Generator`."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


def draw_latency_s(mean_s: float, jitter: float, draws: Draws) -> float:
    """A latency with mean `mean_s`: a fixed part (1 - jitter) and an exponential tail; 0 stays 0."""
    if mean_s == 0 or jitter == 0:
        return mean_s
    return mean_s * (1 - jitter + jitter * min(-math.log(1 - draws.random()), _TAIL_MAX))


class Fate(Enum):
    """What becomes of a request."""

    DONE = auto()
    LOST_REQUEST = auto()
    LOST_ANSWER = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class PaperTerms:
    """How far away the exchange is and how often it misbehaves. Latencies are means, one way, in seconds.

    `jitter` is the share of a latency that varies. `reject_share` of new orders is refused as overloaded,
    `lost_request_share` of requests never arrives and `lost_answer_share` is done but not answered: both
    are reported UNKNOWN.
    """

    order_latency_s: float = 0.020
    answer_latency_s: float = 0.020
    jitter: float = 0.3
    reject_share: float = 0.0
    lost_request_share: float = 0.0
    lost_answer_share: float = 0.0

    @property
    def faulty(self) -> bool:
        """Whether any request may go wrong by chance."""
        return self.reject_share + self.lost_request_share + self.lost_answer_share > 0

    def fate(self, draws: Draws) -> Fate:
        """Draw what becomes of one request."""
        chance = draws.random()
        for share, fate in (
            (self.lost_request_share, Fate.LOST_REQUEST),
            (self.lost_answer_share, Fate.LOST_ANSWER),
            (self.reject_share, Fate.REJECTED),
        ):
            if chance < share:
                return fate
            chance -= share
        return Fate.DONE
