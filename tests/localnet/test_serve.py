"""Starting and stopping the local exchanges."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.localnet.reports import DeskReports
from bot.localnet.serve import VENUES, LocalnetParams, serve
from bot.model.errors import ConfigError
from localnet.clients import LIVELY, quiet_net, soon
from localnet.desks import Ear


class Moving(Ear):
    """Notices that the market moves."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = asyncio.Event()

    def on_book(self, desk: DeskReports) -> None:
        """It does."""
        self.moved.set()


async def test_what_runs_is_described() -> None:
    async with quiet_net() as net:
        told = net.describe()
        assert set(told) == {"address", "ca_file", "venues", "faults_url"}
        assert set(told["venues"]) == set(VENUES)
        for venue in told["venues"].values():
            assert set(venue) == {"api_key", "secret", "password", "spot_symbol", "perp_symbol"}
            assert venue["spot_symbol"] == "TOKEN/USDT"
        assert net.ca_file.exists()
        assert told["address"].startswith("127.0.0.1:")
    assert not net.ca_file.exists()


async def test_one_seed_gives_the_same_keys() -> None:
    keys = []
    for seed in (7, 7, 8):
        async with quiet_net(seed=seed) as net:
            keys.append(net.describe()["venues"])
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


async def test_the_market_runs_by_itself(tmp_path: Path) -> None:
    async with serve(LocalnetParams(world=LIVELY, directory=tmp_path)) as net:
        start, ear = net.world.now_ns, Moving()
        net.engines["binance"].perp.listeners.append(ear)
        await soon(ear.moved.wait())
        assert net.world.now_ns > start
        assert net.ca_file == tmp_path / "ca.pem"
    ear.moved.clear()
    await asyncio.sleep(0.12)
    assert not ear.moved.is_set()


async def test_other_machines_are_not_served() -> None:
    with pytest.raises(ConfigError, match="loopback"):
        async with serve(LocalnetParams(host="0.0.0.0")):
            pass
