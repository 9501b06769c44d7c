"""The address book: which contracts are PancakeSwap on which chain.

Rule 1: one table per chain; the same address is another contract elsewhere, so tables are never shared.
Rule 2: an entry is a claim until `bot.chain.verify` has checked it on the chain.
Rule 3: PancakeSwap V2 and V3 only; Infinity (v4) pools are another set of contracts.

Sources: pancake-v3-contracts `deployments/bscMainnet.json` and `bscTestnet.json`, the V2 page of the
PancakeSwap developer documentation, and the @pancakeswap v2-sdk and v3-sdk packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.chain.abi import AbiError, address, address_int
from bot.model.errors import ConfigError

V3_INIT_CODE_HASH = "0x6ce8eb472fa82df5469c6ab6d485f17c3ad13c8cd7af59b3d4a8026c5ce0f7e2"
NOWHERE = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Contracts:
    """PancakeSwap on one chain. Addresses are lower case; `NOWHERE`, or an empty hash = not known."""

    chain_id: int
    v3_factory: str
    v3_deployer: str
    position_manager: str
    multicall: str
    masterchef: str
    v2_factory: str
    cake: str
    v2_init_code_hash: str
    v3_init_code_hash: str = V3_INIT_CODE_HASH

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a contracts file."""
        return asdict(self)


BSC = Contracts(
    chain_id=56,
    v3_factory="0x0bfbcf9fa4f9c56b0f40a671ad40e0805a091865",
    v3_deployer="0x41ff9aa7e16b8b1a8a8dc4f0efacd93d02d071c9",
    position_manager="0x46a15b0b27311cedf172ab29e4f4766fbe7f4364",
    multicall="0xac1ce734566f390a94b00eb9bf561c2625bf44ea",
    masterchef="0x556b9306565093c855aea9ae92a594704c2cd59e",
    v2_factory="0xca143ce32fe78f1f7019d7d551a6402fc5350c73",
    cake="0x0e09fabb73bd3ade0a17ecc321fd13a19e81ce82",
    v2_init_code_hash="0x00fb7f630766e6a796048ea87d01acd3068e8ff67d078148a3fa3f4a84f69bd5",
)
CHAPEL = Contracts(
    chain_id=97,
    v3_factory="0x0bfbcf9fa4f9c56b0f40a671ad40e0805a091865",
    v3_deployer="0x41ff9aa7e16b8b1a8a8dc4f0efacd93d02d071c9",
    position_manager="0x427bf5b37357632377ecbec9de3626c71a5396c1",
    multicall="0x3d00cdb4785f0ef20c903a13596e0b9b2c652227",
    masterchef="0x4c650fb471fe4e0f476fd3437c3411b1122c4e3b",
    v2_factory="0x6725f303b657a9451d8ba641348b6761a6cc7a17",
    cake="0x8d008b313c1d6c7fe2982f62d32da7507cf43551",
    v2_init_code_hash="0xd0d4c4cd0848c93cb4fd1f498d7013ee6bfb25783ea21593d5834f5d250ece66",
)
USDT = {56: "0x55d398326f99059ff775485246999027b3197955", 97: "0x0fb5d7c73fa349a90392f873a4fa1ecf6a3d0a96"}
BOOKS = {book.chain_id: book for book in (BSC, CHAPEL)}


def book_for(chain_id: int) -> Contracts:
    """The built-in table of a chain. Raises `ConfigError` for a chain that has none."""
    book = BOOKS.get(chain_id)
    if book is None:
        known = ", ".join(str(number) for number in BOOKS)
        problem = f"no built-in contracts for chain {chain_id} (known: {known})"
        raise ConfigError([f"{problem}: give a contracts file"])
    return book


def book_from(values: Mapping[str, Any], chain_id: int | None = None) -> Contracts:
    """A table from a contracts file: our keys, or the contracts' own names (`MasterChefV3`), nested or not.

    What it leaves out is asked of the contracts or done without (`NOWHERE`); other keys are ignored.
    Raises `ConfigError` naming every bad value, or when neither a position manager nor a V2 factory is given.
    """
    inner = values.get("contracts")
    merged = {**values, **inner} if isinstance(inner, Mapping) else dict(values)
    number = merged.get("chain_id", chain_id)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ConfigError(["contracts: chain_id must be a whole number"])
    problems: list[str] = []
    found: dict[str, str] = {}
    for key, value in merged.items():
        name = _NAMES.get("".join(c for c in str(key).lower() if c.isalnum()))
        if name is None or value is None:
            continue
        try:
            found[name] = _hash_or_address(name, value)
        except (AbiError, TypeError, ValueError, AttributeError):
            problems.append(f"contracts: {key} is not a 0x hex value of the right length")
    if not problems and not {"position_manager", "v2_factory", "v2_pair"} & {*found, *merged}:
        problems.append("contracts: neither a position_manager nor a v2_factory is given")
    if problems:
        raise ConfigError(problems)
    absent = dict.fromkeys(_ADDRESSES, NOWHERE) | {"v2_init_code_hash": ""}
    return Contracts(chain_id=number, **{**absent, **found})


_ADDRESSES = [f.name for f in fields(Contracts) if f.name != "chain_id" and not f.name.endswith("_hash")]
_NAMES = {
    **{"".join(f.name.split("_")): f.name for f in fields(Contracts) if f.name != "chain_id"},
    "nonfungiblepositionmanager": "position_manager",
    "npm": "position_manager",
    "masterchefv3": "masterchef",
    "pancakev3factory": "v3_factory",
    "pancakev3pooldeployer": "v3_deployer",
    "v3pooldeployer": "v3_deployer",
    "pancakefactory": "v2_factory",
    "pancakeinterfacemulticall": "multicall",
}


def _hash_or_address(name: str, value: str) -> str:
    if not name.endswith("_hash"):
        return address(address_int(value))
    if len(value) != 66 or not value.startswith("0x"):
        raise ValueError(name)
    return f"0x{int(value, 16):064x}"
