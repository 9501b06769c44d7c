"""Calls and answers of contracts, by hand: selectors, 32-byte words, the multicall's arrays. Pure.

Rule 1: every length, offset and range is checked; bytes that do not fit are an `AbiError`, never a
wrong number.
Rule 2: a call that failed is None, never an empty or zero answer.
Rule 3: text from a contract is shown as short, printable ASCII or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_utils.crypto import keccak

from bot.model.errors import BotError

WORD = 32
U256 = 1 << 256
_TEXT_MAX = 32


class AbiError(BotError):
    """Bytes from the chain do not have the shape the contract's interface promises."""


@dataclass(frozen=True, slots=True)
class Call:
    """One read of one contract. `data` = selector + arguments."""

    target: str
    data: bytes


@cache
def selector(signature: str) -> bytes:
    """The first four bytes of the hash of `name(types)`."""
    return bytes(keccak(text=signature)[:4])


@cache
def topic(signature: str) -> str:
    """The event's topic0: 0x and 64 hex digits."""
    return "0x" + bytes(keccak(text=signature)).hex()


def encode(signature: str, *args: int | str) -> bytes:
    """Selector and static arguments: an int (signed allowed) or an address per word."""
    return selector(signature) + b"".join(word(arg) for arg in args)


def word(value: int | str) -> bytes:
    """One argument as 32 bytes."""
    number = address_int(value) if isinstance(value, str) else value
    return (number % U256).to_bytes(WORD, "big")


def address_int(address: str) -> int:
    """An address's number; raises `AbiError` unless it is 0x and 40 hex digits."""
    text = address.removeprefix("0x").removeprefix("0X")
    if len(text) != 40:
        raise AbiError(f"not an address: {clean(address)}")
    try:
        return int(text, 16)
    except ValueError:
        raise AbiError(f"not an address: {clean(address)}") from None


def unhex(text: object) -> bytes:
    """The bytes of a JSON-RPC hex string."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise AbiError("expected 0x-prefixed bytes")
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        raise AbiError("expected 0x-prefixed bytes") from None


def words(data: bytes, count: int) -> list[int]:
    """Exactly `count` unsigned words; longer answers are refused too (another interface)."""
    if len(data) != count * WORD:
        raise AbiError(f"expected {count} words, got {len(data)} bytes")
    return [int.from_bytes(data[i : i + WORD], "big") for i in range(0, len(data), WORD)]


def uint(value: int, bits: int) -> int:
    """`value` if it fits an unsigned integer of `bits`."""
    if value >> bits:
        raise AbiError(f"a uint{bits} holds {value:#x}")
    return value


def sint(value: int, bits: int) -> int:
    """The two's complement integer of `bits` in an unsigned word."""
    signed = value - U256 if value >> 255 else value
    if not -(1 << (bits - 1)) <= signed < 1 << (bits - 1):
        raise AbiError(f"an int{bits} holds {value:#x}")
    return signed


def address(value: int) -> str:
    """The lower-case address in a word."""
    return f"0x{uint(value, 160):040x}"


def encode_multicall(calls: list[Call], gas_limit: int = 1_000_000) -> bytes:
    """PancakeInterfaceMulticall.multicall((address target, uint256 gasLimit, bytes callData)[])."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = WORD * len(calls)
    for call in calls:
        padded = call.data + bytes(-len(call.data) % WORD)
        tail = word(call.target) + word(gas_limit) + word(3 * WORD) + word(len(call.data)) + padded
        heads.append(word(offset))
        tails.append(tail)
        offset += len(tail)
    return b"".join(
        (
            selector("multicall((address,uint256,bytes)[])"),
            word(WORD),
            word(len(calls)),
            *heads,
            *tails,
        )
    )


def decode_multicall(data: bytes, count: int) -> tuple[int, list[bytes | None]]:
    """(block number, one answer per call); a call that reverted is None."""
    block = _at(data, 0)
    array = _at(data, WORD)
    if _at(data, array) != count:
        raise AbiError(f"the multicall answered {_at(data, array)} of {count} calls")
    base = array + WORD
    answers: list[bytes | None] = []
    for index in range(count):
        item = base + _at(data, base + index * WORD)
        success = uint(_at(data, item), 1)
        start = item + _at(data, item + 2 * WORD)
        size = _at(data, start)
        body = data[start + WORD : start + WORD + size]
        if len(body) != size:
            raise AbiError("the multicall's answer is cut short")
        answers.append(body if success else None)
    return block, answers


def text(data: bytes) -> str:
    """A name or symbol (string or bytes32) as clean text."""
    if len(data) == WORD:
        return clean(data.rstrip(b"\0").decode("utf-8", "replace"))
    start = _at(data, 0)
    size = _at(data, start)
    return clean(data[start + WORD : start + WORD + min(size, 4 * _TEXT_MAX)].decode("utf-8", "replace"))


def clean(foreign: str, limit: int = _TEXT_MAX) -> str:
    """Foreign text made harmless for logs and terminals: printable ASCII, at most `limit` characters."""
    kept = "".join(c if " " <= c <= "~" else "?" for c in foreign[:limit])
    return kept + ("…" if len(foreign) > limit else "")


def _at(data: bytes, offset: int) -> int:
    if offset + WORD > len(data):
        raise AbiError("the answer is cut short")
    return int.from_bytes(data[offset : offset + WORD], "big")
