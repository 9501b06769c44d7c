"""What given positions on a given node are worth now: amounts, fees, value, delta, gamma.

Rule 1: everything is verified, then read at one block; a wrong address or id is a `ConfigError`, not a zero.
Rule 2: amounts are the pool's own; `price` only values them.
Rule 3: value and delta include uncollected fees; the principal alone stands beside them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from bot.chain import abi, decode
from bot.chain.abi import Call
from bot.chain.addresses import NOWHERE, book_from
from bot.chain.asker import Asker, book_on, completed
from bot.chain.multiread import MultiRead, Targets
from bot.chain.pancake_v3 import in_range
from bot.chain.reading import Holding, holdings, pool_price, readings, twap_price
from bot.chain.rpc import HttpRpc, Rpc, WsRpc
from bot.chain.state import ChainState
from bot.chain.verify import Request, discover, positions, resolve
from bot.clock import NS, Clock, SystemClock
from bot.model.errors import ConfigError
from bot.model.facts import LpReading
from bot.pricing import lp_position


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """What to value. `contracts` = a contracts file's content; `price` in USDT per token (None = the pool's).

    Without ids the owner's positions are looked up, in his wallet and in the farm.
    """

    rpc_url: str
    token: str
    quote: str
    contracts: Mapping[str, Any] | None = None
    v3_ids: tuple[int, ...] = ()
    v2_pair: str | None = None
    owner: str | None = None
    price: float | None = None


def value_positions(request: ValueRequest, clock: Clock | None = None) -> dict[str, Any]:
    """The positions as plain values. Raises `ConfigError`, `LineDown`, `RpcError` or `AbiError`."""
    return asyncio.run(avalue_positions(request, clock))


async def avalue_positions(request: ValueRequest, clock: Clock | None = None) -> dict[str, Any]:
    """`value_positions` for who is already in a loop."""
    if request.price is not None and not (math.isfinite(request.price) and request.price > 0):
        raise ConfigError(["price: must be a positive number of USDT per token"])
    async with aiohttp.ClientSession() as session:
        if not request.rpc_url.startswith("ws"):
            return await _value(HttpRpc(request.rpc_url, session), request, clock or SystemClock())
        ws = WsRpc(request.rpc_url, session)
        try:
            await ws.open()
            return await _value(ws, request, clock or SystemClock())
        finally:
            await ws.close()


async def _value(rpc: Rpc, request: ValueRequest, clock: Clock) -> dict[str, Any]:
    asked = [await resolve(rpc, part) for part in await _parts(rpc, request)]
    head = decode.head_from(await rpc.call("eth_getBlockByNumber", ["latest", False]))
    rows: list[dict[str, Any]] = []
    chain: dict[str, Any] = {}
    for targets in asked:
        state = await MultiRead(targets).read(rpc, head.hash)
        if state.gone:
            raise ConfigError([f"chain: {words}" for words in state.gone])
        rows += _rows(state, targets, request.price)
        chain.setdefault("chain_id", targets.contracts.chain_id)
        if "symbols" not in chain:
            chain["symbols"] = await _symbols(rpc, targets)
        chain.setdefault("pool_price_usdt", pool_price(state, targets.order))
        chain.setdefault("twap_price_usdt", twap_price(state, targets.order))
    age_s = max(0.0, (clock.now_ns() - head.time_ns) / NS)
    rows = [{**row, "block": head.number, "age_s": age_s} for row in rows]
    return {
        **chain,
        "price_usdt": request.price if request.price is not None else chain["pool_price_usdt"],
        "block": head.number,
        "block_hash": head.hash,
        "positions": rows,
        "total": {key: math.fsum(row[key] for row in rows) for key in _SUMMED},
    }


async def _symbols(rpc: Rpc, targets: Targets) -> dict[str, str]:
    """The tokens' own names for themselves, made harmless; a token that tells none has none."""
    calls = [Call(token, abi.encode("symbol()")) for token in (targets.token0, targets.token1)]
    told = [abi.text(answer) if answer else "" for answer in await Asker(rpc, targets.contracts).many(calls)]
    token, quote = told if targets.order.token_is_0 else reversed(told)
    return {"token": token, "quote": quote}


async def _parts(rpc: Rpc, request: ValueRequest) -> list[Request]:
    """One request per pool: the positions' ids by fee tier, and the pair."""
    contracts = None
    if request.contracts is not None:
        contracts = book_from(request.contracts, int(await rpc.call("eth_chainId", []), 16))
    whole = Request(request.token, request.quote, request.owner, contracts=contracts, find_more=False)
    ask = Asker(rpc, await book_on(rpc, contracts, None))
    ask.book = await completed(ask, request.v2_pair)
    ids = list(request.v3_ids)
    if ask.book.position_manager != NOWHERE:
        await ask.code({"position_manager": ask.book.position_manager})
    elif ids:
        raise ConfigError(["contracts: V3 positions need a position_manager"])
    if not ids and request.owner is not None and ask.book.position_manager != NOWHERE:
        ids = await discover(ask, request.owner)
    by_fee: dict[int, list[int]] = {}
    pair = {request.token.lower(), request.quote.lower()}
    for number, position in (await positions(ask, ids)).items():
        ours = position is not None and {position.token0, position.token1} == pair
        if ours or number in request.v3_ids:  # what was asked for by id is verified, or refused by name
            by_fee.setdefault(position.fee if position is not None else 0, []).append(number)
    parts = [replace(whole, v3_ids=tuple(numbers)) for _fee, numbers in sorted(by_fee.items())]
    if request.v2_pair is not None:
        parts.append(replace(whole, v2_pair=request.v2_pair))
    if not parts:
        raise ConfigError(
            ["no position found: give --v3 ids, --v2 with --owner, or an --owner who holds some"]
        )
    return parts


_SUMMED = (
    "token_amount",
    "usdt_amount",
    "fees_token",
    "fees_usdt",
    "value_usdt",
    "value_at_pool_usdt",
    "principal_value_usdt",
    "delta_tokens",
    "gamma_tokens_per_usdt",
    "cake",
)


def _rows(state: ChainState, targets: Targets, price: float | None) -> list[dict[str, Any]]:
    own = pool_price(state, targets.order)
    pairs = zip(readings(state, targets.order), holdings(state), strict=True)
    return [_row(reading, holding, state, targets, (own, price or own)) for reading, holding in pairs]


def _row(
    reading: LpReading, holding: Holding, state: ChainState, targets: Targets, prices: tuple[float, float]
) -> dict[str, Any]:
    own, price = prices
    nft = next((n for n in state.nfts if f"v3:{n.token_id}" == reading.position_id), None)
    if nft is None or state.pool is None:
        greeks, active = lp_position.v2(reading.liquidity, own), True
    else:
        greeks = lp_position.v3(reading.liquidity, own, reading.lower, reading.upper)
        active = in_range(state.pool, nft)
    tokens, usdt = reading.token_amount + reading.fees_token, reading.usdt_amount + reading.fees_usdt
    raw = targets.order.split(holding.principal), targets.order.split(holding.fees)
    return {
        "id": targets.pair if nft is None else nft.token_id,
        "kind": reading.kind,
        "token_amount": reading.token_amount,
        "usdt_amount": reading.usdt_amount,
        "fees_token": reading.fees_token,
        "fees_usdt": reading.fees_usdt,
        "value_usdt": tokens * price + usdt,
        "value_at_pool_usdt": tokens * own + usdt,
        "principal_value_usdt": reading.token_amount * price + reading.usdt_amount,
        "delta_tokens": tokens,
        "gamma_tokens_per_usdt": greeks.gamma if active else 0.0,
        "lvr_usdt_per_year_at_sigma_1": lp_position.lvr_usdt_per_year(greeks.gamma, own, 1.0)
        if active
        else 0.0,
        "in_range": active,
        "staked": reading.staked,
        "lower_usdt": reading.lower,
        "upper_usdt": None if math.isinf(reading.upper) else reading.upper,
        "liquidity": reading.liquidity,
        "owner": nft.owner if nft is not None else targets.owner,
        "cake": 0.0 if nft is None else nft.cake / 10**18,
        "exact": {
            "token_amount": str(raw[0][0]),
            "usdt_amount": str(raw[0][1]),
            "fees_token": str(raw[1][0]),
            "fees_usdt": str(raw[1][1]),
        },
    }
