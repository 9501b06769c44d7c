"""From a request to what is read and which logs are wanted, through whichever node answers first.

Rule 1: a node that is down is no verdict on the configuration: the next one is asked, and all again until one
answers. A contract that is not what it should be is (`ConfigError`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from bot.chain import decode
from bot.chain.abi import AbiError, word
from bot.chain.alarms import Severity
from bot.chain.line import Endpoint
from bot.chain.multiread import Targets
from bot.chain.rpc import HttpRpc, LineDown, Rpc, RpcError, WsRpc
from bot.chain.token_check import refuse_transfer_fees
from bot.chain.verify import Request, resolve

Tell = Callable[[str, str, Severity], None]
"""Takes an alarm's code, words and severity."""
AGAIN_S = 1.0


async def aim(
    request: Request, endpoints: Sequence[Endpoint], session: aiohttp.ClientSession, tell: Tell
) -> Targets:
    """Verified targets from the first node that answers. Raises `ConfigError`."""
    while True:
        for endpoint in endpoints:
            try:
                return await _aim_at(request, endpoint, session, tell)
            except (LineDown, RpcError, AbiError) as error:
                tell("lp_line_down", str(error), "critical")
        await asyncio.sleep(AGAIN_S)


async def _aim_at(
    request: Request, endpoint: Endpoint, session: aiohttp.ClientSession, tell: Tell
) -> Targets:
    if endpoint.http_url is not None:
        return await _verified(HttpRpc(endpoint.http_url, session), request, tell)
    ws = WsRpc(endpoint.ws_url or "", session)
    try:
        await ws.open()
        return await _verified(ws, request, tell)
    finally:
        await ws.close()


async def _verified(rpc: Rpc, request: Request, tell: Tell) -> Targets:
    targets = await resolve(rpc, request)
    if not await refuse_transfer_fees(rpc, targets):
        tell("lp_token_unchecked", f"{rpc.name} could not tell whether transfers arrive whole", "info")
    return targets


async def widened(rpc: Rpc, request: Request, targets: Targets) -> Targets:
    """`targets` with the owner's positions that are new. What is known already is never forgotten here."""
    found = await resolve(rpc, replace(request, v3_ids=(), v3_pool=targets.pool))
    known = {nft.token_id for nft in targets.nfts}
    fresh = tuple(nft for nft in found.nfts if nft.token_id not in known)
    return replace(targets, nfts=(*targets.nfts, *fresh)) if fresh else targets


def filters(targets: Targets) -> tuple[dict[str, Any], ...]:
    """eth_subscribe log filters: the pool and the pair, and positions the owner receives."""
    pools = [address for address in (targets.pool, targets.pair) if address is not None]
    found: list[dict[str, Any]] = [{"address": pools}]
    if targets.owner is not None and targets.pool is not None:
        receiver = "0x" + word(targets.owner).hex()
        manager = targets.contracts.position_manager
        found.append({"address": manager, "topics": [decode.TRANSFER, None, receiver]})
    return tuple(found)
