"""The configuration's chain section as a monitor's configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.chain.addresses import BSC
from bot.chain.line import Endpoint
from bot.chain.setup import monitor_config, read_contracts
from bot.config.settings import ChainSettings
from bot.model.errors import ConfigError

TOKEN, QUOTE = "0x" + "1" * 40, "0x" + "2" * 40


def test_urls_of_one_node_are_paired_and_the_contracts_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "contracts.json"
    file.write_text(json.dumps({"contracts": BSC.as_dict()}))
    settings = ChainSettings(
        rpc_urls=("http://n1:8545", "https://n2"),
        ws_urls=("ws://n1:8545",),
        token=TOKEN,
        quote=QUOTE,
        positions=(7, 9),
        contracts_file=file,
    )
    config = monitor_config(settings, lambda: 1.25)
    assert config.endpoints == (Endpoint("ws://n1:8545", "http://n1:8545"), Endpoint(None, "https://n2"))
    assert config.request.contracts == BSC
    assert (config.request.v3_ids, config.request.chain_id) == ((7, 9), 56)
    assert config.reference() == 1.25


def test_without_a_file_the_built_in_table_is_left_to_the_node() -> None:
    settings = ChainSettings(rpc_urls=("http://n1",), token=TOKEN, quote=QUOTE)
    assert monitor_config(settings).request.contracts is None


@pytest.mark.parametrize("text", ["{", "[1, 2]"])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.json"):
        read_contracts(file)
    with pytest.raises(ConfigError, match=r"absent\.json"):
        read_contracts(tmp_path / "absent.json")


def test_toml_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "contracts.toml"
    file.write_text('chain_id = 56\nposition_manager = "0x46a15b0b27311cedf172ab29e4f4766fbe7f4364"\n')
    assert read_contracts(file)["chain_id"] == 56
