"""Messages: file, key, value, fault, remedy in one line, and no secret in any of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.config.problems import Problem, explain, is_secret, shown
from bot.config.settings import Settings
from bot.model.limits import Limits

SHIPPED = "{} it as in the file that ships with the program"
WEIGHTS = "[0.02, 0.02, 0.03, 0.04, 0.06, 0.09, 0.14, 0.18, 0.2, 0.22]"


def _lines(values: dict[str, object]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Limits.model_validate(values, strict=True)
    return [str(problem) for problem in explain(caught.value, Limits, "config/limits.toml")]


def test_a_problem_is_one_line() -> None:
    problem = Problem("config/limits.toml", "quote.half_spread_bps", -1, "must be > 0", "set e.g. 4.5")
    assert str(problem) == "config/limits.toml: quote.half_spread_bps = -1: must be > 0; set e.g. 4.5"
    assert str(Problem("a.toml", "b.c", None, "is missing", "add it")) == "a.toml: b.c: is missing; add it"
    assert str(Problem("a.toml", "", None, "is empty", "restore it")) == "a.toml: is empty; restore it"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"hedge": {"collar_bps": -1}}, "hedge.collar_bps = -1: must be > 0; set e.g. 50"),
        ({"hedge": {"margin_use_max": 1.5}}, "hedge.margin_use_max = 1.5: must be ≤ 1; set e.g. 0.8"),
        ({"hedge": {"enabled": "no"}}, 'hedge.enabled = "no": must be true or false; set e.g. true'),
        (
            {"hedge": {"band_tokens_fixed": "5"}},
            'hedge.band_tokens_fixed = "5": must be a number without quotes; ' + SHIPPED.format("write"),
        ),
        (
            {"quote": {"level_weights": (0.5, 2.0)}},
            f"quote.level_weights.1 = 2: must be ≤ 1; set e.g. {WEIGHTS}",
        ),
        ({"hegde": {}}, "hegde = {}: unknown key; did you mean `hedge`?"),
        (
            {"zzz": 1},
            "zzz = 1: unknown key; remove it (known here: hedge, obligations, options, quote, risk, sell)",
        ),
        (
            {"obligations": {"okx": {"bid_usdt": 1.0}}},
            "obligations.okx.ask_usdt: is missing; " + SHIPPED.format("add"),
        ),
        (
            {"obligations": {"okx": {"bid_usdt": 1.0, "ask_usdt": 1.0, "uptime": 1}}},
            "obligations.okx.uptime = 1: unknown key; did you mean `uptime_target`?",
        ),
        (
            {"risk": 5},
            "risk = 5: must be a table of keys; " + SHIPPED.format("write"),
        ),
    ],
)
def test_findings_are_told_in_our_words(values: dict[str, object], line: str) -> None:
    assert _lines(values) == [f"config/limits.toml: {line}"]


def test_all_findings_are_told_at_once() -> None:
    assert len(_lines({"hedge": {"collar_bps": -1, "x": 1}, "risk": {"phi": 2}})) == 3


def test_a_value_from_the_environment_is_named_so() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"mode": "paper", "feed": {"seed": "x"}})
    problems = explain(caught.value, Settings, "m.toml", {"feed.seed": "environment BOT_FEED__SEED"})
    lines = [str(problem) for problem in problems]
    assert (
        'environment BOT_FEED__SEED: feed.seed = "x": must be a whole number without quotes; set e.g. 1'
        in lines
    )
    assert 'm.toml: prefix: is missing; add it, e.g. prefix = "tkn"' in lines


def test_choices_are_listed() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"mode": "paperr", "feed": {"kind": "simm"}})
    lines = [str(problem) for problem in explain(caught.value, Settings, "m.toml")]
    assert any('mode = "paperr": must be one of paper, localnet, testnet, live;' in line for line in lines)
    assert any(
        'feed.kind = "simm": must be one of sim, replay, live; set e.g. "sim"' in line for line in lines
    )


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("feed.seed", 7, "7"),
        ("a", True, "true"),
        ("a", 1e-5, "1e-05"),
        ("a", (1.0, 2.5), "[1, 2.5]"),
        ("a", "x\ny", '"x y"'),
        ("a", "x" * 200, '"' + "x" * 78 + "…"),
        ("chain.rpc_urls", ("https://user:pw@node.example/KEY?k=1",), '["https://node.example/***"]'),
        ("chain.ws", "wss://node.example/v3/KEY", '"wss://node.example/***"'),
        ("keys.api_key", "abc", "***"),
        ("x.passphrase", None, "***"),
    ],
)
def test_what_may_be_a_secret_is_not_shown(key: str, value: object, text: str) -> None:
    assert shown(key, value) == text


def test_names_of_secrets_are_known_and_tokens_are_not_secrets() -> None:
    assert all(map(is_secret, ("api_key", "apikey", "secret", "Password", "private_key", "mnemonic")))
    assert not any(map(is_secret, ("token", "loan_tokens", "prefix", "key", "taker_fee")))
