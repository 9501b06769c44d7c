"""The local chain as the program sees it: addresses that verify, $1M of liquidity, a price it follows."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from bot.chain.addresses import book_from
from bot.chain.multiread import MultiRead
from bot.chain.reading import pool_price, readings
from bot.chain.verify import Request, resolve
from bot.localnet.chain import ChainSpec, Flow, LocalChain
from bot.localnet.chain_deploy import LabSpec
from bot.localnet.chain_node import NodeOptions
from bot.model.errors import BotError
from chain.lab import eventually


@pytest.mark.parametrize("token_is_0", [True, False], ids=["token0", "token1"])
async def test_what_it_describes_verifies_and_holds_a_million(token_is_0: bool) -> None:
    chain = LocalChain(ChainSpec(LabSpec(token_is_0, 9, 18, Decimal(1)), node=NodeOptions()))
    await chain.start()
    try:
        told = chain.describe()
        request = Request(
            told["contracts"]["token"],
            told["contracts"]["quote"],
            owner=told["owner"],
            v2_pair=told["contracts"]["v2_pair"],
            v3_pool=told["contracts"]["v3_pool"],
            contracts=book_from(told["contracts"]),
            chain_id=told["chain_id"],
        )
        targets = await resolve(chain.node.rpc, request)
        ids = [p["id"] for p in told["positions"] if p["kind"] == "v3"]
        assert [nft.token_id for nft in targets.nfts] == ids
        state = await MultiRead(targets).read(chain.node.rpc)
        held = readings(state, targets.order)
        assert sum(r.token_amount for r in held) == pytest.approx(500_000, rel=5e-3)
        assert sum(r.usdt_amount for r in held) == pytest.approx(500_000, rel=5e-3)
        assert [r.staked for r in held] == [False, False, True, False]
        assert state.wallet == (0, 0)
        assert pool_price(state, targets.order) == pytest.approx(1.0)
    finally:
        await chain.stop()


@pytest.mark.parametrize("token_is_0", [True, False], ids=["token0", "token1"])
async def test_arbitrage_leaves_pool_and_pair_a_fee_from_the_price(token_is_0: bool) -> None:
    chain = LocalChain(ChainSpec(LabSpec(token_is_0), node=NodeOptions()))
    await chain.start()
    try:
        rpc, told = chain.node.rpc, chain.describe()["contracts"]
        request = Request(told["token"], told["quote"], chain.describe()["owner"], v2_pair=told["v2_pair"],
                          contracts=book_from(told))  # fmt: skip
        reader = MultiRead(await resolve(rpc, request))
        for target in (1.1, 0.8, 1.0):
            before = pool_price(await reader.read(rpc), reader.targets.order)
            for digest in await chain.arbitrage(target):
                assert int((await chain.market.sender.receipt(digest))["status"], 16) == 1
            state = await reader.read(rpc)
            edge = target * (1 - 0.0025) if before < target else target * (1 + 0.0025)
            assert pool_price(state, reader.targets.order) == pytest.approx(edge, rel=1e-9)
            token, usdt = reader.targets.order.whole(state.pair.reserves)
            assert usdt / token == pytest.approx(edge, rel=1e-6)
        assert await chain.arbitrage(1.0) == [], "inside the fee nothing is to be earned"
    finally:
        await chain.stop()


async def test_the_trader_follows_a_price_while_blocks_pass() -> None:
    chain = LocalChain(ChainSpec(node=NodeOptions(block_time_s=0.1)))
    await chain.start()
    price = 1.0
    trader = asyncio.create_task(chain.follow(lambda: price, Flow(every_s=0.05, chance=0.9, seed=7)))
    try:
        await eventually(lambda: chain.swaps > 5)
        price = 1.05
        swaps = chain.swaps
        await eventually(lambda: chain.swaps > swaps + 5)
        root = chain.spec.lab.sqrt_price_x96(Decimal("1.05"))
        assert (await chain.market.slot0())[0] / root == pytest.approx(1, abs=0.01)
        assert not trader.done()
    finally:
        trader.cancel()
        await asyncio.gather(trader, return_exceptions=True)
        await chain.stop()


async def test_before_its_start_it_says_so() -> None:
    with pytest.raises(BotError, match="has not been started"):
        LocalChain().describe()
