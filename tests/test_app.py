"""The daemon as a whole, from its first fact to its exit code."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from bot.model.facts import Fact, Fill, Started, VenueSnapshot
from bot.model.order import OrderIntent, Purpose, Side
from bot.ops.journal_read import JournalReader
from bot.risk.state import RiskState
from whole_desk import PERPS, SPOTS, Whole, calm_market, settings_in


def facts_of(folder: Path) -> list[Fact]:
    with JournalReader(folder / "journal.db") as journal:
        return list(journal.facts())


async def _trading(whole: Whole) -> None:
    await whole.until(lambda: whole.quoting() and whole.in_band())


def test_start_quote_hedge_and_stop_in_order(tmp_path: Path) -> None:
    whole = Whole(settings_in(tmp_path))

    async def story() -> None:
        took = await whole.until(whole.quoting)
        assert took < 30
        await whole.until(whole.in_band, 30)
        assert whole.view.level == 0
        assert all(whole.resting(key) == 20 for key in SPOTS)
        assert whole.daemon.status()["state"] == "running"

    result = whole.run(story)
    assert result.exit_code == 0, result.left_open
    assert result.error == ""
    assert sum(whole.resting(key) for key in (*SPOTS, *PERPS)) == 0
    assert result.status["state"] == "stopped"
    assert result.status["orders"] == {"open": 0, "unknown": 0}
    assert result.left_open[0].startswith("net delta")
    assert result.status["left_open"] == result.left_open
    facts = facts_of(tmp_path)
    assert isinstance(facts[0], Started)
    assert len(facts) == result.status["version"]


def test_a_stop_in_the_middle_of_the_opening_hedge_waits_for_it(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))

    async def story() -> None:
        await whole.until(lambda: whole.view.hedges > 5)
        assert not whole.in_band()

    result = whole.run(story)
    assert result.exit_code == 0, result.left_open
    assert whole.in_band()


def _books(whole: Whole) -> dict[str, tuple[Decimal, Decimal]]:
    """Tokens and USDT of every account as the ledger has them; a perp's USDT with its entry cost."""
    accounts = whole.daemon.state.parts.books.ledger.accounts
    return {key: (accounts[key].tokens, accounts[key].usdt) for key in (*SPOTS, *PERPS)}


def _truth(whole: Whole) -> dict[str, tuple[Decimal, Decimal]]:
    return {key: (whole.exchange(key).position, whole.exchange(key).usdt) for key in (*SPOTS, *PERPS)}


def test_the_ledger_equals_the_exchanges_and_a_second_run_folds_to_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    whole = Whole(settings)

    async def story() -> None:
        await _trading(whole)
        await whole.until(lambda: whole.view.fills >= 10, 1_800)

    whole.run(story)
    books, truth = _books(whole), _truth(whole)
    for key, (tokens, usdt) in truth.items():
        assert books[key][0] == tokens
        assert abs(books[key][1] - usdt) < Decimal("0.001")

    again = RiskState(whole.parts.risk_setup)
    for fact in facts_of(tmp_path):
        again.apply(fact)
    accounts = again.parts.books.ledger.accounts
    assert {key: (accounts[key].tokens, accounts[key].usdt) for key in books} == books
    assert again.view() == whole.daemon.state.view()
    trades = [fact for fact in facts_of(tmp_path) if isinstance(fact, Fill)]
    exchanged = {(key, fill.trade_id) for key in truth for fill in whole.exchange(key).trades_since(0)}
    assert {(fact.instrument, fact.trade_id) for fact in trades} == exchanged


def test_the_same_seed_gives_the_same_facts_and_another_seed_others(tmp_path: Path) -> None:
    def told(name: str, seed: int) -> list[Fact]:
        folder = tmp_path / name
        whole = Whole(settings_in(folder, feed__seed=seed))

        async def story() -> None:
            await asyncio.sleep(120)

        whole.run(story)
        return facts_of(folder)

    first, second, other = told("a", 1), told("b", 1), told("c", 2)
    assert first == second
    assert first != other


class _Broken(RiskState):
    """A state in which an invariant breaks after the hundredth fact."""

    def apply(self, fact: Fact) -> None:
        if self.parts.count > 400:
            raise ArithmeticError("the books do not add up")
        super().apply(fact)


def test_a_broken_invariant_cancels_everything_and_exits_75(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))

    async def story() -> None:
        await whole.until(lambda: all(whole.resting(key) == 20 for key in SPOTS))
        whole.daemon.state.apply = _Broken.apply.__get__(whole.daemon.state)  # type: ignore[method-assign]
        whole.daemon.state.__class__ = _Broken
        await asyncio.sleep(600)

    result = whole.run(story)
    assert result.exit_code == 75
    assert "the books do not add up" in result.error
    assert sum(whole.resting(key) for key in (*SPOTS, *PERPS)) == 0


def test_a_full_inbox_stops_the_daemon_even_when_a_callback_finds_it(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))
    daemon = whole.daemon

    async def story() -> None:
        await _trading(whole)
        exchange, now = whole.exchange(SPOTS[0]), whole.loop.now_ns()
        daemon.inbox.capacity = 1  # the aggregator does not keep up
        assert exchange.pick_off(Side.BUY, 1, None, now) > 100_000
        await asyncio.sleep(600)

    result = whole.run(story)
    assert result.exit_code == 75
    assert "not keeping up" in result.error
    assert sum(whole.resting(key) for key in (*SPOTS, *PERPS)) == 0
    assert len(facts_of(tmp_path)) == daemon.state.parts.count  # whatever was accepted is on record


def test_an_unforeseen_failure_in_a_callback_is_not_swallowed(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))

    async def story() -> None:
        await _trading(whole)
        asyncio.get_running_loop().call_later(1, lambda: 1 // 0)
        await asyncio.sleep(600)

    result = whole.run(story)
    assert result.exit_code == 75
    assert "ZeroDivisionError" in result.error
    assert sum(whole.resting(key) for key in SPOTS) == 0


def test_a_stop_with_one_exchange_out_of_reach_clears_the_others_and_says_so(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))

    async def story() -> None:
        await _trading(whole)
        whole.venue(SPOTS[0]).disconnect("cable")
        await asyncio.sleep(1)

    result = whole.run(story)
    assert result.exit_code == 1
    assert result.error == ""
    assert sum(whole.resting(key) for key in SPOTS[1:]) == 0
    assert any(line.startswith(f"{SPOTS[0]}: orders may still rest there") for line in result.left_open)


def test_an_exchange_that_comes_back_during_the_stop_is_cleared(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))

    async def story() -> None:
        await _trading(whole)
        whole.venue(SPOTS[0]).disconnect("cable")
        whole.loop.call_later(21.5, whole.venue(SPOTS[0]).reconnect)

    result = whole.run(story)
    assert result.exit_code == 0, result.left_open
    assert sum(whole.resting(key) for key in SPOTS) == 0


def test_an_exchange_lost_at_the_start_ends_in_one_line(tmp_path: Path) -> None:
    whole = Whole(calm_market(tmp_path))
    whole.loop.call_later(0.05, whole.venue(PERPS[0]).disconnect)

    async def story() -> None:
        await asyncio.sleep(60)

    result = whole.run(story)
    assert result.exit_code != 0
    assert "connect" in result.error
    assert sum(whole.resting(key) for key in SPOTS) == 0


def test_an_order_of_a_newer_run_is_the_end_of_this_one_but_not_of_the_journal(tmp_path: Path) -> None:
    settings = calm_market(tmp_path)
    whole = Whole(settings)

    async def story() -> None:
        await _trading(whole)
        exchange = whole.exchange(SPOTS[0])
        strange = OrderIntent(
            "tkn-0009q00000000", SPOTS[0], Side.BUY, exchange.book.best_bid - 500, 1_000, Purpose.QUOTE
        )
        exchange.submit(strange, whole.loop.now_ns())
        await asyncio.sleep(120)

    result = whole.run(story)
    assert result.exit_code == 75
    assert "another instance" in result.error
    assert any(isinstance(fact, VenueSnapshot) and fact.open_orders for fact in facts_of(tmp_path))
    again = Whole(settings)

    async def short() -> None:
        await again.until(lambda: again.view.ready, 60)

    assert again.run(short).error == ""
