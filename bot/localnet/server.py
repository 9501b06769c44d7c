"""The exchanges' hosts behind one TLS port, and the fault switchboard on a plain one.

Rule 1: the host name of a request says which venue is meant, as on the real network.
Rule 2: a fault strikes before the venue sees the request unless the rule says `after`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
from aiohttp import hdrs, web

from bot.clock import Clock
from bot.localnet.faults import Rule, Switchboard
from bot.localnet.web import Ask, Front, Reply, reply
from bot.localnet.wire import Wire

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_BROKEN = {
    "500": b'{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}',
    "503": b'{"code":-1008,"msg":"Server is currently overloaded with other requests. Please try again."}',
    "429": b'{"code":-1003,"msg":"Too many requests; please use the websocket for live updates."}',
    "418": b'{"code":-1003,"msg":"Way too much request weight used; IP banned."}',
}


class Server:
    """Answers for all venues."""

    def __init__(self, fronts: Sequence[Front], faults: Switchboard, clock: Clock) -> None:
        self._fronts, self._faults, self._clock = fronts, faults, clock
        self.requests = 0

    def exchanges(self) -> web.Application:
        """The application behind the TLS port."""
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def switchboard(self) -> web.Application:
        """The application of the faults' address."""
        app = web.Application()
        app.router.add_get("/faults", self._list)
        app.router.add_post("/faults", self._add)
        app.router.add_delete("/faults", self._remove)
        app.router.add_delete("/faults/{id}", self._remove)
        return app

    def front(self, host: str) -> Front | None:
        """The venue of a host name."""
        for front in self._fronts:
            if any(host == domain or host.endswith(f".{domain}") for domain in front.domains):
                return front
        return None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        host = request.host.partition(":")[0].lower()
        front = self.front(host)
        if front is None:
            return web.Response(status=421, text=f"no venue answers for host {host}")
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        ask = Ask(
            method=request.method,
            host=host,
            path=path,
            query=query,
            body=await request.text(),
            headers=headers,
            now_ms=self._clock.now_ns() // 1_000_000,
        )
        rule = self._faults.request(front.name, ask.target) if self._faults.rules else None
        if headers.get("upgrade", "").lower() == "websocket":
            return await self._socket(request, front, ask, rule)
        answer = await self._answer(front, ask, rule)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(answer)

    async def _answer(self, front: Front, ask: Ask, rule: Rule | None) -> Reply | None:
        """None = break the connection."""
        if rule is None:
            return front.http(ask)
        kind = rule.kind
        if kind in _INSTEAD and not rule.after:
            return await _instead(rule)
        if kind == "delay" and not rule.after:
            await asyncio.sleep(rule.seconds)
        answer = front.http(ask)
        if kind == "delay":
            await asyncio.sleep(rule.seconds if rule.after else 0)
            return answer
        return _spoilt(answer, kind) if kind in _BODIES else await _instead(rule)

    async def _socket(
        self, request: web.Request, front: Front, ask: Ask, rule: Rule | None
    ) -> web.StreamResponse:
        if rule is not None and rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule is not None:
            if rule.kind in _BROKEN:
                return _response(_broken(rule.kind, rule))
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        socket = web.WebSocketResponse(compress=False, max_msg_size=2**20, heartbeat=front.heartbeat_s)
        wire = Wire(front.name, self._faults, socket)
        session = front.socket(ask, wire.send, wire.cut)
        if isinstance(session, Reply):
            return _response(session)
        await socket.prepare(request)
        wire.attach(request.transport)
        await wire.run(session)
        return socket

    async def _list(self, _request: web.Request) -> web.Response:
        return _response(reply({"rules": [rule.row() for rule in self._faults.rules]}))

    async def _add(self, request: web.Request) -> web.Response:
        try:
            text = orjson.loads(await request.read())
            if not isinstance(text, dict):
                raise ValueError("a rule is a JSON object")
            return _response(reply(self._faults.add(text).row(), 201))
        except ValueError as error:
            return _response(reply({"error": str(error)}, 400))

    async def _remove(self, request: web.Request) -> web.Response:
        number = request.match_info.get("id")
        if number is not None and not number.isdigit():
            return _response(reply({"error": f"`{number}` is no rule"}, 404))
        gone = self._faults.remove(int(number) if number is not None else None)
        return _response(reply({"removed": gone}))


_INSTEAD = frozenset({"drop_request", "close", *_BROKEN})
_BODIES = frozenset({"truncated", "html", "empty"})


async def _instead(rule: Rule) -> Reply | None:
    """What comes in place of the venue's answer; None = break the connection."""
    if rule.kind in _BROKEN:
        return _broken(rule.kind, rule)
    await asyncio.sleep(0 if rule.kind == "close" else rule.seconds)
    return None


def _spoilt(answer: Reply, kind: str) -> Reply:
    """The venue's answer, damaged on the way."""
    if kind == "html":
        return Reply(502, HTML, {}, "text/html")
    body = answer.body[: len(answer.body) // 2] if kind == "truncated" else b""
    return Reply(answer.status, body, answer.headers, answer.content_type)


def _broken(kind: str, rule: Rule) -> Reply:
    wait = {"Retry-After": str(max(1, round(rule.seconds)))} if kind in ("429", "418", "503") else {}
    return Reply(int(kind), _BROKEN[kind], wait)


def _response(answer: Reply) -> web.Response:
    headers = {**answer.headers, hdrs.CONTENT_TYPE: answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
