"""Who listens to what, and how often a book is published.

Rule 1: a message is made into text once, however many listen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from bot.localnet.web import Sender


class Topics:
    """Listeners by topic name."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._senders: dict[str, list[Sender]] = {}

    def __contains__(self, topic: str) -> bool:
        return topic in self._senders

    def __len__(self) -> int:
        """Subscriptions in force."""
        return sum(len(senders) for senders in self._senders.values())

    def names(self) -> list[str]:
        """Topics somebody listens to."""
        return list(self._senders)

    def add(self, topic: str, send: Sender) -> bool:
        """Listen; False when this one does already."""
        senders = self._senders.setdefault(topic, [])
        if send in senders:
            return False
        senders.append(send)
        return True

    def remove(self, topic: str, send: Sender) -> None:
        """Listen no more."""
        senders = self._senders.get(topic, [])
        if send in senders:
            senders.remove(send)
        if not senders:
            self._senders.pop(topic, None)

    def drop(self, send: Sender) -> None:
        """A connection is gone."""
        for topic in self.names():
            self.remove(topic, send)

    def send(self, topic: str, data: object) -> None:
        """To all who listen; fault rules know it as `<kind> <topic>`."""
        senders = self._senders.get(topic)
        if senders:
            text = orjson.dumps(data).decode()
            for send in tuple(senders):
                send(text, f"{self._kind} {topic}")


class Conflator:
    """Calls `publish` once per `interval_s` at most, and only after a `touch`."""

    def __init__(self, interval_s: float, publish: Callable[[], None]) -> None:
        self._interval_s, self._publish = interval_s, publish
        self._timer: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        """Something changed."""
        if self._interval_s <= 0:
            self._publish()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._publish()

    def stop(self) -> None:
        """Forget what was not published."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
