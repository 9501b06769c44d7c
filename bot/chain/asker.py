"""Ask contracts several questions at once, and complete the address book from what they answer.

Rule 1: one request for any number of questions where the chain has PancakeSwap's multicall; else one each.
Rule 2: an answer of the wrong form is a `ConfigError` naming the question, before anything is believed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.chain import abi
from bot.chain.abi import AbiError, Call
from bot.chain.addresses import BOOKS, NOWHERE, Contracts, book_for
from bot.chain.multiread import one_by_one
from bot.chain.rpc import Rpc, RpcError
from bot.model.errors import ConfigError


class Asker:
    """Several reads in one request, at the node's newest block."""

    def __init__(self, rpc: Rpc, book: Contracts) -> None:
        self.rpc, self.book = rpc, book

    async def many(self, calls: list[Call]) -> list[bytes | None]:
        """One answer per call; None where the contract refused or nothing is there."""
        if not calls:
            return []
        if self.book.multicall == NOWHERE:
            return (await one_by_one(self.rpc, calls))[1]
        data = abi.encode_multicall(calls)
        request = {"to": self.book.multicall, "data": "0x" + data.hex()}
        raw = abi.unhex(await self.rpc.call("eth_call", [request, "latest"]))
        return [answer or None for answer in abi.decode_multicall(raw, len(calls))[1]]

    async def words(self, what: dict[str, Call]) -> dict[str, int]:
        """One word per named read. Raises `ConfigError` naming those that do not answer one."""
        answers = await self.many(list(what.values()))
        bad = [f"chain: {name} does not answer as it should" for name, a in zip(what, answers, strict=True)
               if a is None or len(a) != abi.WORD]  # fmt: skip
        if bad:
            raise ConfigError(bad)
        return {name: int.from_bytes(a or b"", "big") for name, a in zip(what, answers, strict=True)}

    async def code(self, named: dict[str, str]) -> None:
        """Raises `ConfigError` for every address without code."""
        found = await asyncio.gather(*(self.rpc.call("eth_getCode", [a, "latest"]) for a in named.values()))
        missing = [
            f"chain: there is no contract at {address} ({name})"
            for (name, address), code in zip(named.items(), found, strict=True)
            if len(str(code)) <= 2
        ]
        if missing:
            raise ConfigError(missing)


async def book_on(rpc: Rpc, contracts: Contracts | None, chain_id: int | None) -> Contracts:
    """The address book of the node's chain: `contracts`, or the built-in one. Raises `ConfigError`."""
    raw = await rpc.call("eth_chainId", [])
    try:
        found = int(raw, 16)
    except (TypeError, ValueError):
        raise ConfigError([f"chain: {rpc.name} does not tell its chain id"]) from None
    book = contracts or book_for(found)
    for name, wanted in (("the configuration", chain_id), ("the contracts file", book.chain_id)):
        if wanted is not None and wanted != found:
            raise ConfigError([f"chain: {rpc.name} is on chain {found}, {name} says {wanted}"])
    if book.multicall == NOWHERE:
        return book
    ask = Asker(rpc, book)
    await ask.code({"multicall": book.multicall})
    try:
        await ask.many([Call(book.multicall, abi.encode("getCurrentBlockTimestamp()"))])
    except (RpcError, AbiError):
        if book in BOOKS.values():
            raise ConfigError(["chain: the multicall does not answer as it should"]) from None
        return replace(book, multicall=NOWHERE)
    return book


async def completed(ask: Asker, v2_pair: str | None) -> Contracts:
    """The book with factories that a contracts file left out, as the manager and the pair name them."""
    book, questions = ask.book, dict[str, Call]()
    if book.position_manager != NOWHERE:
        for name, signature in (("v3_factory", "factory()"), ("v3_deployer", "deployer()")):
            if getattr(book, name) == NOWHERE:
                questions[name] = Call(book.position_manager, abi.encode(signature))
    if v2_pair is not None and book.v2_factory == NOWHERE:
        questions["v2_factory"] = Call(v2_pair.lower(), abi.encode("factory()"))
    found = {name: abi.address(value) for name, value in (await ask.words(questions)).items()}
    return replace(
        book,
        v3_factory=found.get("v3_factory", book.v3_factory),
        v3_deployer=found.get("v3_deployer", book.v3_deployer),
        v2_factory=found.get("v2_factory", book.v2_factory),
    )
