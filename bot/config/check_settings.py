"""What must hold between the settings: mode and feed, accounts and instruments, pool and deal.

Rule 1: a mode never runs in another mode's world: no live money on a simulated feed, no loopback in live.
Rule 2: the opening balances are the deal's: the borrowed tokens sum to the loan, the pool holds what is owed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from bot.config.context import Context
from bot.config.limits_file import missing_limits
from bot.config.problems import Problem
from bot.config.read import Text
from bot.config.settings import OpeningBalance, Settings
from bot.deal.terms import DealType
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.sim.params import EXCHANGES, InstrumentParams

TREASURY = "treasury"
_NEED_PASSWORD = {"bitget"}


def instruments(settings: Settings) -> dict[InstrumentId, Instrument]:
    """Every configured instrument by id, spot before perp, exchanges in the order of the file."""
    found: dict[InstrumentId, Instrument] = {}
    for kind in (Kind.SPOT, Kind.PERP):
        for exchange, terms in settings.exchanges.items():
            symbol = terms.spot if kind is Kind.SPOT else terms.perp
            instrument = Instrument(exchange, kind, **dict(symbol))
            found[instrument.id] = instrument
    return found


def context_of(settings: Settings) -> Context:
    """What the limits are judged against before the market has spoken."""
    accounts = settings.opening.accounts
    wallets = [balance.usdt for name, balance in accounts.items() if name.endswith(f".{Kind.PERP.value}")]
    held = sum((balance.tokens for balance in accounts.values()), settings.opening.lp.tokens)
    return Context(
        file=str(settings.files.limits),
        price_usdt=settings.opening.price_usdt,
        loan_tokens=settings.terms.loan_tokens,
        loan_acknowledged=settings.acknowledge.unhedged_loan,
        instruments=instruments(settings),
        wallet_usdt=float(sum(wallets)) if wallets else None,
        held_tokens=float(held) if accounts else None,
    )


def check_settings(settings: Settings, limits: Text) -> list[Problem]:
    """Every contradiction between the settings; in testnet and live also limits left to their defaults."""
    file = str(settings.files.main)
    rules: tuple[Callable[[Settings], Iterator[_Finding]], ...] = (
        _mode,
        _feed,
        _accounts,
        _pool,
        _symbols,
        _keys,
    )
    found = [Problem(file, *finding) for rule in rules for finding in rule(settings)]
    if settings.mode in ("testnet", "live"):
        found += missing_limits(limits, settings.limits)
    return found


_Finding = tuple[str, object, str, str]


def _mode(settings: Settings) -> Iterator[_Finding]:
    mode, connect, chain = settings.mode, settings.connect, settings.chain
    if mode != "paper" and settings.feed.kind != "live":
        yield "feed.kind", settings.feed.kind, f"mode {mode} trades on the venues' own data", 'set "live"'
    if mode == "localnet" and connect.resolve_to is None:
        what = "is missing: without it localnet orders would go to the real venues"
        yield "connect.resolve_to", None, what, "set the address that `bot localnet` prints"
    if mode in ("testnet", "live"):
        if connect.resolve_to is not None:
            yield (
                "connect.resolve_to",
                connect.resolve_to,
                f"diverts a {mode} run",
                "remove it, or mode = localnet",
            )
        for url in chain.rpc_urls + chain.ws_urls if chain and mode == "live" else ():
            if any(host in url for host in ("//127.", "//localhost", "//[::1]")):
                yield "chain.rpc_urls", url, "a node on loopback in a live run", "name the chain's own nodes"
    if mode == "live" and chain is not None and chain.chain_id != 56:
        yield "chain.chain_id", chain.chain_id, "is no main chain", "set 56, or mode = testnet"
    if mode != "paper" and chain is None and settings.terms.pool.usdt > 0:
        what = "is missing, but the deal has a pool: its delta would be unknown"
        yield "chain", None, what, "add [chain] with rpc_urls, token, quote and the pool"
    if chain is not None and chain.v2_pair is None and chain.v3_pool is None:
        yield "chain", None, "names no pool", "set chain.v2_pair or chain.v3_pool"


def _feed(settings: Settings) -> Iterator[_Finding]:
    feed, world = settings.feed, settings.paper.world
    if feed.kind == "replay" and feed.replay is None:
        yield "feed.replay", None, "is missing", "add [feed.replay] with its recordings"
    if settings.mode != "paper" or feed.kind != "sim":
        return
    unknown = sorted(set(settings.exchanges) - set(EXCHANGES))
    if unknown:
        what = f"the simulated market has {', '.join(EXCHANGES)} only"
        yield "exchanges", ", ".join(unknown), what, "remove it, or use a live feed"
    if world.instruments != InstrumentParams():
        yield "paper.world.instruments", None, "instrument terms stand in [exchanges]", "remove it"
    if world.price.start_usdt != settings.opening.price_usdt:
        what = f"differs from opening.price_usdt = {settings.opening.price_usdt:g}"
        yield "paper.world.price.start_usdt", world.price.start_usdt, what, "write the same price in both"


def _accounts(settings: Settings) -> Iterator[_Finding]:
    known = {*instruments(settings), TREASURY}
    accounts = settings.opening.accounts
    if settings.mode == "paper" and not accounts:
        yield (
            "opening.accounts",
            None,
            "is missing: paper accounts would be empty",
            "add [opening.accounts] tables",
        )
        return
    for name, balance in accounts.items():
        key = f"opening.accounts.{name}"
        if name not in known:
            yield key, name, "is no account", f"use one of {', '.join(sorted(known))}"
        yield from _balance(key, balance)
        if name.endswith(f".{Kind.PERP.value}") and balance.tokens:
            yield (
                f"{key}.tokens",
                balance.tokens,
                "a perp wallet holds USDT only",
                "put tokens on the spot account",
            )
    yield from _balance("opening.lp", settings.opening.lp)
    if settings.terms.type is DealType.LOAN_CALL_OPTION and accounts:
        everything = [*accounts.values(), settings.opening.lp]
        borrowed = sum((balance.tokens for balance in everything if balance.borrowed), Decimal(0))
        if borrowed != Decimal(str(settings.terms.loan_tokens)):
            what = f"borrowed tokens sum to {borrowed:,}, the loan is {settings.terms.loan_tokens:,.0f}"
            yield "opening.accounts", None, what, "mark every borrowed balance and make the sum the loan"


def _balance(key: str, balance: OpeningBalance) -> Iterator[_Finding]:
    for side, value in (("tokens", balance.tokens), ("usdt", balance.usdt)):
        if value < 0:
            yield f"{key}.{side}", value, "must be ≥ 0", "set what the account holds"


def _pool(settings: Settings) -> Iterator[_Finding]:
    lp, pool = settings.opening.lp, settings.terms.pool
    if settings.mode != "paper" or not settings.opening.accounts:
        return
    for side, given, owed in (("tokens", lp.tokens, pool.tokens), ("usdt", lp.usdt, pool.usdt)):
        if float(given) != owed:
            what = f"differs from the deal's pool.{side} = {owed:,.0f}"
            yield f"opening.lp.{side}", given, what, "write the same amount in both"
    world = settings.paper.world.pool
    if settings.feed.kind == "sim" and pool.usdt > 0:
        if (world.kind, world.usdt) != (pool.kind, pool.usdt):
            what = (
                f"a {world.kind} pool of {world.usdt:,.0f} USDT; the deal has {pool.kind} of {pool.usdt:,.0f}"
            )
            yield "paper.world.pool", None, what, "write the same kind and usdt in both"
        if (
            world.kind == "v2"
            and abs(pool.tokens * settings.opening.price_usdt - pool.usdt) > 1e-6 * pool.usdt
        ):
            what = f"a v2 pool holds equal values: {pool.usdt / settings.opening.price_usdt:,.0f} tokens here"
            yield "opening.lp.tokens", lp.tokens, what, "correct the deal's pool or opening.price_usdt"


def _symbols(settings: Settings) -> Iterator[_Finding]:
    token = settings.terms.token
    for exchange, terms in settings.exchanges.items():
        for kind, symbol in (("spot", terms.spot.symbol), ("perp", terms.perp.symbol)):
            wanted = f"{token}/USDT" + (":USDT" if kind == "perp" else "")
            if symbol != wanted:
                what = f"is not the {kind} symbol of the deal's token"
                yield f"exchanges.{exchange}.{kind}.symbol", symbol, what, f'set "{wanted}"'


def _keys(settings: Settings) -> Iterator[_Finding]:
    if settings.mode == "paper":
        return
    for exchange in settings.exchanges:
        keys = settings.secrets.get(exchange)
        needed = ["api_key", "secret"] + (["password"] if exchange in _NEED_PASSWORD else [])
        for name in needed:
            if keys is None or getattr(keys, name) is None:
                variable = f"BOT_{exchange}_{name}".upper()
                yield (
                    variable,
                    None,
                    "is not set",
                    f"set it, or write the file {variable.lower()} in BOT_SECRETS_DIR",
                )
