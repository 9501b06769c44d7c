"""Marks from samples."""

from __future__ import annotations

import pytest

from bot.model.facts import MarketSampled
from bot.model.limits import Limits
from bot.model.market import TopOfBook
from bot.risk.marks import Marker
from risk_world import INSTRUMENTS, PERPS, SPOTS, T0, S, sample, top

LIMITS = Limits()


def marker() -> Marker:
    return Marker(INSTRUMENTS)


def test_a_sample_gives_fair_mids_and_touch() -> None:
    m = marker()
    assert m.sample(sample(1.0, 0.5), LIMITS)
    assert m.sample(sample(1.0, 1), LIMITS)
    marks = m.marks
    assert marks.fair == pytest.approx(1.0)
    assert marks.fair_inputs == 6
    assert set(marks.mids) == set(INSTRUMENTS)
    assert marks.basis == dict.fromkeys(PERPS, 0.0)
    assert m.touch[PERPS[0]] == (pytest.approx(2e-4), 5_000)
    assert marks.sigma == 1.0
    assert marks.time_ns == T0 + S


def test_an_older_sample_changes_nothing() -> None:
    m = marker()
    m.sample(sample(1.0, 5), LIMITS)
    before = m.marks
    assert not m.sample(sample(2.0, 4), LIMITS)
    assert m.marks is before


@pytest.mark.parametrize(
    "bad",
    [
        TopOfBook(SPOTS[0], 0, 0, 10_002, 5, T0),
        TopOfBook(SPOTS[0], 9_998, 5, 0, 0, T0),
        TopOfBook(SPOTS[0], 10_002, 5, 10_002, 5, T0),
        TopOfBook(SPOTS[0], 10_003, 5, 10_002, 5, T0),
        TopOfBook("kraken.spot", 9_998, 5, 10_002, 5, T0),
    ],
)
def test_a_useless_top_is_left_out(bad: TopOfBook) -> None:
    m = marker()
    m.sample(MarketSampled(T0, (bad, top(SPOTS[1], 1.0))), LIMITS)
    assert set(m.marks.mids) == {SPOTS[1]}
    assert m.marks.fair_inputs == 1


def test_no_book_no_fair() -> None:
    m = marker()
    m.sample(MarketSampled(T0, ()), LIMITS)
    assert m.marks.fair is None
    old = tuple(top(key, 1.0, at_s=-3) for key in INSTRUMENTS)
    m.sample(MarketSampled(T0 + S, old), LIMITS)
    assert m.marks.fair is None


def test_a_perp_joins_the_fair_value_once_its_basis_is_known() -> None:
    m = marker()
    tops = (*(top(k, 1.0) for k in SPOTS), top(PERPS[0], 1.01))
    m.sample(MarketSampled(T0, tops), LIMITS)
    assert m.marks.basis == {PERPS[0]: pytest.approx(0.00995, abs=1e-5)}
    assert m.marks.fair_inputs == 3  # learned from this sample, used from the next
    later = tuple(t._replace(seen_ns=T0 + S) for t in tops)
    m.sample(MarketSampled(T0 + S, later), LIMITS)
    assert m.marks.fair_inputs == 4
    assert m.marks.fair == pytest.approx(1.0, abs=1e-4)


def test_basis_is_learned_from_spot_only() -> None:
    m = marker()
    m.sample(sample(1.0, 0, keys=PERPS), LIMITS)
    assert m.marks.basis == {}
    assert m.marks.fair is None


def test_perps_alone_do_not_move_the_basis() -> None:
    m = marker()
    m.sample(sample(1.0, 0), LIMITS)
    before = dict(m.marks.basis)
    for at in range(2, 60, 2):
        tops = tuple(top(k, 1.02 if k == PERPS[0] else 1.0, at) for k in PERPS)
        m.sample(MarketSampled(T0 + at * S, tops), LIMITS)
    assert m.marks.basis == before
    assert m.marks.fair is not None


def test_funding_is_annual_and_kept_until_the_next_word() -> None:
    m = marker()
    m.sample(sample(1.0, 0, funding=0.1095), LIMITS)
    assert m.marks.funding_annual[PERPS[0]] == pytest.approx(0.1095)
    m.sample(MarketSampled(T0 + S, (), (("kraken.perp", 1.0, 8.0, T0), (PERPS[1], 1.0, 0.0, T0))), LIMITS)
    assert m.marks.funding_annual[PERPS[0]] == pytest.approx(0.1095)
    assert "kraken.perp" not in m.marks.funding_annual


def test_speed_looks_one_second_back() -> None:
    m = marker()
    for at, mid in ((0.0, 1.0), (0.5, 1.0), (0.9, 1.02)):
        m.sample(sample(mid, at), LIMITS)
    assert m.move_bps_per_s == pytest.approx(198, abs=1)
    for at in (1.5, 2.0, 2.6):
        m.sample(sample(1.02, at), LIMITS)
    assert m.move_bps_per_s == pytest.approx(0, abs=1e-6)
