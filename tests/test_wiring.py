"""The parts of a mode: opening of the books, what is refused, what a restart finds again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.clock import LoopClock, ScaledLoop, VirtualLoop
from bot.model.errors import BotError
from bot.model.facts import AccountOpened, Transferred
from bot.venues.paper_store import NullStore
from bot.wiring import LP_ACCOUNT, build, opening_facts, place_of, risk_setup
from whole_desk import PERPS, SPOTS, settings_in


def test_the_books_open_with_the_whole_loan(tmp_path: Path) -> None:
    facts = opening_facts(settings_in(tmp_path), 7)
    opened = [fact for fact in facts if isinstance(fact, AccountOpened)]
    assert sum(fact.tokens for fact in opened if fact.borrowed) == Decimal(3_000_000)
    assert {fact.account for fact in opened} == {*SPOTS, *PERPS, "treasury"}
    (moved,) = (fact for fact in facts if isinstance(fact, Transferred))
    assert (moved.target, moved.tokens, moved.usdt) == (LP_ACCOUNT, Decimal(500_000), Decimal(500_000))
    assert {fact.seen_ns for fact in facts} == {7}


def test_the_plan_sells_all_but_asks_buffer_and_pool(tmp_path: Path) -> None:
    setup = risk_setup(settings_in(tmp_path))
    assert setup.sell_total_tokens == pytest.approx(3_000_000 - 200_000 * 1.3 - 500_000)
    assert set(setup.instruments) == {*SPOTS, *PERPS}


@pytest.mark.parametrize("change", [{"mode": "testnet"}, {"mode": "live"}, {"feed__kind": "live"}])
def test_modes_without_their_parts_are_refused_in_words(tmp_path: Path, change: dict[str, str]) -> None:
    loop = VirtualLoop()
    settings = settings_in(tmp_path, **change)
    with pytest.raises(BotError, match="exchange clients"):
        build(settings, place_of(settings, loop, None))
    loop.close()


def test_a_virtual_run_keeps_no_store_and_starts_on_the_configured_day(tmp_path: Path) -> None:
    loop = VirtualLoop()
    settings = settings_in(tmp_path)
    parts = build(settings, place_of(settings, loop, 5))
    assert loop.now_ns() == round(settings.paper.start.timestamp()) * 10**9
    assert isinstance(parts.venues[SPOTS[0]]._store, NullStore)  # type: ignore[attr-defined]
    assert "market" not in parts.background()
    parts.close()
    loop.close()


def test_a_real_run_begins_where_the_last_one_stopped(tmp_path: Path) -> None:
    ends = []
    for _ in range(2):
        loop = ScaledLoop(1)
        settings = settings_in(tmp_path)
        place = place_of(settings, loop, None)
        parts = build(settings, place)
        assert isinstance(place.clock, LoopClock)
        assert "market" in parts.background()
        if ends:
            assert place.clock.now_ns() >= ends[-1]
        else:
            place.clock.begin_at(place.clock.now_ns() + 3_600 * 10**9)  # an hour goes by
        parts.close()
        ends.append(place.clock.now_ns())
        loop.close()
    assert ends[1] - ends[0] < 60 * 10**9
