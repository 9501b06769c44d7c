"""A run hedges a live pool: swaps, blocks undone, a line cut, fees collected, contracts not as configured."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app import Daemon
from bot.localnet.chain_node import calldata
from bot.model.errors import ConfigError
from bot.model.view import View
from chain.lab import eventually
from chain.proxy import Proxy
from chain_desk import BAND, BLOCK_S, ChainDesk, Moment, chain_desk, chain_settings, local_chain, run_daemon


async def move_pool(desk: ChainDesk, price: str) -> tuple[int, float]:
    """Swap the V3 pool to `price`; (block of the swap, loop time at which its receipt was there)."""
    market = desk.chain.market
    root = desk.chain.spec.lab.sqrt_price_x96(Decimal(price))
    now = (await market.slot0())[0]
    digest = await market.sender.post(*market.swap_v3_call(root < now, 10**30, root))
    receipt = await market.sender.receipt(digest)
    assert int(receipt["status"], 16) == 1
    return int(receipt["blockNumber"], 16), asyncio.get_running_loop().time()


def stands_at(view: View, price: float) -> bool:
    """Whether the pool in this view is at `price`."""
    return view.lp.pool_price == pytest.approx(price, rel=1e-6)


async def first(desk: ChainDesk, price: float, since: int) -> int:
    """Wait for a view with the pool at `price`; index of the first such moment after `since`."""
    await eventually(lambda: stands_at(desk.view, price), 3)
    return next(n for n in range(since, len(desk.moments)) if stands_at(desk.moments[n].view, price))


async def bury(desk: ChainDesk, block: int, depth: int) -> None:
    """Wait until more than `depth` blocks stand on `block`."""
    await eventually(lambda: desk.view.lp.block > block + depth, 5)


def widest(moments: list[Moment]) -> float:
    """The largest distance of the perps from where they stood first."""
    return max((abs(m.held - moments[0].held) for m in moments), default=0.0)


async def test_a_swap_of_two_percent_is_seen_in_its_block_and_hedged_within_a_second(tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        for price in ("1.02", "1.0", "0.98"):
            before, since = desk.now, len(desk.moments)
            block, receipt_at = await move_pool(desk, price)
            seen = await first(desk, float(price), since)
            moment, last = desk.moments[seen], desk.moments[seen - 1]
            assert moment.view.lp.block == block
            assert moment.at - receipt_at < BLOCK_S
            moved = moment.view.exposure.lp - before.view.exposure.lp
            assert abs(moved) > 15_000
            # The perps' target moves in the same view.
            assert moment.targets - last.targets == pytest.approx(-moved, abs=BAND + 1)
            hedged = await desk.settle(2)
            assert hedged.at - moment.at < 1.0
            assert hedged.held - before.held == pytest.approx(-moved, abs=2 * BAND)
            await desk.at_head()
            assert desk.view.lp.delta == pytest.approx(moment.view.lp.delta, abs=100)  # + the swap's own fee
        assert desk.alarms() <= {"lp_reorg"}


async def test_blocks_replaced_by_the_like_are_no_reason_to_trade(tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        block, _at = await move_pool(desk, "1.02")
        await first(desk, 1.02, 0)
        await desk.settle()
        await bury(desk, block, 3)
        since, rpc = len(desk.moments), desk.chain.node.rpc
        for depth in (2, 3):
            await rpc.call("anvil_reorg", [depth, []])
            await desk.at_head()
        await eventually(lambda: "lp_reorg" in desk.alarms(), 3)
        await desk.settle()
        assert stands_at(desk.view, 1.02)
        assert widest(desk.moments[since:]) == 0
        assert all(m.view.exposure.lp is not None for m in desk.moments[since:])


async def test_a_swap_that_is_undone_is_hedged_back_and_no_further(tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        rpc = desk.chain.node.rpc
        before = desk.now
        block, _at = await move_pool(desk, "1.02")
        await first(desk, 1.02, 0)
        await desk.settle(2)
        depth = int((await rpc.call("eth_blockNumber", [])), 16) - block + 1
        since = len(desk.moments)
        await rpc.call("anvil_reorg", [depth, []])
        await first(desk, 1.0, since)
        after = await desk.settle(3)
        assert after.held == pytest.approx(before.held, abs=2 * BAND)
        assert min(m.held for m in desk.moments[since:]) >= before.held - 2 * BAND
        assert "lp_reorg" in desk.alarms()


@pytest.mark.parametrize("later", [False, True], ids=["in its place", "a block later"])
async def test_a_swap_that_moves_to_another_block_is_not_hedged_twice(later: bool, tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        rpc, market = desk.chain.node.rpc, desk.chain.market
        root = desk.chain.spec.lab.sqrt_price_x96(Decimal("1.02"))
        source, target, signature, *args = market.swap_v3_call(False, 10**30, root)
        data = "0x" + calldata(signature, *args).hex()
        again = {"from": source, "to": target, "data": data, "gas": hex(3_000_000)}
        block, _at = await move_pool(desk, "1.02")
        await first(desk, 1.02, 0)
        hedged = await desk.settle(2)
        await bury(desk, block, 1)
        await rpc.call("evm_setIntervalMining", [0])
        depth = int((await rpc.call("eth_blockNumber", [])), 16) - block + 1
        since = len(desk.moments)
        await rpc.call("anvil_reorg", [depth, [] if later else [[again, 0]]])
        await eventually(lambda: "lp_reorg" in desk.alarms(), 3)
        if later:
            await rpc.call("eth_sendTransaction", [again])
        await rpc.call("evm_mine", [])
        await desk.at_head()
        await desk.settle()
        assert stands_at(desk.view, 1.02)
        assert max(abs(m.held - hedged.held) for m in desk.moments[since:]) <= BAND


async def test_a_line_that_is_cut_keeps_the_last_delta_and_catches_up(tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        await desk.at_head()
        before, since = desk.now, len(desk.moments)
        desk.proxy.flowing.clear()  # lines kept alive say nothing
        await desk.proxy.refuse()
        await eventually(lambda: "lp_line_down" in desk.alarms(), 5)
        height = int(await desk.chain.node.rpc.call("eth_blockNumber", []), 16)
        block, _at = await move_pool(desk, "1.001")
        assert block > height
        await eventually(lambda: (desk.view.lp.age_s or 0) > 2 * BLOCK_S, 5)
        dark = desk.moments[since:]
        assert {m.view.lp.delta for m in dark} == {before.view.lp.delta}
        assert widest(dark) <= BAND
        desk.proxy.flowing.set()
        await desk.proxy.listen()
        await eventually(lambda: desk.view.lp.block >= block, 5)
        await desk.settle(2)
        assert widest(desk.moments[since:]) <= abs(desk.view.lp.delta - before.view.lp.delta) + BAND


async def test_collected_fees_stay_in_the_delta(tmp_path: Path) -> None:
    async with chain_desk(tmp_path) as desk:
        await move_pool(desk, "1.02")
        block, _at = await move_pool(desk, "1.0")
        await bury(desk, block, 1)  # the log of a swap comes without its fees
        await desk.settle()
        book = desk.daemon.state.parts.legs
        before, held, since = desk.view, book.lp_book.value_at(1.0), len(desk.moments)
        assert before.lp.fees_usdt is not None
        assert before.lp.fees_usdt > 50
        number = next(p["id"] for p in desk.chain.positions if p["kind"] == "v3" and not p["staked"])
        await desk.chain.market.collect(number)
        await eventually(lambda: (desk.view.lp.wallet_usdt or 0) > 0, 3)
        await desk.at_head()
        after = desk.view
        assert after.lp.fees_usdt < before.lp.fees_usdt - 5
        assert after.lp.delta == pytest.approx(before.lp.delta, abs=1e-6)
        assert book.lp_book.value_at(1.0).value == pytest.approx(held.value, abs=1e-6)
        assert after.pnl["lp_fees"] == pytest.approx(before.pnl["lp_fees"], abs=1e-6)
        assert abs(after.pnl["residual"]) < 1e-3
        assert widest(desk.moments[since:]) == 0


async def test_contracts_that_are_not_there_end_the_run_with_exit_4(tmp_path: Path) -> None:
    async with local_chain() as chain, Proxy(chain.node.rpc_url) as proxy:
        settings = chain_settings(chain, tmp_path, proxy)
        assert settings.chain is not None
        wrong = settings.chain.model_copy(update={"token": "0x" + "12" * 20})
        result = await run_daemon(
            settings.model_copy(update={"chain": wrong}), asyncio.Event(), lambda daemon: None
        )
        assert result.exit_code == ConfigError.exit_code
        assert "no contract at 0x1212" in result.error
        assert result.status["state"] == "stopped"


async def test_until_the_chain_is_read_the_pool_is_unknown_and_nothing_is_hedged(tmp_path: Path) -> None:
    async with local_chain() as chain, Proxy(chain.node.rpc_url) as proxy:
        await proxy.refuse()
        stop, box = asyncio.Event(), list[Daemon]()
        settings = chain_settings(chain, tmp_path, proxy)
        running = asyncio.create_task(run_daemon(settings, stop, box.append))
        try:
            await eventually(lambda: bool(box) and box[0].view.value.marks.fair is not None)
            daemon = box[0]
            await eventually(lambda: "lp_line_down" in {code for _, code, _ in daemon.view.value.alerts})
            view = daemon.view.value
            assert (view.lp.delta, view.exposure.lp, view.exposure.complete) == (None, None, False)
            assert not view.ready
            assert "LP reading" in view.level_reason
            await proxy.listen()
            await eventually(lambda: daemon.view.value.ready)
            assert daemon.view.value.exposure.lp == pytest.approx(500_000, rel=0.01)
        finally:
            stop.set()
            await running
