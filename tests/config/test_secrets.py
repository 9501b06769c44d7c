"""Keys come from variables or private files, and are never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.config.secrets import ExchangeKeys, read_keys

CANARY = "canary-5e6f"


def _clear(keys: ExchangeKeys) -> dict[str, str | None]:
    found = {name: getattr(keys, name) for name in ExchangeKeys.model_fields}
    return {name: value and value.get_secret_value() for name, value in found.items()}


def test_variables_give_keys_per_exchange() -> None:
    env = {
        "BOT_BINANCE_API_KEY": "k",
        "BOT_BINANCE_SECRET": CANARY,
        "BOT_BITGET_PASSWORD": "p",
        "BOT_BYBIT_API_KEY": "",
        "BOT_OKX_API_KEY": "x",
    }
    keys, problems = read_keys(["binance", "bybit", "bitget"], env)
    assert problems == []
    assert _clear(keys["binance"]) == {"api_key": "k", "secret": CANARY, "password": None}
    assert _clear(keys["bitget"]) == {"api_key": None, "secret": None, "password": "p"}
    assert set(keys) == {"binance", "bitget"}
    assert keys["binance"].clear_values() == ("k", CANARY)
    assert CANARY not in f"{keys!r} {keys} {keys['binance'].model_dump()}"


def test_the_process_environment_is_not_read_behind_our_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_BINANCE_API_KEY", "from the process")
    monkeypatch.setenv("API_KEY", "from the process")
    assert read_keys(["binance"], {}) == ({}, [])
    assert _clear(ExchangeKeys()) == {"api_key": None, "secret": None, "password": None}


def _folder(path: Path, mode: int = 0o600, **files: str) -> dict[str, str]:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
        (path / name).chmod(mode)
    return {"BOT_SECRETS_DIR": str(path)}


def test_files_give_keys_and_a_variable_wins(tmp_path: Path) -> None:
    env = _folder(tmp_path / "s", bot_binance_api_key="file-key\n", bot_binance_secret=CANARY, other="x")
    keys, problems = read_keys(["binance"], env | {"BOT_BINANCE_API_KEY": "variable-key"})
    assert problems == []
    assert _clear(keys["binance"]) == {"api_key": "variable-key", "secret": CANARY, "password": None}
    assert _clear(read_keys(["binance"], env)[0]["binance"])["api_key"] == "file-key"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o666])
def test_a_file_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    keys, problems = read_keys(["binance"], _folder(tmp_path / "s", mode, bot_binance_secret=CANARY))
    assert keys == {}
    (line,) = map(str, problems)
    assert line.endswith(
        f"other users may read this secret; run: chmod 600 {tmp_path / 's' / 'bot_binance_secret'}"
    )
    assert CANARY not in line


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440])
def test_a_private_file_is_taken(tmp_path: Path, mode: int) -> None:
    keys, _ = read_keys(["binance"], _folder(tmp_path / "s", mode, bot_binance_secret=CANARY))
    assert "binance" in keys or os.geteuid() != 0


def test_a_missing_directory_is_explained(tmp_path: Path) -> None:
    _, problems = read_keys(["binance"], {"BOT_SECRETS_DIR": str(tmp_path / "nowhere")})
    assert "BOT_SECRETS_DIR" in str(problems[0])
    assert "is no directory; create it, mode 0700" in str(problems[0])
