"""`bot localnet`: the exchanges and the chain on this machine, until a signal.

Rule 1: the first line on stdout says all a client needs to know; people are told on stderr.
Rule 2: only loopback is served, and what was started ends with the command.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import output
from bot.model.errors import BotError

if TYPE_CHECKING:
    from bot.localnet.chain import LocalChain

app = typer.Typer()

HOST = "127.0.0.1"
PORT, FAULTS_PORT, RPC_PORT = 9443, 9444, 8545
RETRY_S, FAILURES_MAX = 1.0, 10
_ANY = "default: {}, or any free port when that is taken; 0: any"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to start. Ports: None = the usual one if it is free, 0 = any free one."""

    seed: int = 1
    exchanges: bool = True
    chain: bool = True
    port: int | None = None
    faults_port: int | None = None
    rpc_port: int | None = None
    directory: Path | None = None


@app.command(rich_help_panel=output.RUNNING)
def localnet(
    seed: Annotated[int, typer.Option(help="Seed of the market and of the pool's trader.", min=0)] = 1,
    exchanges: Annotated[
        bool, typer.Option("--exchanges/--no-exchanges", help="Serve the exchanges' own protocols.")
    ] = True,
    chain: Annotated[bool, typer.Option("--chain/--no-chain", help="Run a node with PancakeSwap.")] = True,
    port: Annotated[
        int | None, typer.Option(help=f"Exchanges, TLS ({_ANY.format(PORT)}).", min=0, max=65_535)
    ] = None,
    faults_port: Annotated[
        int | None, typer.Option(help=f"Fault switches ({_ANY.format(FAULTS_PORT)}).", min=0, max=65_535)
    ] = None,
    rpc_port: Annotated[
        int | None, typer.Option(help=f"The node ({_ANY.format(RPC_PORT)}).", min=0, max=65_535)
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For contracts.json, chain.env, ca.pem (default: a temporary one)."),
    ] = None,
) -> None:
    """Run the exchanges and a BSC node with PancakeSwap on this machine.

    Prints one line of JSON with every address, key and position, then runs until Ctrl-C or SIGTERM.

    The exchanges are the simulated market behind their own protocols, listed under `venues`. The node holds
    $1M of liquidity in V3 and V2; a trader keeps its price beside the market's. The first start installs it.
    """
    if not (exchanges or chain):
        raise typer.BadParameter("--no-exchanges --no-chain leaves nothing to run")
    asyncio.run(_until_signal(Wanted(seed, exchanges, chain, port, faults_port, rpc_port, directory)))


async def _until_signal(wanted: Wanted) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(wanted, stop, _tell)


def _tell(document: dict[str, Any]) -> None:
    output.emit(document)
    places = [document[key] for key in ("address", "rpc_url") if key in document]
    output.note(f"serving on {' and '.join(places)}; Ctrl-C ends it")
    if "chain_env" in document:
        follow = f"set -a; . {document['chain_env']}; set +a; bot run -c config/paper.toml"
        output.note(f"a paper run follows this chain, at its own market's prices, with: {follow}")


async def serve(wanted: Wanted, stop: asyncio.Event, told: Callable[[dict[str, Any]], None]) -> None:
    """Start what is wanted, `told` once with its description, run until `stop`, end it.

    Raises `BotError` when a port is taken or a part cannot start, and when the node is lost.
    """
    from bot.clock import SystemClock
    from bot.localnet.chain_price import SimPrice
    from bot.sim.params import WorldParams

    async with AsyncExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="localnet-"))
        directory = wanted.directory or Path(temporary)
        document: dict[str, Any] = {}
        price: Callable[[], float] = SimPrice(WorldParams(), wanted.seed, SystemClock())
        if wanted.exchanges:
            price = await _exchanges(wanted, directory, stack, document)
        jobs: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
        if wanted.chain:
            chain = await _chain(wanted, directory, stack, document)
            jobs.append(asyncio.create_task(_trade(chain, price, wanted.seed)))
        stack.push_async_callback(_end, jobs)
        told(document)
        done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        for job in done:
            job.result()


async def _exchanges(
    wanted: Wanted, directory: Path, stack: AsyncExitStack, document: dict[str, Any]
) -> Callable[[], float]:
    from bot.localnet import serve as exchanges

    params = exchanges.LocalnetParams(
        seed=wanted.seed,
        port=_port(wanted.port, PORT),
        faults_port=_port(wanted.faults_port, FAULTS_PORT),
        directory=directory,
    )
    try:
        running = await stack.enter_async_context(exchanges.serve(params))
    except OSError as error:
        raise BotError(f"cannot listen: {error.strerror or error}: choose --port and --faults-port") from None
    document |= running.describe()
    return lambda: running.world.fair_usdt


async def _chain(
    wanted: Wanted, directory: Path, stack: AsyncExitStack, document: dict[str, Any]
) -> LocalChain:
    from bot.localnet.chain import ChainSpec, LocalChain
    from bot.localnet.chain_node import NodeOptions

    node = NodeOptions(port=_port(wanted.rpc_port, RPC_PORT), block_time_s=0.45)
    chain = LocalChain(ChainSpec(node=node))
    stack.push_async_callback(chain.stop)
    await chain.start()
    document |= chain.describe()
    document |= _write(document, directory)
    return chain


def _write(document: dict[str, Any], directory: Path) -> dict[str, str]:
    """The contracts file, and `chain.env`: the `[chain]` section as variables of the environment."""
    directory.mkdir(parents=True, exist_ok=True)
    book, env = directory.resolve() / "contracts.json", directory.resolve() / "chain.env"
    contracts = document["contracts"]
    book.write_text(json.dumps(contracts, indent=2) + "\n", encoding="utf-8")
    values = {
        "rpc_urls": [document["rpc_url"]],
        "ws_urls": [document["ws_url"]],
        "chain_id": document["chain_id"],
        "owner": document["owner"],
        **{name: contracts[name] for name in ("token", "quote", "v3_pool", "v2_pair")},
        "contracts_file": str(book),
    }
    lines = [f"BOT_CHAIN__{name.upper()}='{json.dumps(value)}'\n" for name, value in values.items()]
    env.write_text("".join(lines), encoding="utf-8")
    return {"contracts_file": str(book), "chain_env": str(env)}


async def _trade(chain: LocalChain, price: Callable[[], float], seed: int) -> None:
    """Let the pool follow the price. A busy node is tried again; one that is gone ends the command."""
    from bot.localnet.chain import Flow

    failures = 0
    while True:
        swaps = chain.swaps
        try:
            await chain.follow(price, Flow(seed=seed))
        except (BotError, TimeoutError) as error:
            failures = failures + 1 if chain.swaps == swaps else 1
            output.note(f"bot: the pool's trader: {str(error) or type(error).__name__}")
            if failures >= FAILURES_MAX:
                raise BotError("the local chain does not answer any more") from error
        await asyncio.sleep(RETRY_S)


async def _end(jobs: list[asyncio.Task[Any]]) -> None:
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


def _port(wanted: int | None, usual: int) -> int:
    """The port asked for; else the usual one, or 0 (any) when somebody has it."""
    if wanted is not None:
        return wanted
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, usual))
        except OSError:
            return 0
    return usual
