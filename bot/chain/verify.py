"""Check the address book and the positions against the chain before anything is believed.

Rule 1: every address is asked who it is: code, factory, deployer, CREATE2 address, tokens, decimals, chain.
Rule 2: what does not fit is a `ConfigError` that names the entry and both values; nothing is guessed.
Rule 3: reading only: no account, no signature, no transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from eth_utils.crypto import keccak

from bot.chain import abi, decode
from bot.chain.abi import AbiError, Call
from bot.chain.addresses import NOWHERE, Contracts
from bot.chain.asker import Asker, book_on, completed
from bot.chain.multiread import Nft, Targets
from bot.chain.rpc import Rpc
from bot.chain.state import TokenOrder
from bot.model.errors import ConfigError

POSITIONS_MAX = 64


@dataclass(frozen=True, slots=True)
class Request:
    """Whose positions in which token's pools. Addresses in any case; None = find out or leave out.

    `contracts` None = the built-in table of the node's chain. With an `owner` and `find_more`, every position
    of his in the token's pool is taken too, in the wallet and in the farm.
    """

    token: str
    quote: str
    owner: str | None = None
    v3_ids: tuple[int, ...] = ()
    v3_pool: str | None = None
    v2_pair: str | None = None
    contracts: Contracts | None = None
    chain_id: int | None = None
    find_more: bool = True


async def resolve(rpc: Rpc, request: Request) -> Targets:
    """What to read for `request`, verified. Raises `ConfigError`, `LineDown`, `RpcError`."""
    ask = Asker(rpc, await book_on(rpc, request.contracts, request.chain_id))
    ask.book = await completed(ask, request.v2_pair)
    try:
        token, quote = (
            abi.address(abi.address_int(request.token)),
            abi.address(abi.address_int(request.quote)),
        )
        owner = None if request.owner is None else abi.address(abi.address_int(request.owner))
    except AbiError as error:
        raise ConfigError([f"chain: {error}"]) from None
    await ask.code({"token": token, "quote": quote})
    order = await _order(ask, token, quote)
    token0, token1 = (token, quote) if order.token_is_0 else (quote, token)
    targets = Targets(ask.book, order, token0, token1, owner)
    ids = list(request.v3_ids)
    if owner is not None and request.find_more:
        ids += [found for found in await discover(ask, owner) if found not in ids]
    if len(ids) > POSITIONS_MAX:  # anybody may send dust positions to an address; each would cost six reads
        raise ConfigError(
            [f"chain: {owner} holds {len(ids)} positions: more than {POSITIONS_MAX} are not read"]
        )
    if ids or request.v3_pool is not None:
        targets = await _v3(ask, targets, ids, request)
    if request.v2_pair is not None:
        targets = replace(targets, pair=await _pair(ask, targets, request.v2_pair))
    if not targets.nfts and targets.pair is None:
        raise ConfigError(
            ["chain: no position found: give position ids, a V2 pair with its owner, or an owner"]
        )
    return targets


async def _order(ask: Asker, token: str, quote: str) -> TokenOrder:
    if token == quote:
        raise ConfigError(["chain: token and quote are the same contract"])
    found = await ask.words(
        {
            "token's decimals()": Call(token, abi.encode("decimals()")),
            "quote's decimals()": Call(quote, abi.encode("decimals()")),
        }
    )
    decimals = list(found.values())
    if max(decimals) > 36:
        raise ConfigError([f"chain: decimals {decimals} are not believable"])
    return TokenOrder(int(token, 16) < int(quote, 16), *decimals)


async def discover(ask: Asker, owner: str) -> list[int]:
    """Ids of every V3 position `owner` holds, in the wallet or staked, whatever the pool."""
    places = {"position_manager": ask.book.position_manager}
    if ask.book.masterchef != NOWHERE:
        places["masterchef"] = ask.book.masterchef
    asked = {
        f"{n}'s balanceOf()": Call(p, abi.encode("balanceOf(address)", owner)) for n, p in places.items()
    }
    counts = (await ask.words(asked)).values()
    calls = [
        Call(place, abi.encode("tokenOfOwnerByIndex(address,uint256)", owner, index))
        for place, count in zip(places.values(), counts, strict=True)
        for index in range(min(count, 500))
    ]
    return [int.from_bytes(answer, "big") for answer in await ask.many(calls) if answer is not None]


async def positions(ask: Asker, ids: list[int]) -> dict[int, decode.Position | None]:
    """Each id's position; None where the manager does not know it."""
    manager = ask.book.position_manager
    answers = await ask.many([Call(manager, abi.encode("positions(uint256)", number)) for number in ids])
    return {
        number: None if answer is None else decode.position(answer)
        for number, answer in zip(ids, answers, strict=True)
    }


async def _v3(ask: Asker, targets: Targets, ids: list[int], request: Request) -> Targets:
    book = ask.book
    await ask.code({"v3_factory": book.v3_factory, "position_manager": book.position_manager})
    named = {
        "position_manager's factory()": (book.position_manager, "factory()", book.v3_factory),
        "position_manager's deployer()": (book.position_manager, "deployer()", book.v3_deployer),
    }
    await _expect(ask, named)
    await _expect(ask, {"v3_factory's poolDeployer()": (book.v3_factory, "poolDeployer()", book.v3_deployer)})
    found = await positions(ask, ids)
    ours = _ours(targets, found, set(request.v3_ids))
    fee = await _fee(ask, request.v3_pool, {position.fee for position in ours.values()})
    if fee is None:
        return targets
    elsewhere = sorted(n for n, position in ours.items() if n in request.v3_ids and position.fee != fee)
    if elsewhere:
        raise ConfigError([f"chain: position {n} lies in the pool of another fee tier" for n in elsewhere])
    pool = await _pool(ask, targets, fee, request.v3_pool)
    nfts = tuple(Nft(n, p.lower, p.upper) for n, p in sorted(ours.items()) if p.fee == fee)
    return replace(targets, pool=pool, nfts=nfts)


def _ours(
    targets: Targets, found: dict[int, decode.Position | None], asked: set[int]
) -> dict[int, decode.Position]:
    """Positions in the deal's token. Raises `ConfigError` for an id that was asked for and is not."""
    kept: dict[int, decode.Position] = {}
    problems: list[str] = []
    for number, position in found.items():
        if position is None:
            problems.append(f"chain: position {number} does not exist (burned, or never minted)")
        elif (position.token0, position.token1) == (targets.token0, targets.token1):
            kept[number] = position
        elif number in asked:
            problems.append(
                f"chain: position {number} is in {position.token0}/{position.token1}, not in the deal's"
            )
    if problems:
        raise ConfigError(problems)
    return kept


async def _fee(ask: Asker, pool: str | None, fees: set[int]) -> int | None:
    if pool is not None:
        found = await ask.words({"v3_pool's fee()": Call(pool.lower(), abi.encode("fee()"))})
        return next(iter(found.values()))
    if len(fees) > 1:
        tiers = ", ".join(str(fee) for fee in sorted(fees))
        raise ConfigError(
            [f"chain: the positions lie in pools of different fees ({tiers}): name one v3_pool"]
        )
    return next(iter(fees), None)


async def _pool(ask: Asker, targets: Targets, fee: int, claimed: str | None) -> str:
    book = ask.book
    salt = keccak(abi.word(targets.token0) + abi.word(targets.token1) + abi.word(fee))
    pool = create2(book.v3_deployer, salt, book.v3_init_code_hash)
    if claimed is not None and claimed.lower() != pool:
        raise ConfigError(
            [f"chain: v3_pool is {claimed.lower()}, but the deployer's address for it is {pool}"]
        )
    registered = Call(book.v3_factory, abi.encode("getPool(address,address,uint24)", targets.token0,
                                                  targets.token1, fee))  # fmt: skip
    answer = await ask.words({"v3_factory's getPool()": registered})
    if abi.address(next(iter(answer.values()))) != pool:
        raise ConfigError(
            [f"chain: the V3 factory does not know the pool {pool}: wrong table for this chain?"]
        )
    await _expect(ask, {"pool's factory()": (pool, "factory()", book.v3_factory)})
    return pool


async def _pair(ask: Asker, targets: Targets, claimed: str) -> str:
    book = ask.book
    if targets.owner is None:
        raise ConfigError(["chain: a V2 pair needs its owner: whose liquidity tokens are to be counted?"])
    await ask.code({"v2_factory": book.v2_factory, "v2_pair": claimed.lower()})
    question = Call(book.v2_factory, abi.encode("getPair(address,address)", targets.token0, targets.token1))
    pair = abi.address((await ask.words({"v2_factory's getPair()": question}))["v2_factory's getPair()"])
    if claimed.lower() != pair:
        problem = f"chain: v2_pair is {claimed.lower()}, but the factory's address for it is {pair}"
        raise ConfigError([problem])
    salt = keccak(bytes.fromhex(targets.token0[2:]) + bytes.fromhex(targets.token1[2:]))
    if book.v2_init_code_hash and create2(book.v2_factory, salt, book.v2_init_code_hash) != pair:
        raise ConfigError([f"chain: v2_pair {pair} was not made of the known code: another exchange's?"])
    await _expect(ask, {"v2_pair's factory()": (pair, "factory()", book.v2_factory)})
    return pair


async def _expect(ask: Asker, named: dict[str, tuple[str, str, str]]) -> None:
    """Raises `ConfigError` where a contract names another address than the book."""
    answers = await ask.words({n: Call(target, abi.encode(sig)) for n, (target, sig, _want) in named.items()})
    wrong = [
        f"chain: {name} is {abi.address(answers[name])}, the address book says {want}"
        for name, (_target, _sig, want) in named.items()
        if answers[name] != int(want, 16)
    ]
    if wrong:
        raise ConfigError(wrong)


def create2(deployer: str, salt: bytes, init_code_hash: str) -> str:
    """The address CREATE2 gives (EIP-1014)."""
    packed = b"\xff" + bytes.fromhex(deployer[2:]) + salt + bytes.fromhex(init_code_hash[2:])
    return "0x" + bytes(keccak(packed)).hex()[-40:]
