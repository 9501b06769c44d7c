"""Files and environment as read: refused with place and remedy, or turned into plain values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bot.config.read import BYTES_MAX, flat, merged, overrides, parse_toml, read_toml
from bot.model.errors import ConfigError


def _refusal(data: bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_toml("config/x.toml", data)
    (problem,) = caught.value.problems
    return problem


def test_a_file_is_values_and_a_digest() -> None:
    data = b'a = 1\n[b]\nc = [1, [2.5, "x"]]\n'
    text = parse_toml("x.toml", data)
    assert text.values == {"a": 1, "b": {"c": (1, (2.5, "x"))}}
    assert text.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "config/x.toml: the file is empty; restore it, or copy the one that ships with the program"),
        (
            b"a = 1",
            "config/x.toml: the last line has no line break: half-written?; save the whole file again",
        ),
        (b"a = 1\nb = \xff\n", "config/x.toml: line 2 is not text (byte 0xff); save as UTF-8"),
        (b"a = 1\nb = = 2\n", "config/x.toml: line 2, column 5: invalid value; correct that line"),
        (b"a = [\n1,\n", "config/x.toml: line 2, column 1: invalid value; correct that line"),
        (b"a = 1\na = 2\n", "config/x.toml: line 2, column 6: cannot overwrite a value; write each key once"),
        (b"[a]\n[a]\n", "config/x.toml: line 2, column 3: cannot declare ('a',) twice; write each key once"),
        (
            b"#" * BYTES_MAX + b"\n",
            f"config/x.toml: the file has 1,000,001 bytes; keep it under {BYTES_MAX:,}",
        ),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_place(data: bytes, message: str) -> None:
    assert _refusal(data) == message


def test_a_missing_file_and_a_directory_are_explained(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=rf"cannot be read \({reason}.*check the path"):
            read_toml(path)


def test_variables_override_keys() -> None:
    env = {
        "BOT_FEED__SEED": "7",
        "BOT_STATE_DIR": "/var/lib/bot",
        "BOT_MODE": "live",
        "BOT_LOGS__LEVEL": "debug",
        "BOT_CHAIN__RPC_URLS": '["http://a", "http://b"]',
        "BOT_ACKNOWLEDGE__UNHEDGED_LOAN": "true",
        "BOT_EXCHANGES__BINANCE__SPOT__TICK": '"0.0001"',
        "BOT_LOSG__LEVEL": "debug",  # a slip: kept, so that it is refused as an unknown key
        "BOT_BINANCE_API_KEY": "secret",
        "BOT_MARKETDATA": "/data",
        "HOME": "ann",
    }
    found = overrides(env, frozenset({"feed", "state", "logs", "chain"}), frozenset({"mode"}))
    assert found == {
        "acknowledge.unhedged_loan": ("BOT_ACKNOWLEDGE__UNHEDGED_LOAN", True),
        "chain.rpc_urls": ("BOT_CHAIN__RPC_URLS", ("http://a", "http://b")),
        "exchanges.binance.spot.tick": ("BOT_EXCHANGES__BINANCE__SPOT__TICK", "0.0001"),
        "feed.seed": ("BOT_FEED__SEED", 7),
        "logs.level": ("BOT_LOGS__LEVEL", "debug"),
        "losg.level": ("BOT_LOSG__LEVEL", "debug"),
        "mode": ("BOT_MODE", "live"),
        "state.dir": ("BOT_STATE_DIR", "/var/lib/bot"),
    }


def test_merging_leaves_the_original_alone() -> None:
    values = {"a": {"b": {"c": 1, "d": 2}}, "e": 3}
    result = merged(values, {"a.b.c": ("V", 9), "f.g": ("V", 1), "e.x": ("V", 2)})
    assert result == {"a": {"b": {"c": 9, "d": 2}}, "e": {"x": 2}, "f": {"g": 1}}
    assert values == {"a": {"b": {"c": 1, "d": 2}}, "e": 3}


def test_nested_tables_become_dotted_keys() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": (1, 2)}, "e": None}, "x.") == {
        "x.a.b.c": 1,
        "x.a.d": (1, 2),
        "x.e": None,
    }
