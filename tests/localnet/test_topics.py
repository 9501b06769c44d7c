"""Topics and pacing."""

from __future__ import annotations

import asyncio

from bot.localnet.topics import Conflator, Topics
from localnet.desks import Frames


def test_topics_reach_their_listeners_only() -> None:
    topics, one, two = Topics("spot"), Frames(), Frames()
    assert topics.add("a", one)
    assert not topics.add("a", one)
    assert len(topics) == 1
    topics.add("b", two)
    topics.send("a", {"x": 1})
    topics.send("c", {"x": 2})
    assert one.sent == [("spot a", '{"x":1}')]
    assert two.sent == []
    topics.drop(one)
    assert "a" not in topics
    topics.remove("b", two)
    assert topics.names() == []


async def test_many_touches_publish_once() -> None:
    done = asyncio.Event()
    calls: list[int] = []

    def publish() -> None:
        calls.append(1)
        done.set()

    conflator = Conflator(0.01, publish)
    for _ in range(5):
        conflator.touch()
    await asyncio.wait_for(done.wait(), 1)
    assert len(calls) == 1
    conflator.touch()
    conflator.stop()
    at_once = Conflator(0, publish)
    at_once.touch()
    assert len(calls) == 2
