"""A real node on this machine: one anvil process, and plain JSON-RPC to its unlocked accounts.

Rule 1: the process ends with `stop`, and with this interpreter at the latest.
Rule 2: only this file and its siblings send transactions; the accounts are the node's own, so no key is
needed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from eth_abi.abi import decode, encode
from eth_abi.grammar import parse

from bot.chain.abi import selector, unhex
from bot.chain.rpc import HttpRpc, RpcError
from bot.model.errors import BotError, ConfigError

START_TIMEOUT_S = 20.0


class Reverted(BotError):
    """A transaction or call was refused by a contract."""


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How anvil runs. `block_time_s` None = a block per transaction and none otherwise."""

    chain_id: int = 56
    port: int = 0
    block_time_s: float | None = None
    epoch_slots: int = 2
    fork_url: str | None = None
    fork_block: int | None = None

    def arguments(self) -> list[str]:
        """anvil's command line. `--slots-in-an-epoch n`: safe = head - n, finalized = head - 2n."""
        args = ["--host", "127.0.0.1", "--port", str(self.port), "--slots-in-an-epoch", str(self.epoch_slots)]
        args += ["--gas-limit", "140000000", "--base-fee", "0", "--gas-price", "0", "--order", "fifo"]
        if self.fork_url is None:
            args += ["--chain-id", str(self.chain_id)]
        else:
            args += ["--fork-url", self.fork_url, "--no-storage-caching", "--retries", "0"]
            if self.fork_block is not None:
                args += ["--fork-block-number", str(self.fork_block)]
        if self.block_time_s is not None:
            args += ["--block-time", str(self.block_time_s)]
        return args


class Anvil:
    """One running node. `rpc` answers after `start`."""

    def __init__(self, binary: Path, options: NodeOptions | None = None) -> None:
        self.binary, self.options = binary, options or NodeOptions()
        self.port = 0
        self.output: deque[str] = deque(maxlen=40)
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._rpc: HttpRpc | None = None

    @property
    def rpc_url(self) -> str:
        """The node's HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """The node's WebSocket address."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def rpc(self) -> HttpRpc:
        """A line to the node."""
        if self._rpc is None:
            raise BotError("the node has not been started")
        return self._rpc

    async def start(self) -> None:
        """Start the process and wait until it listens. Raises `ConfigError` with its last words otherwise."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(self.binary),
                *self.options.arguments(),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                stdin=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise ConfigError([f"cannot run the node's binary {self.binary}: {error.strerror}"]) from None
        atexit.register(self._kill)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                self.port = await self._listening()
        except TimeoutError:
            await self.stop()
            raise ConfigError(
                [f"anvil did not listen within {START_TIMEOUT_S:.0f} s: {self._words()}"]
            ) from None
        self._drain = asyncio.create_task(self._read_on())
        self._session = aiohttp.ClientSession()
        self._rpc = HttpRpc(self.rpc_url, self._session)

    async def stop(self) -> None:
        """End the process and wait for it."""
        self._kill()
        atexit.unregister(self._kill)
        if self._process is not None:
            await self._process.wait()
        if self._drain is not None:
            await self._drain
        if self._session is not None:
            await self._session.close()
        self._process = self._rpc = None

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _listening(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            words = line.decode(errors="replace").strip()
            self.output.append(words)
            if words.startswith("Listening on "):
                return int(words.rsplit(":", 1)[1])
        raise ConfigError([f"anvil ended at once: {self._words()}"])

    async def _read_on(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.output.append(line.decode(errors="replace").strip())

    def _words(self) -> str:
        return " / ".join(line for line in self.output if line)[-400:] or "it said nothing"


def calldata(signature: str, *args: Any) -> bytes:
    """Selector and ABI-encoded arguments of `name(types)`, tuples and arrays included."""
    return selector(signature) + encode(argument_types(signature), args)


def argument_types(signature: str) -> list[str]:
    """The top-level types of `name(types)`."""
    inside = signature[signature.index("(") :]
    if inside == "()":
        return []
    return [component.to_type_str() for component in parse(inside).components]


class Sender:
    """Transactions and reads through one node's own accounts.

    `mine` = ask for a block after each transaction that is waited for, on a node with its own block time.
    """

    def __init__(self, rpc: HttpRpc, mine: bool = False) -> None:
        self.rpc, self.mine = rpc, mine

    async def accounts(self) -> list[str]:
        """The node's unlocked accounts."""
        found: list[str] = await self.rpc.call("eth_accounts", [])
        return found

    async def deploy(
        self, source: str, bytecode: str, types: Iterable[str] = (), args: Iterable[Any] = ()
    ) -> str:
        """Create a contract from account `source`; returns its address, lower case."""
        data = unhex(bytecode) + encode(list(types), list(args))
        receipt = await self._transact({"from": source, "data": "0x" + data.hex()})
        return str(receipt["contractAddress"]).lower()

    async def send(self, source: str, target: str, signature: str, *args: Any) -> dict[str, Any]:
        """Call `signature` in a transaction and wait for its receipt. Raises `Reverted`."""
        data = calldata(signature, *args)
        return await self._transact({"from": source, "to": target, "data": "0x" + data.hex()})

    async def post(self, source: str, target: str, signature: str, *args: Any) -> str:
        """Send without waiting; returns the transaction's hash."""
        tx = {
            "from": source,
            "to": target,
            "data": "0x" + calldata(signature, *args).hex(),
            "gas": hex(3_000_000),
        }
        return str(await self.rpc.call("eth_sendTransaction", [tx]))

    async def view(
        self, target: str, signature: str, outputs: list[str], *args: Any, source: str | None = None
    ) -> tuple[Any, ...]:
        """A read (a transaction without effect) of `signature`, from `source`, decoded. Raises `Reverted`."""
        tx = {"to": target, "data": "0x" + calldata(signature, *args).hex()}
        if source is not None:
            tx["from"] = source
        try:
            raw = await self.rpc.call("eth_call", [tx, "latest"], timeout_s=10)
        except RpcError as error:
            raise Reverted(str(error)) from None
        return tuple(decode(outputs, unhex(raw)))

    async def _transact(self, tx: dict[str, Any]) -> dict[str, Any]:
        tx = {**tx, "gas": hex(30_000_000)}
        try:
            digest = await self.rpc.call("eth_sendTransaction", [tx], timeout_s=10)
        except RpcError as error:
            raise Reverted(str(error)) from None
        if self.mine:
            await self.rpc.call("anvil_mine", ["0x1"])
        receipt = await self.receipt(str(digest))
        if int(receipt["status"], 16) != 1:
            raise Reverted(f"transaction {digest} to {tx.get('to', 'a new contract')} reverted")
        return receipt

    async def receipt(self, digest: str) -> dict[str, Any]:
        """The receipt of a transaction, waited for."""
        async with asyncio.timeout(30):
            while True:
                found: dict[str, Any] | None = await self.rpc.call("eth_getTransactionReceipt", [digest])
                if found is not None:
                    return found
                await asyncio.sleep(0.005)
