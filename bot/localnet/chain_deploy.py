"""Put PancakeSwap V2, V3 and its farm on a fresh node, with a token and USDT of any decimals and order.

Rule 1: the exchange's contracts are the published ones; own stand-ins are only what no package ships (the
tokens, the pool deployer, the farm's reward pool, a V2 router without its safety checks).
Rule 2: same node, same specification: same addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from typing import Any

from eth_utils.crypto import keccak

from bot.chain.abi import unhex
from bot.chain.addresses import V3_INIT_CODE_HASH, Contracts
from bot.localnet.chain_node import Sender
from bot.localnet.chain_packages import Packages

UNLIMITED = 2**256 - 1
NULL = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class LabSpec:
    """What to deploy. `price` in USDT per token; `fee` in hundredths of a basis point."""

    token_is_0: bool = True
    token_decimals: int = 18
    usdt_decimals: int = 18
    price: Decimal = Decimal(1)
    fee: int = 2500
    symbol: str = "TKN"
    token_name: str = "Project token"

    def sqrt_price_x96(self, price: Decimal) -> int:
        """A price in USDT per token as the pool writes it (floor)."""
        top, bottom = price.as_integer_ratio()
        raw_top, raw_bottom = top * 10**self.usdt_decimals, bottom * 10**self.token_decimals
        if not self.token_is_0:
            raw_top, raw_bottom = raw_bottom, raw_top
        return isqrt((raw_top << 192) // raw_bottom)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The node's accounts by role. `us` owns our positions."""

    owner: str
    us: str
    other: str
    trader: str
    fee_to: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """Addresses (lower case) of everything on the local chain."""

    spec: LabSpec
    accounts: Accounts
    contracts: Contracts
    token: str
    usdt: str
    pool: str
    pair: str
    v2_router: str
    v3_router: str
    reward_pool: str

    @property
    def token0(self) -> str:
        """The token with the lower address."""
        return self.token if self.spec.token_is_0 else self.usdt

    @property
    def token1(self) -> str:
        """The token with the higher address."""
        return self.usdt if self.spec.token_is_0 else self.token

    def ordered(self, token_amount: int, usdt_amount: int) -> tuple[int, int]:
        """(token, usdt) raw amounts as (token0, token1)."""
        return (token_amount, usdt_amount) if self.spec.token_is_0 else (usdt_amount, token_amount)


class _Deployer:
    def __init__(self, sender: Sender, packages: Packages, owner: str) -> None:
        self.sender, self.packages, self.owner = sender, packages, owner

    async def new(self, name: str, *args: Any) -> str:
        artifact = self.packages.artifact(name)
        types = [i["type"] for e in artifact.abi if e["type"] == "constructor" for i in e["inputs"]]
        return await self.sender.deploy(self.owner, artifact.bytecode, types, args)

    async def send(self, target: str, signature: str, *args: Any) -> None:
        await self.sender.send(self.owner, target, signature, *args)


async def deploy(sender: Sender, packages: Packages, spec: LabSpec) -> Deployed:
    """Deploy everything, create pool and pair, fund the accounts. No liquidity yet."""
    owner, us, other, trader, fee_to = (await sender.accounts())[:5]
    accounts = Accounts(owner, us, other, trader, fee_to)
    do = _Deployer(sender, packages, owner)
    token, usdt = await _tokens(do, spec)
    cake = await do.new("LabToken", "PancakeSwap Token", "Cake", 18)
    wrapped = await do.new("LabToken", "Wrapped BNB", "WBNB", 18)
    v2_factory, pair, v2_router = await _v2(do, token, usdt, fee_to)
    deployer, factory = await _v3_factory(do)
    manager = await do.new("NonfungiblePositionManager", deployer, factory, wrapped, NULL)
    v3_router = await do.new("SwapRouter", deployer, factory, wrapped)
    multicall = await do.new("PancakeInterfaceMulticall")
    token0, token1 = (token, usdt) if spec.token_is_0 else (usdt, token)
    await do.send(
        manager,
        "createAndInitializePoolIfNecessary(address,address,uint24,uint160)",
        *(token0, token1, spec.fee, spec.sqrt_price_x96(spec.price)),
    )
    (pool,) = await sender.view(
        factory, "getPool(address,address,uint24)", ["address"], token0, token1, spec.fee
    )
    chef, reward_pool = await _farm(do, cake, manager, wrapped, factory, pool)
    pair_code = unhex(packages.artifact("PancakePair").bytecode)
    contracts = Contracts(
        chain_id=int(await sender.rpc.call("eth_chainId", []), 16),
        v3_factory=factory,
        v3_deployer=deployer,
        position_manager=manager,
        multicall=multicall,
        masterchef=chef,
        v2_factory=v2_factory,
        cake=cake,
        v2_init_code_hash="0x" + keccak(pair_code).hex(),
        v3_init_code_hash=V3_INIT_CODE_HASH,
    )
    found = Deployed(spec, accounts, contracts, token, usdt, pool, pair, v2_router, v3_router, reward_pool)
    await _fund(sender, found)
    return found


async def _tokens(do: _Deployer, spec: LabSpec) -> tuple[str, str]:
    usdt = await do.new("LabToken", "Tether USD", "USDT", spec.usdt_decimals)
    while True:
        token = await do.new("LabToken", spec.token_name, spec.symbol, spec.token_decimals)
        if (int(token, 16) < int(usdt, 16)) == spec.token_is_0:
            return token, usdt


async def _v2(do: _Deployer, token: str, usdt: str, fee_to: str) -> tuple[str, str, str]:
    factory = await do.new("PancakeFactory", do.owner)
    await do.send(factory, "setFeeTo(address)", fee_to)
    await do.send(factory, "createPair(address,address)", token, usdt)
    (pair,) = await do.sender.view(factory, "getPair(address,address)", ["address"], token, usdt)
    return factory, pair, await do.new("LabV2Router")


async def _v3_factory(do: _Deployer) -> tuple[str, str]:
    blob = await do.new("LabBlob", unhex(do.packages.artifact("PancakeV3Pool").bytecode))
    deployer = await do.new("LabV3PoolDeployer", blob)
    factory = await do.new("PancakeV3Factory", deployer)
    await do.send(deployer, "setFactoryAddress(address)", factory)
    return deployer, factory


async def _farm(do: _Deployer, *parts: str) -> tuple[str, str]:
    cake, manager, wrapped, factory, pool = parts
    chef = await do.new("MasterChefV3", cake, manager, wrapped)
    makers = await do.new("LabLmPoolDeployer")
    await do.send(chef, "setLMPoolDeployer(address)", makers)
    await do.send(chef, "add(uint256,address,bool)", 100, pool, False)
    (reward_pool,) = await do.sender.view(makers, "last()", ["address"])
    await do.send(factory, "setLmPool(address,address)", pool, reward_pool)
    return chef, reward_pool


async def _fund(sender: Sender, lab: Deployed) -> None:
    """A billion of both tokens for us, the other provider and the trader, and every approval they need."""
    roles = lab.accounts
    spenders = (lab.contracts.position_manager, lab.v3_router, lab.v2_router, lab.contracts.masterchef)
    for account in (roles.us, roles.other, roles.trader):
        for coin, decimals in ((lab.token, lab.spec.token_decimals), (lab.usdt, lab.spec.usdt_decimals)):
            await sender.send(roles.owner, coin, "mint(address,uint256)", account, 10 ** (9 + decimals))
            for spender in spenders:
                await sender.send(account, coin, "approve(address,uint256)", spender, UNLIMITED)
        await sender.send(account, lab.pair, "approve(address,uint256)", lab.v2_router, UNLIMITED)
