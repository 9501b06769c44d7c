"""Loading: the shipped files are sound, every fault of every file is told at once, overrides win."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from bot.config import load
from bot.config.read import read_toml
from bot.deal.terms import DealType
from bot.model.errors import ConfigError
from config_edits import Config
from limits_text import SHIPPED


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The shipped configuration, to be edited."""
    return Config(tmp_path)


def test_the_shipped_paper_configuration_runs_the_whole_deal() -> None:
    settings = load(SHIPPED / "paper.toml", {})
    assert (settings.mode, settings.prefix, settings.terms.type) == (
        "paper",
        "tkn",
        DealType.LOAN_CALL_OPTION,
    )
    assert [(option.strike_usdt, option.tokens) for option in settings.terms.tranches] == [
        (1.25, 1e5),
        (1.5, 1e5),
        (2.0, 1e5),
    ]
    owed = {name: (one.bid_usdt, one.ask_usdt) for name, one in settings.limits.obligations.items()}
    assert owed == {"binance": (1e5, 1e5), "bybit": (5e4, 5e4), "bitget": (5e4, 5e4)}
    assert set(settings.exchanges) == set(owed)
    assert settings.limits_digest == read_toml(SHIPPED / "limits.toml").digest
    assert "hedge.collar_bps" in settings.limits_keys
    assert settings.terms.start == settings.paper.start


def test_the_example_environment_names_real_keys(config: Config) -> None:
    lines = (SHIPPED / ".env.example").read_text().splitlines()
    pairs = [line.lstrip("# ").split("=", 1) for line in lines if line.lstrip("# ").startswith("BOT_")]
    assert {name for name, value in pairs if not value} >= {"BOT_BINANCE_API_KEY", "BOT_BITGET_PASSWORD"}
    address = "0x" + "c" * 40
    chain = f'[chain]\ntoken = "{address}"\nquote = "{address}"\nv2_pair = "{address}"\n'
    config.main.write_text(config.main.read_text() + chain)
    env = {name: value or "x" * 8 for name, value in pairs if name != "BOT_SECRETS_DIR"}
    settings = config.load(env)
    assert (settings.feed.seed, settings.logs.level) == (7, "debug")
    assert settings.chain is not None
    assert len(settings.chain.rpc_urls) == 2
    assert set(settings.secrets) == {"binance", "bybit", "bitget"}


def test_settings_are_frozen(config: Config) -> None:
    settings = config.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.mode = "live"  # type: ignore[misc]


def test_the_process_environment_is_the_default(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_FEED__SEED", "11")
    assert load(config.main).feed.seed == 11
    assert load(config.main, {}).feed.seed == 1
    assert "BOT_FEED__SEED" in os.environ


def test_faults_of_all_files_are_told_at_once(config: Config) -> None:
    config.edit(config.main, "seed = 1", 'seed = "one"')
    config.edit(config.main, 'level = "info"', 'level = "loud"')
    config.edit(config.deal, 'style = "american"', 'style = "asian"')
    config.edit(config.limits, "collar_bps = 50.0", "collar_bps = -1")
    problems = config.problems({"BOT_MARKS__SAMPLE_MOVE_BPS": "0"})
    assert sorted(problems) == [
        'deal.toml: style = "asian": must be one of american, european; set e.g. "american"',
        "environment BOT_MARKS__SAMPLE_MOVE_BPS: marks.sample_move_bps = 0: must be > 0; set e.g. 2",
        "limits.toml: hedge.collar_bps = -1: must be > 0; set e.g. 50",
        'paper.toml: feed.seed = "one": must be a whole number without quotes; set e.g. 1',
        'paper.toml: logs.level = "loud": must be one of debug, info, warning, error; set e.g. "info"',
    ]


EDITS = {
    "no deal named": (
        "main",
        'deal = "deal.toml"',
        "",
        'paper.toml: deal: is missing; set deal = "deal.toml"',
    ),
    "a number as file name": (
        "main",
        'limits = "limits.toml"',
        "limits = 5",
        "limits = 5: must be a file name",
    ),
    "a file that is not there": (
        "main",
        '"deal.toml"',
        '"dael.toml"',
        "dael.toml: cannot be read (No such file",
    ),
    "no mode": ("main", 'mode = "paper"', "", "paper.toml: mode: is missing"),
    "a prefix too long": ("main", 'prefix = "tkn"', 'prefix = "Token!"', 'prefix = "Token!"'),
    "a misspelt section": (
        "main",
        "[journal]",
        "[jornal]",
        "jornal: unknown key; remove it (known here: acknowledge",
    ),
    "a misspelt key": ("main", "group_commit_ms", "group_comit_ms", "did you mean `group_commit_ms`?"),
    "an internal key": ("main", 'mode = "paper"', 'mode = "paper"\norigins = {}', "origins: unknown key"),
    "a secret in the file": (
        "main",
        'mode = "paper"',
        'mode = "paper"\n[exchanges.binance]\napi_key = "canary-canary"',
        "exchanges.binance.api_key = ***: unknown key; secrets come from the environment",
    ),
    "a price as a float": (
        "main",
        'lot = "0.1"',
        "lot = 0.1",
        'exchanges.binance.spot.lot = 0.1: must stand in quotes, e.g. "0.0001"',
    ),
    "a world that does not exist": (
        "main",
        "start_usdt = 1.0",
        "start_usd = 1.0",
        "did you mean `start_usdt`?",
    ),
    "a date in quotes": (
        "deal",
        "expiry = 2027-01-01T00:00:00Z",
        'expiry = "2027-01-01"',
        "a date and time without quotes",
    ),
    "a date without zone": ("deal", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00", "deal.toml: expiry"),
    "an expiry before the start": ("deal", "2027-01-01", "2025-01-01", "must be after start"),
    "an unknown kind of deal": ("deal", '"loan_call_option"', '"loan"', "deal.toml: type"),
    "a tranche without strike": (
        "deal",
        "strike_usdt = 1.25\n",
        "",
        "deal.toml: tranches.0.strike_usdt: is missing",
    ),
    "a loan in quotes": (
        "deal",
        "loan_tokens = 3000000.0",
        'loan_tokens = "3M"',
        "must be a number without quotes",
    ),
    "half a limits file": ("limits", "[risk]", "[risk", "limits.toml: line "),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_fault_is_told_with_its_place(config: Config, name: str) -> None:
    file, old, new, message = EDITS[name]
    config.edit(getattr(config, file), old, new)
    problems = config.problems()
    assert any(message in line for line in problems), problems
    assert "canary" not in "".join(problems)
    assert all("; " in line and "\n" not in line for line in problems)


def test_a_missing_main_file_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read \(No such file or directory\)"):
        load(tmp_path / "none.toml", {})


def test_an_unknown_override_is_refused(config: Config) -> None:
    (line,) = config.problems({"BOT_FEED__SED": "7"})
    assert line == "environment BOT_FEED__SED: feed.sed = 7: unknown key; did you mean `seed`?"
    (line,) = config.problems({"BOT_FEDE__SEED": "7"})
    assert "fede: unknown key" in line
    assert config.problems({"BOT_LIMITS__RISK__PHI": "1"})


def test_recordings_count_from_the_main_file(config: Config) -> None:
    replay = '[feed.replay]\ndirectory = "data"\n[[feed.replay.recordings]]\n'
    replay += 'files = ["a.csv.gz"]\nplays = ["binance.spot"]\n'
    config.edit(config.main, "[paper]", replay + "\n[paper]")
    settings = config.load({"BOT_FEED__KIND": "replay"})
    assert settings.feed.replay is not None
    assert settings.feed.replay.directory == str(config.main.parent / "data")


def test_loading_opens_nothing_and_leaves_nothing_open(config: Config) -> None:
    config.load()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        config.load()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
