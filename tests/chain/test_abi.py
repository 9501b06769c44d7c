"""Hand-made ABI coding against the reference library, and everything that is refused."""

from __future__ import annotations

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from bot.chain import abi
from bot.chain.abi import AbiError, Call

ADDRESS = "0x" + "ab" * 20


@given(st.lists(st.binary(max_size=100), max_size=8))
def test_a_multicall_is_encoded_as_the_reference_does(datas: list[bytes]) -> None:
    calls = [Call(ADDRESS, data) for data in datas]
    want = encode(["(address,uint256,bytes)[]"], [[(ADDRESS, 77, data) for data in datas]])
    assert abi.encode_multicall(calls, 77) == abi.selector("multicall((address,uint256,bytes)[])") + want


@given(st.integers(0, 2**64), st.lists(st.tuples(st.booleans(), st.binary(max_size=100)), max_size=8))
def test_its_answer_is_decoded_as_the_reference_does(block: int, answers: list[tuple[bool, bytes]]) -> None:
    raw = encode(["uint256", "(bool,uint256,bytes)[]"], [block, [(ok, 5, data) for ok, data in answers]])
    told = [data if ok else None for ok, data in answers]
    assert abi.decode_multicall(raw, len(answers)) == (block, told)


@given(st.binary(max_size=700))
def test_arbitrary_bytes_are_refused_or_read_but_never_crash(raw: bytes) -> None:
    try:
        _block, answers = abi.decode_multicall(raw, 2)
    except AbiError:
        return
    assert len(answers) == 2


@given(st.integers(-(2**255), 2**255 - 1), st.integers(0, 2**256 - 1))
def test_words_are_the_references(signed: int, unsigned: int) -> None:
    assert abi.word(signed) == encode(["int256"], [signed])
    assert abi.word(unsigned) == encode(["uint256"], [unsigned])
    (back,) = decode(["int256"], abi.word(signed))
    assert abi.sint(int.from_bytes(abi.word(signed), "big"), 256) == back == signed


def test_what_does_not_fit_is_refused() -> None:
    for bad in (
        lambda: abi.uint(1 << 128, 128),
        lambda: abi.sint(1 << 23, 24),
        lambda: abi.sint((1 << 256) - (1 << 23) - 1, 24),
        lambda: abi.address(1 << 160),
        lambda: abi.words(bytes(63), 2),
        lambda: abi.words(bytes(96), 2),
        lambda: abi.unhex("12"),
        lambda: abi.unhex("0x1"),
        lambda: abi.unhex(None),
        lambda: abi.address_int("0x12"),
        lambda: abi.address_int("0x" + "zz" * 20),
    ):
        with pytest.raises(AbiError):
            bad()
    assert abi.sint((1 << 256) - (1 << 23), 24) == -(1 << 23)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Cake", "Cake"),
        ("A\x1b[31mred\nline", "A?[31mred?line"),
        ("‮txet", "?txet"),
        ("x" * 500, "x" * 32 + "…"),
    ],
)
def test_hostile_names_are_harmless(name: str, shown: str) -> None:
    assert abi.text(encode(["string"], [name])) == shown
    assert "\n" not in abi.clean(name)
    assert "\x1b" not in abi.clean(name)


def test_names_of_old_tokens_are_read() -> None:
    assert abi.text(b"MKR".ljust(32, b"\0")) == "MKR"
    with pytest.raises(AbiError):
        abi.text(b"\xff" * 40)


def test_selectors_and_topics_are_the_known_ones() -> None:
    assert abi.selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert abi.topic("Sync(uint112,uint112)").startswith("0x1c411e9a96e071")
    assert abi.encode("balanceOf(address)", ADDRESS).hex() == "70a08231" + "00" * 12 + "ab" * 20
