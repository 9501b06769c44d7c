"""From the configuration's `[chain]` section to a monitor's configuration.

Rule 1: a contracts file that cannot be read or understood is a `ConfigError` that names the file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot.chain.addresses import book_from
from bot.chain.line import endpoints
from bot.chain.monitor import MonitorConfig
from bot.chain.verify import Request
from bot.config.settings import ChainSettings
from bot.model.errors import ConfigError


def monitor_config(
    chain: ChainSettings, reference: Callable[[], float | None] = lambda: None
) -> MonitorConfig:
    """What to watch. `reference` gives the perp's mark in USDT per token, None = unknown."""
    contracts = None
    if chain.contracts_file is not None:
        contracts = book_from(read_contracts(Path(chain.contracts_file)), chain.chain_id)
    return MonitorConfig(
        endpoints=endpoints(chain.rpc_urls, chain.ws_urls),
        request=Request(
            token=chain.token,
            quote=chain.quote,
            owner=chain.owner,
            v3_ids=chain.positions,
            v3_pool=chain.v3_pool,
            v2_pair=chain.v2_pair,
            contracts=contracts,
            chain_id=chain.chain_id,
        ),
        reference=reference,
    )


def read_contracts(file: Path) -> Mapping[str, Any]:
    """The content of a contracts file: JSON, or TOML by its name's ending. Raises `ConfigError`."""
    try:
        text = file.read_text(encoding="utf-8")
        found = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read as a contracts file: {error}"]) from None
    if not isinstance(found, dict):
        raise ConfigError([f"{file}: a contracts file is a table of names and addresses"])
    return found
