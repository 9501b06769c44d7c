"""Several nodes: who is believed when they lag or contradict."""

from __future__ import annotations

from bot.chain.line import Endpoint, Line, LineSetup
from bot.chain.nodes import Nodes
from bot.localnet.chain_node import Anvil, NodeOptions
from chain.lab import eventually, fresh_lab, open_positions
from chain.proxy import Proxy
from chain.test_heads import head
from chain.watching import both, watching


class Still:
    """A clock that stands."""

    def now_ns(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0


def line(name: str, upto: int, branch: str = "a") -> Line:
    made = Line(Endpoint(f"ws://{name}"), LineSetup(None, Still(), 0.45, 56), None)
    for number in range(1, upto + 1):
        made.track.observe(head(number, branch))
    made._up, made._http = True, object()
    return made


def test_the_leader_stays_while_it_keeps_up() -> None:
    first, second = line("a", 5), line("b", 5)
    nodes = Nodes([first, second])
    assert nodes.choose(0) is first
    second.track.observe(head(6))
    second.track.observe(head(7))
    assert nodes.choose(5) is first
    second.track.observe(head(8))
    assert nodes.choose(5) is second
    assert nodes.choose(8) is second


def test_a_node_far_behind_is_not_believed() -> None:
    first, second = line("a", 50), line("b", 20)
    nodes = Nodes([first, second])
    assert nodes.choose(0) is first
    first.drop()
    assert nodes.choose(50) is None
    assert nodes.any_live()


def test_a_majority_is_believed_and_a_tie_is_not() -> None:
    ours, theirs, third = line("a", 9), line("b", 9, "b"), line("c", 9)
    assert Nodes([ours, theirs]).contradicting(ours) == (["b"], False)
    assert Nodes([ours, theirs, third]).contradicting(ours) == (["b"], True)
    alone = line("d", 9, "b")
    nodes = Nodes([alone, line("e", 9), line("f", 9)])
    assert nodes.contradicting(alone) == (["e", "f"], False)
    assert not alone.live, "a node that a majority contradicts is dropped"


async def test_a_lagging_second_node_moves_nothing() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        fork = int((await lab.block())["number"], 16)
        lagging = Anvil(node.binary, NodeOptions(fork_url=node.rpc_url, fork_block=fork))
        await lagging.start()
        try:
            async with watching(lab, both(lagging), both(node)) as seen:
                for _ in range(4):
                    await lab.market.swap_v3(True, lab.amounts(1_000, 0)[0])
                    await seen.at(lab)
                assert seen.facts[-1].provider == seen.monitor.nodes.lines[1].name
                blocks = [fact.block for fact in seen.facts]
                assert blocks == sorted(blocks)
        finally:
            await lagging.stop()


async def test_when_the_good_node_goes_the_lagging_one_is_not_believed() -> None:
    async with fresh_lab() as (node, lab), Proxy(node.rpc_url) as proxy:
        await open_positions(lab)
        fork = int((await lab.block())["number"], 16)
        lagging = Anvil(node.binary, NodeOptions(fork_url=node.rpc_url, fork_block=fork))
        await lagging.start()
        try:
            async with watching(lab, Endpoint(proxy.ws_url), both(lagging)) as seen:
                for _ in range(5):
                    await lab.market.swap_v3(True, lab.amounts(1_000, 0)[0])
                last = await seen.at(lab)
                await proxy.refuse()
                await eventually(lambda: "lp_no_reading" in seen.codes())
                assert seen.facts[-1] is last
                await proxy.listen()
                await lab.market.swap_v3(True, lab.amounts(1_000, 0)[0])
                await eventually(lambda: seen.facts[-1] is not last)
                await seen.at(lab)
        finally:
            await lagging.stop()


async def test_two_nodes_that_contradict_each_other_freeze_the_exposure() -> None:
    async with fresh_lab() as (node, lab):
        await open_positions(lab)
        fork = int((await lab.block())["number"], 16)
        other = Anvil(node.binary, NodeOptions(fork_url=node.rpc_url, fork_block=fork))
        await other.start()
        try:
            async with watching(lab, both(node), both(other)) as seen:
                last = await seen.at(lab)
                await eventually(lambda: all(line.track.top for line in seen.monitor.nodes.lines))
                for _ in range(5):
                    await lab.market.swap_v3(True, lab.amounts(100, 0)[0])
                    await other.rpc.call("anvil_mine", ["0x1"])
                await eventually(lambda: "lp_nodes_disagree" in seen.codes())
                stopped = len(seen.facts)
                await lab.market.swap_v3(True, lab.amounts(100, 0)[0])
                top = seen.monitor.nodes.lines[0].track
                number = int((await lab.block())["number"], 16)
                await eventually(lambda: top.top.number == number)
                assert last.block < number
                assert not any(fact.block_hash == top.top.hash for fact in seen.facts[stopped:])
        finally:
            await other.stop()
