"""A reload is taken whole or not at all: every bad or dangerous file leaves the limits as they were."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bad_limits import BAD, DANGEROUS, settings
from bot.model.facts import LimitsChanged, LimitsRefused
from bot.model.limits import Limits
from bot.ops.reload import Reloader
from limits_text import shipped_limits, with_value
from reload_desk import Clock, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with the shipped configuration."""
    return Desk(tmp_path)


def test_the_table_is_long_enough() -> None:
    assert len(BAD) + len(DANGEROUS) >= 100


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_changes_nothing_and_says_why(desk: Desk, name: str) -> None:
    edit, message = BAD[name]
    before = desk.reloader.limits
    data = edit(shipped_limits())
    assert data != shipped_limits().encode()
    result = desk.reload(data, confirm=True)
    assert result.outcome == "refused"
    assert not result.ok
    assert message in "\n".join(result.problems)
    for problem in result.problems:
        assert problem.startswith(f"{desk.limits_file}: ")
        assert "; " in problem
        assert "\n" not in problem
    assert desk.reloader.limits is before
    assert result.version == desk.reloader.version == 3
    assert [type(fact) for fact in desk.facts] == [LimitsRefused]
    assert "hunter2" not in repr(desk.facts)


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_dangerous_change_needs_a_second_word(desk: Desk, name: str) -> None:
    key, value = DANGEROUS[name]
    before = desk.reloader.limits
    text = with_value(shipped_limits(), key, value)
    result = desk.reload(text)
    assert result.outcome == "needs_confirm", result.problems
    assert [change.key for change in result.needs_confirm] == [key]
    assert f"{key}: " in result.problems[0]
    assert "--confirm" in result.problems[0]
    assert desk.reloader.limits is before
    assert [type(fact) for fact in desk.facts] == [LimitsRefused]
    again = desk.reload(text, confirm=True)
    assert again.outcome == "applied"
    assert [change.key for change in again.applied] == [key]
    assert desk.reloader.version == 4


def test_a_tightening_acts_at_once_and_is_journaled_whole(desk: Desk) -> None:
    text = settings(("hedge.order_usdt_max", "25000.0"), ("risk.net_delta_usdt_max", "100000.0"))(
        shipped_limits()
    )
    result = desk.reload(text)
    assert (result.outcome, result.version, result.problems, result.warnings) == ("applied", 4, (), ())
    (fact,) = desk.facts
    assert isinstance(fact, LimitsChanged)
    assert (fact.seen_ns, fact.version, fact.by, fact.digest) == (7, 4, "ann", result.digest)
    assert len(fact.digest) == 64
    assert fact.changes == (
        ("hedge.order_usdt_max", "50000", "25000"),
        ("risk.net_delta_usdt_max", "150000", "100000"),
    )
    assert fact.limits.hedge.order_usdt_max == 25_000
    assert result.as_dict()["applied"] == [list(change) for change in fact.changes]


def test_the_same_file_changes_nothing_and_leaves_no_fact(desk: Desk) -> None:
    assert desk.reload(shipped_limits() + "# a remark\n").outcome == "unchanged"
    assert desk.facts == []


def test_mixed_changes_wait_together_for_the_second_word(desk: Desk) -> None:
    text = settings(("hedge.collar_bps", "40.0"), ("risk.net_delta_usdt_max", "900000.0"))(shipped_limits())
    assert desk.reload(text).outcome == "needs_confirm"
    assert desk.reloader.limits == Limits()
    assert {change.key for change in desk.reload(text, confirm=True).applied} == {
        "hedge.collar_bps",
        "risk.net_delta_usdt_max",
    }


def test_a_missing_file_is_refused(desk: Desk) -> None:
    desk.limits_file.unlink()
    result = desk.reloader.reload("ann")
    assert result.outcome == "refused"
    assert "cannot be read (No such file or directory); check the path" in result.problems[0]


def test_an_exchange_added_or_removed_waits_for_a_restart(desk: Desk) -> None:
    text = shipped_limits()
    result = desk.reload(text[: text.index("[obligations.bitget]")])
    assert result.outcome == "unchanged"
    assert [change.key for change in result.needs_restart] == ["obligations.bitget"]
    assert "bitget" in desk.reloader.limits.obligations


def test_other_files_wait_for_a_restart_and_are_listed(desk: Desk) -> None:
    main = desk.main.read_text().replace("sample_move_bps = 2.0", "sample_move_bps = 3.0")
    desk.main.write_text(main.replace('level = "info"', 'level = "debug"'))
    deal = desk.folder / "deal.toml"
    deal.write_text(deal.read_text().replace("strike_usdt = 1.25", "strike_usdt = 1.30"))
    result = desk.reload(with_value(shipped_limits(), "hedge.collar_bps", "40.0"))
    assert result.outcome == "applied"
    found = {change.key: (change.old, change.new) for change in result.needs_restart}
    assert found["marks.sample_move_bps"] == ("2", "3")
    assert found["logs.level"] == ('"info"', '"debug"')
    assert set(found) == {"marks.sample_move_bps", "logs.level", "deal.tranches"}


def test_a_broken_main_file_does_not_stop_a_tightening(desk: Desk) -> None:
    desk.main.write_text("mode = 1\n")
    result = desk.reload(with_value(shipped_limits(), "hedge.collar_bps", "40.0"))
    assert result.outcome == "applied"
    assert any("at the next start: " in warning and "mode = 1" in warning for warning in result.warnings)


def test_secrets_never_show_in_a_reload(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    env = {"BOT_BINANCE_API_KEY": "canary-one", "BOT_BINANCE_SECRET": "canary-two"}
    desk.reloader = Reloader(desk.settings, lambda: desk.view, desk.facts.append, Clock(), env)
    result = desk.reload(shipped_limits())
    assert [change.key for change in result.needs_restart] == ["secrets.binance"] or all(
        change.key.startswith("secrets.binance") for change in result.needs_restart
    )
    assert "canary" not in repr(result)


def test_a_fault_that_was_there_before_does_not_stop_a_tightening(desk: Desk) -> None:
    """The price doubled: the margin check fails with any limits, yet the operator must be able to tighten."""
    desk.view = replace(desk.view, marks=replace(desk.view.marks, fair=2.0))
    assert desk.reload(with_value(shipped_limits(), "hedge.collar_bps", "40.0")).outcome == "applied"
    worse = desk.reload(with_value(shipped_limits(), "hedge.liquidation_distance_min", "0.24"))
    assert worse.outcome == "refused"
    assert "hedge.liquidation_distance_min = 0.24" in worse.problems[0]
    better = desk.reload(with_value(shipped_limits(), "hedge.liquidation_distance_min", "0.26"))
    assert better.outcome == "applied"


def test_the_live_price_judges_not_the_opening_one(desk: Desk) -> None:
    desk.view = replace(desk.view, marks=replace(desk.view.marks, fair=0.1), perps={})
    result = desk.reload(with_value(shipped_limits(), "hedge.band_tokens_fixed", "200000.0"), confirm=True)
    assert result.outcome == "applied"


def test_a_storm_of_reloads_ends_with_the_last_file(desk: Desk) -> None:
    for number in range(100):
        value = f"{40 + number % 7}.0"
        desk.reload(with_value(shipped_limits(), "hedge.collar_bps", value) if number % 3 else b"[")
    changed = [fact for fact in desk.facts if isinstance(fact, LimitsChanged)]
    assert [fact.version for fact in changed] == list(range(4, 4 + len(changed)))
    assert desk.reloader.limits == changed[-1].limits
    assert sum(isinstance(fact, LimitsRefused) for fact in desk.facts) == 34


def test_a_file_changed_while_the_daemon_was_down_is_announced(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.reloader.announce() is None
    old = Limits.model_validate({"hedge": {"collar_bps": 30}})
    desk.view = replace(desk.view, limits=old, limits_version=9)
    fact = desk.reloader.announce()
    assert fact is not None
    assert (fact.version, fact.by, fact.digest) == (10, "start", desk.settings.limits_digest)
    assert fact.changes == (("hedge.collar_bps", "30", "50"),)
    assert fact.limits == Limits()
    assert desk.facts == [fact]


def test_the_working_directory_and_environment_are_not_touched(desk: Desk) -> None:
    before = (os.getcwd(), dict(os.environ))
    desk.reload(shipped_limits())
    assert (os.getcwd(), dict(os.environ)) == before
