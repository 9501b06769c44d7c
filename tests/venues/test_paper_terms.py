"""Latencies and fates are drawn as their shares say, and only when chance is involved."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from bot.venues.paper_terms import Fate, PaperTerms, draw_latency_s


class NoDraws:
    """A source that must not be asked."""

    def random(self) -> float:
        raise AssertionError("a number was drawn")


def test_latency_has_its_mean_and_its_floor() -> None:
    draws = random.Random(3)
    drawn = [draw_latency_s(0.02, 0.3, draws) for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(0.02, rel=0.01)
    assert min(drawn) >= 0.014
    assert max(drawn) <= 0.02 * (0.7 + 0.3 * 10)


@pytest.mark.parametrize(("mean", "jitter"), [(0.0, 0.3), (0.02, 0.0)])
def test_a_certain_latency_draws_nothing(mean: float, jitter: float) -> None:
    assert draw_latency_s(mean, jitter, NoDraws()) == mean


def test_fates_come_in_their_shares() -> None:
    terms = PaperTerms(reject_share=0.2, lost_request_share=0.1, lost_answer_share=0.3)
    draws = random.Random(4)
    counts = Counter(terms.fate(draws) for _ in range(20_000))
    shares = {fate: count / 20_000 for fate, count in counts.items()}
    assert shares == {
        Fate.REJECTED: pytest.approx(0.2, abs=0.01),
        Fate.LOST_REQUEST: pytest.approx(0.1, abs=0.01),
        Fate.LOST_ANSWER: pytest.approx(0.3, abs=0.01),
        Fate.DONE: pytest.approx(0.4, abs=0.01),
    }


def test_terms_without_faults_say_so() -> None:
    assert PaperTerms().faulty is False
    assert PaperTerms(lost_answer_share=0.1).faulty is True
