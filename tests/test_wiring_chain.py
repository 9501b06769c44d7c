"""The chain's part of the wiring: which runs watch a chain, and where its contracts file is looked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.chain.addresses import BSC
from bot.clock import SystemClock, VirtualLoop
from bot.config import Settings
from bot.config.settings import ChainSettings, Files
from bot.model.errors import ConfigError
from bot.model.facts import Alarmed
from bot.tasks.lp_monitor import Reading
from bot.wiring import build, chain_watch, place_of
from chain.lab import eventually
from whole_desk import settings_in

ADDRESS = "0x" + "1" * 40


def with_chain(folder: Path, contracts_file: Path | None = None) -> Settings:
    """Paper settings whose main file lies in `folder`, with a chain nobody serves."""
    chain = ChainSettings(
        rpc_urls=("http://127.0.0.1:9",), token=ADDRESS, quote=ADDRESS, contracts_file=contracts_file
    )
    settings = settings_in(folder, chain=chain)
    files = Files(main=folder / "main.toml", deal=settings.files.deal, limits=settings.files.limits)
    return settings.model_copy(update={"files": files})


async def test_a_real_run_watches_and_the_simulated_pool_is_silent(tmp_path: Path) -> None:
    settings = with_chain(tmp_path)
    parts = build(settings, place_of(settings, asyncio.get_running_loop(), 1))
    assert parts.watch_chain is not None
    told: list[Reading] = []
    parts.start_pool(told.append)
    assert told == []
    watching = asyncio.ensure_future(parts.watch_chain(told.append, lambda: None))
    await eventually(lambda: bool(told))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert isinstance(told[0], Alarmed)
    assert told[0].code == "lp_line_down"
    parts.close()


def test_a_virtual_run_keeps_the_simulated_pool(tmp_path: Path) -> None:
    settings, loop = with_chain(tmp_path), VirtualLoop()
    parts = build(settings, place_of(settings, loop, 1))
    assert parts.watch_chain is None
    told: list[Reading] = []
    parts.start_pool(told.append)
    assert len(told) == 1
    parts.close()
    loop.close()


def test_without_a_section_nothing_is_watched(tmp_path: Path) -> None:
    assert chain_watch(settings_in(tmp_path), SystemClock()) is None


def test_the_contracts_file_counts_from_the_main_file(tmp_path: Path) -> None:
    settings = with_chain(tmp_path, Path("book.toml"))
    with pytest.raises(ConfigError, match=r"book\.toml"):
        chain_watch(settings, SystemClock())
    (tmp_path / "book.toml").write_text(f'position_manager = "{BSC.position_manager}"\n')
    assert chain_watch(settings, SystemClock()) is not None
