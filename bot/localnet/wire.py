"""One WebSocket connection to a client: frames in order, with the faults the switchboard asks for.

Rule 1: sending never waits: frames queue up, and a client that does not read is cut.
"""

from __future__ import annotations

import asyncio

import orjson
from aiohttp import WSMsgType, web

from bot.localnet.faults import Rule, Switchboard
from bot.localnet.web import ANSWER, Session

QUEUE_MAX = 20_000


class Wire:
    """The two directions of one connection."""

    def __init__(self, venue: str, faults: Switchboard, socket: web.WebSocketResponse) -> None:
        self._venue, self._faults, self._socket = venue, faults, socket
        self._queue: asyncio.Queue[tuple[str, float]] = asyncio.Queue(QUEUE_MAX)
        self._held: dict[str, str] = {}
        self._mute = False
        self._transport: asyncio.BaseTransport | None = None

    def attach(self, transport: asyncio.BaseTransport | None) -> None:
        """The transport to abort when the line is cut."""
        self._transport = transport

    def cut(self) -> None:
        """Break the connection without a goodbye."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    def send(self, data: object, channel: str) -> None:
        """Queue one frame; what answers a request goes under `ANSWER`."""
        if self._mute and channel == ANSWER:
            return
        text = data if isinstance(data, str) else orjson.dumps(data).decode()
        rule = self._faults.frame(self._venue, channel)
        if rule is None:
            self._put(text)
            if self._held:
                held = self._held.pop(channel, None)
                if held is not None:
                    self._put(held)
        else:
            self._break(rule, text, channel)

    def _break(self, rule: Rule, text: str, channel: str) -> None:
        if rule.kind == "cut":
            self.cut()
        elif rule.kind == "duplicate":
            self._put(text)
            self._put(text)
        elif rule.kind == "stall":
            self._put(text, rule.seconds)
        elif rule.kind == "reorder":
            earlier = self._held.pop(channel, None)
            self._held[channel] = text
            if earlier is not None:
                self._put(earlier)

    def _put(self, text: str, wait_s: float = 0.0) -> None:
        try:
            self._queue.put_nowait((text, wait_s))
        except asyncio.QueueFull:
            self.cut()

    async def run(self, session: Session) -> None:
        """Serve until the client or a fault ends it."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(session, message.data)
                else:
                    break
        finally:
            session.closed()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _receive(self, session: Session, text: str) -> None:
        rule = self._faults.request(self._venue, session.target(text)) if self._faults.rules else None
        if rule is None:
            session.received(text)
        elif rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
            session.received(text)
        elif rule.kind == "drop_request":
            return
        elif rule.kind == "drop_answer":
            self._mute = True
            session.received(text)
            self._mute = False
        else:
            if rule.after:
                session.received(text)
            self.cut()

    async def _write(self) -> None:
        try:
            while True:
                text, wait_s = await self._queue.get()
                if wait_s:
                    await asyncio.sleep(wait_s)
                await self._socket.send_str(text)
        except ConnectionError:
            self.cut()
