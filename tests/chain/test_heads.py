"""Chain bookkeeping: what a head means."""

from __future__ import annotations

from bot.chain.decode import Head
from bot.chain.heads import KEPT, HeadTrack, Step, disagree


def head(number: int, branch: str = "a", parent: str | None = None) -> Head:
    """Block `number` of a branch whose parent is on the same branch unless said otherwise."""
    return Head(number, f"{branch}{number}", parent or f"{branch}{number - 1}", number)


def grown(upto: int, branch: str = "a") -> HeadTrack:
    track = HeadTrack()
    for number in range(1, upto + 1):
        track.observe(head(number, branch))
    return track


def test_blocks_in_order_change_nothing_known() -> None:
    track = HeadTrack()
    assert track.observe(head(1)) == Step()
    assert track.observe(head(2)) == Step()
    assert track.observe(head(2)) == Step(known=True)
    assert track.top == head(2)


def test_missed_blocks_are_counted() -> None:
    track = grown(3)
    assert track.observe(head(7)) == Step(missed=3)


def test_same_number_with_another_hash_is_a_reorganisation() -> None:
    track = grown(5)
    step = track.observe(head(5, "b", parent="a4"))
    assert (step.reorganised, step.dropped) == (True, 1)
    assert track.hash_at(5) == "b5"
    assert track.hash_at(4) == "a4"


def test_a_branch_from_deeper_drops_what_it_contradicts() -> None:
    track = grown(9)
    assert track.observe(head(7, "b", parent="a6")).dropped == 3
    assert track.top == head(7, "b", parent="a6")
    assert track.hash_at(9) is None


def test_a_next_block_with_a_foreign_parent_is_a_reorganisation() -> None:
    track = grown(5)
    assert track.observe(head(6, "b")).reorganised
    assert track.hash_at(5) == "b5"


def test_the_node_went_back_without_a_word() -> None:
    track = grown(9)
    assert track.observe(head(6)).dropped == 3
    assert track.top == head(6)
    assert track.observe(head(7, "b", parent="a6")) == Step()


def test_memory_is_bounded() -> None:
    track = grown(5 * KEPT)
    assert track.hash_at(5 * KEPT - KEPT) is None
    assert track.hash_at(5 * KEPT - KEPT + 1) is not None


def test_nodes_disagree_only_below_the_race_at_the_top() -> None:
    ours, theirs = grown(9), grown(9)
    theirs.observe(head(9, "b", parent="a8"))
    assert not disagree(ours, theirs)
    assert disagree(grown(9), grown(9, "b"))
    assert not disagree(grown(9), grown(3)), "a node that lags agrees as far as it goes"
    assert not disagree(HeadTrack(), grown(3))
