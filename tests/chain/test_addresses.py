"""The address books and contracts files."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from bot.chain.addresses import BOOKS, BSC, CHAPEL, NOWHERE, USDT, book_for, book_from
from bot.chain.verify import create2
from bot.model.errors import ConfigError

WBNB = "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c"


def test_the_books_are_lower_case_and_of_their_chain() -> None:
    for chain_id, book in BOOKS.items():
        assert book.chain_id == chain_id
        for value in book.as_dict().values():
            assert value == chain_id or (value == value.lower() and len(value) in {42, 66})
    assert BSC.position_manager != CHAPEL.position_manager


def test_known_pools_follow_from_the_book() -> None:
    tokens = [bytes.fromhex(address[2:]) for address in (USDT[56], WBNB)]
    words = b"".join(bytes(12) + token for token in tokens) + (500).to_bytes(32, "big")
    pool = create2(BSC.v3_deployer, keccak(words), BSC.v3_init_code_hash)
    assert pool.startswith("0x36696169")
    pair = create2(BSC.v2_factory, keccak(b"".join(tokens)), BSC.v2_init_code_hash)
    assert pair.startswith("0x16b9a828")


def test_a_chain_without_a_book_needs_a_file() -> None:
    assert book_for(56) is BSC
    with pytest.raises(ConfigError, match="contracts file"):
        book_for(1)


def test_a_file_may_use_the_contracts_own_names_and_leave_things_out() -> None:
    book = book_from({"NonfungiblePositionManager": "0x" + "AB" * 20, "note": "mine"}, 56)
    assert book.position_manager == "0x" + "ab" * 20
    assert (book.multicall, book.masterchef, book.v2_init_code_hash) == (NOWHERE, NOWHERE, "")
    assert book_from(BSC.as_dict()) == BSC
    assert book_from({"contracts": BSC.as_dict(), "rpc_url": "http://x"}) == BSC


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"position_manager": "0x12", "chain_id": 56}, "position_manager is not"),
        ({"position_manager": 7, "chain_id": 56}, "position_manager is not"),
        ({"position_manager": "0x" + "1" * 40}, "chain_id"),
        ({"chain_id": 56}, "neither"),
        ({"chain_id": 56, "v2_factory": "0x" + "1" * 40, "v2_init_code_hash": "0x1"}, "v2_init_code_hash"),
    ],
)
def test_bad_files_are_refused_by_name(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        book_from(values)
