"""Sections of the main file: strict, exact, closed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bot.config import load
from bot.config.settings import (
    PROVIDED,
    SECTIONS,
    ChainSettings,
    ConnectSettings,
    FeedSettings,
    InstrumentSettings,
    OpeningBalance,
    Section,
    Settings,
)
from limits_text import copy_config

SYMBOL = {
    "symbol": "TKN/USDT",
    "tick": "0.0001",
    "lot": "0.1",
    "notional_usdt_min": "5",
    "maker_fee": "-0.0001",
    "taker_fee": "0.001",
}
ADDRESS = "0x" + "a" * 40


def _fault(model: type[BaseModel], values: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return str(caught.value)


def test_decimals_keep_their_digits() -> None:
    terms = InstrumentSettings.model_validate(SYMBOL)
    assert (terms.tick, terms.maker_fee) == (Decimal("0.0001"), Decimal("-0.0001"))
    assert str(OpeningBalance(tokens="1250000.10").tokens) == "1250000.10"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tick", 0.0001, "must stand in quotes"),
        ("tick", "0", "greater than 0"),
        ("tick", "-1", "greater than 0"),
        ("lot", "abc", "must be a decimal in quotes"),
        ("lot", True, "must be a decimal in quotes"),
        ("lot", "NaN", "must be a finite number"),
        ("lot", "1e9", "less than or equal to 1000000"),
        ("taker_fee", "0.1", "less than or equal to Decimal"),
        ("maker_fee", "-0.5", "greater than or equal to Decimal"),
        ("notional_usdt_min", "-1", "greater than or equal to 0"),
        ("symbol", "", "at least 1 character"),
        ("leverage", 3, "Extra inputs are not permitted"),
    ],
)
def test_instrument_terms_are_bounded(key: str, value: object, message: str) -> None:
    assert message in _fault(InstrumentSettings, SYMBOL | {key: value})


@pytest.mark.parametrize("seed", ["7", 7.0, True, -1, 2**63])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    _fault(FeedSettings, {"seed": seed})


@pytest.mark.parametrize("address", ["127.0.0.1:9443", "localhost:1", "[::1]:65535"])
def test_traffic_may_be_sent_to_loopback(address: str) -> None:
    assert ConnectSettings(resolve_to=address).resolve_to == address


@pytest.mark.parametrize(
    "address", ["10.0.0.1:9443", "example.com:443", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", ":443", ""]
)
def test_traffic_is_sent_nowhere_else(address: str) -> None:
    assert "loopback" in _fault(ConnectSettings, {"resolve_to": address})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rpc_urls", ()),
        ("rpc_urls", ("ftp://a",)),
        ("ws_urls", ("http://a",)),
        ("token", "0x123"),
        ("chain_id", 1),
        ("private_key", "0x1"),
    ],
)
def test_the_chain_section_is_closed(key: str, value: object) -> None:
    good: dict[str, Any] = {"rpc_urls": ("http://127.0.0.1:8545",), "token": ADDRESS, "quote": ADDRESS}
    assert ChainSettings.model_validate(good).chain_id == 56
    _fault(ChainSettings, good | {key: value})


def test_every_section_is_frozen_strict_and_closed() -> None:
    for model in [Section, *Section.__subclasses__()]:
        config = model.model_config
        assert (config.get("frozen"), config.get("extra"), config.get("strict")) == (True, "forbid", True)


def test_what_other_files_give_cannot_be_written_in_the_main_one() -> None:
    assert not PROVIDED & SECTIONS
    assert PROVIDED | SECTIONS | {"mode", "prefix"} == set(Settings.model_fields)


def test_paths_lie_in_the_state_directory_unless_absolute(tmp_path: Path) -> None:
    settings = load(copy_config(tmp_path), {"BOT_STATE_DIR": str(tmp_path / "state")})
    assert settings.state_path(settings.journal.path) == tmp_path / "state" / "journal.db"
    assert settings.state_path(tmp_path / "x.sock") == tmp_path / "x.sock"


def test_secrets_are_given_in_clear_only_on_request(tmp_path: Path) -> None:
    env = {"BOT_BYBIT_API_KEY": "canary-1", "BOT_BYBIT_SECRET": "canary-2"}
    settings = load(copy_config(tmp_path), env)
    assert settings.secret_values() == ("canary-1", "canary-2")
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump()}"
